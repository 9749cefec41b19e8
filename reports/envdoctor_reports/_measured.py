"""The measurements of a build in the words of a newcomer: what a stage's summary holds, as it is to be shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Values that say nothing where they are empty, zero or False.
_ONLY_IF_SET = frozenset(
    {
        "random",
        "accuracy",
        "prepared",
        "moved_inside",
        "changes",
        "reasons",
        "matched",
        "stripped",
        "sizes",
        "influence",
        "drawn",
        "weights",
        "layout",
        "float_weights_share",
    }
)
#: Titles of sections.
_TITLES = {
    "comparison": "comparison of the quantized model with the float model",
    "compiled": "comparison of the compiled file with the model",
    "mending": "comparison of the mended model with the one before",
}
#: An error of less than this share of what an output moves by is not worth a word.
_NOISY = 0.2
#: What the first model of a comparison is called.
_FIRST = {"comparison": "float model", "compiled": "model", "mending": "model before"}


def title(key: str) -> str:
    """The title of a section of a summary; its own name where there is no better one."""
    return _TITLES.get(key, key)


def worded(summary: Mapping[str, Any]) -> dict[str, object]:
    """A stage's summary with what the gates measured put into words; anything else stays as it is."""
    values: dict[str, object] = {}
    for key, value in summary.items():
        if key in {"comparison", "mending"} and isinstance(value, Mapping):
            shown = "compiled" if key == "comparison" and "ran" in value else key
            values[shown] = dict(_comparison(value, _FIRST[shown]))
        elif key == "accuracy" and isinstance(value, Mapping):
            values[key] = dict(_accuracy(value, mended="mending" in summary))
        elif key == "log_rows" and value:
            values["compiler's table"] = "\n".join(
                f"{one['count']} {one['operator']}: {one['status']}" for one in value
            )
        elif key == "reasons" and value:
            values[key] = "\n".join(_reasons(value))
        elif value or key not in _ONLY_IF_SET:
            values[key] = value
    return _mapping(values)


def _reasons(rows: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """Why operators stay on the CPU, a line for each reason."""
    grouped: dict[str, Counter[str]] = {}
    for row in rows:
        grouped.setdefault(row["reason"], Counter())[row["operator"]] += 1
    for reason, counts in grouped.items():
        yield f"{', '.join(f'{count} {name}' for name, count in counts.most_common())}: {reason}"


def _comparison(values: Mapping[str, Any], first: str) -> Iterator[tuple[str, object]]:
    """The rows of a comparison with a first model, the outputs one a row."""
    for key, value in values.items():
        if key == "by":
            yield f"{first} run by", value
        elif key == "outputs":
            for one in value:
                yield f"output {one.get('name', '')}".rstrip(), ", ".join(_output(one))
        elif key == "evaluated":
            yield from _evaluated(value)
        elif value or key not in _ONLY_IF_SET:
            yield key, value


def _evaluated(values: Mapping[str, Any] | None) -> Iterator[tuple[str, object]]:
    """The rows of samples that did not calibrate the model, or that there were none."""
    if values is None:
        yield "other samples", "none: it was judged by those of --calibration; give others with --evaluate"
        return
    for one in values["outputs"]:
        yield f"output {one['name']} on {values['samples']} samples of --evaluate", ", ".join(_output(one))


def _output(one: Mapping[str, Any]) -> Iterator[str]:
    """How far one output is from the float model's; see the worker `litert_compare`."""
    if not one.get("finite", True):
        yield "holds NaN or infinity"
    if one.get("of"):
        what = "items of the float model are among its own" if one["of"] == "items" else "whole numbers are the same"
        yield f"{one['agreement']:.1%} of the {what}"
    else:
        yield from _distances(one)
    if one.get("lost"):
        yield f"{one['lost']['count']} of {one['lost']['of']} channels say nothing"
    if one.get("constant"):
        yield "the quantized model always gives the same"
    if one.get("still"):
        yield "the float model hardly reacts to the samples"


def _distances(one: Mapping[str, Any]) -> Iterator[str]:
    if one.get("difference") is not None:
        yield f"largest difference {one['difference']:.1%} of its range"
    if one.get("rms") is not None:
        yield f"relative rms error {one['rms']:.3g}"
    if (one.get("noise") or 0) > _NOISY:
        yield f"error {one['noise']:.0%} of what it moves by"
    if one.get("cosine") is not None:
        yield f"cosine {one['cosine']:.5f}"
    if one.get("agreement") is not None:
        yield f"same largest value in {one['agreement']:.1%} of the samples"


def _accuracy(values: Mapping[str, Any], *, mended: bool) -> Iterator[tuple[str, object]]:
    """The rows of an accuracy; shares as percentages."""
    names = {
        "float": "model before" if mended else "float model",
        "int8": "mended model" if mended else "quantized model",
        "commonest": "always the commonest class",
    }
    for key, value in values.items():
        yield names.get(key, key), f"{value:.1%}" if isinstance(value, float) else value


def _mapping(values: dict[str, object]) -> dict[str, object]:
    """The counts of the mapping gate as two rows: what runs on the accelerator, and what on the CPU."""
    total, on_cpu, share = (values.get(key) for key in ("operators", "operators_on_cpu", "mapped_share"))
    if not isinstance(total, int) or not isinstance(on_cpu, Mapping) or not isinstance(share, float):
        return values
    unit = "NPU" if "npu_cycles" in values else "accelerator"
    on_unit = round(total * share)
    dropped = {"accelerator_packages", "operators", "operators_on_cpu", "mapped_share"}
    left = ", ".join(f"{count} {name}" for name, count in sorted(on_cpu.items())) or "none"
    return {key: value for key, value in values.items() if key not in dropped} | {
        f"operators on {unit}": f"{on_unit} of {total} ({share:.1%})",
        "operators on CPU": left,
    }
