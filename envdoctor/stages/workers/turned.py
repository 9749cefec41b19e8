"""A float .tflite file beside the model that it was made from: axes at its edges, the proof, and the answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from . import litert_run, reference
from .litert_compare import compare
from .same_model import compare_forms
from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .arrays import InputSpec
    from .components import Components
    from .same_model import Predict
    from .samples import Samples
    from .tflite_layout import Layout
    from .untyped import Array

#: How far the .tflite file may be from the model, as a share of an output's range.
_TOLERANCE = 1e-4
#: The same where the model computes in half precision, and the file does not.
_HALF_TOLERANCE = 5e-3
#: A model without its quantization is asked so many samples, and has to have this cosine with what it was.
_ASKED, _LEAST = 50, 0.9


class Original(Protocol):
    """A model where it comes from: what it takes, sizes fixed; what it gives and gave before; what computes that."""

    @property
    def inputs(self) -> tuple[InputSpec, ...]: ...  # noqa: D102
    @property
    def predict(self) -> Predict: ...  # noqa: D102
    @property
    def by(self) -> str: ...  # noqa: D102
    @property
    def before(self) -> Predict | None: ...  # noqa: D102


@dataclass(frozen=True)
class Converted:
    """The .tflite file, and what became of the axes at its edges."""

    data: bytes
    layout: Layout


def judge(source: Original, converted: Converted, samples: Samples, components: Components) -> float:
    """Run the file beside the model; the largest difference, as a share of the outputs' range.

    Raises:
        Problem: it does not run, or answers otherwise.
    """
    with components.step("interpreter", "torch-file-does-not-run"):
        runner = litert_run.open_model(converted.data)
    with components.step("numbers"):

        def predict(sample: Mapping[str, Array]) -> dict[str, Array]:
            return dict(runner.predict(moved_inputs(sample, source, converted.layout)))

        def expected(sample: Mapping[str, Array]) -> dict[str, Array]:
            return _moved_outputs(source.predict(sample), converted.layout)

        half = any(spec.dtype == "float16" for spec in source.inputs)
        return compare_forms(samples, expected, predict, "converting it", _HALF_TOLERANCE if half else _TOLERANCE)


def taken_out(source: Original, samples: Samples) -> dict[str, object]:
    """How far a model is from what it was before its quantization was taken out; nothing if it had none.

    Raises:
        Problem: it answers otherwise without it.
    """
    if source.before is None:
        return {}
    few = samples.at_most(_ASKED)
    before, after = (reference.answer(predict, few).outputs for predict in (source.before, source.predict))
    measured: list[Mapping[str, Any]] = [compare(name, value, after[name]) for name, value in before.items()]
    cosine = min(one["cosine"] or 0.0 for one in measured)
    largest = max(one["difference"] or 0.0 for one in measured)
    words = f"the outputs differ by {largest:.1%} of their range at most, cosine {cosine:.4f}"
    if cosine < _LEAST:
        raise Problem("onnx-quantization-essential", words)
    return {"unquantized": words}


def write_reference(folder: Path, source: Original, layout: Layout, samples: Samples, labelled: Samples | None) -> None:
    """Write the model's answers down, and the samples with their axes as the .tflite file has them."""
    import numpy as np

    def predict(moved: Mapping[str, Array]) -> Mapping[str, Array]:
        return _moved_outputs(source.predict(_moved_back(moved, source, layout)), layout)

    moved = _moved_samples(samples, source, layout)
    moved_labelled = labelled and _moved_samples(labelled, source, layout)
    reference.write(folder, reference.make(predict, source.by, moved, moved_labelled))
    np.savez(folder / reference.SAMPLES, **moved.inputs)


def told(source: Original, layout: Layout) -> list[str]:
    """What a caller of the file has to know of its inputs and outputs."""
    moved = [spec.name for spec, order in zip(source.inputs, layout.inputs, strict=True) if order is not None]
    moved += [f"output_{number}" for number, order in enumerate(layout.outputs) if order is not None]
    return [f"{name}: channels last" for name in moved]


def moved_inputs(sample: Mapping[str, Array], source: Original, layout: Layout) -> dict[str, Array]:
    """A sample with its axes as the .tflite file has them."""
    pairs = zip(source.inputs, layout.inputs, strict=True)
    return {spec.name: moved(sample[spec.name], order) for spec, order in pairs}


def moved(array: Array, order: tuple[int, ...] | None) -> Array:
    """An array with its axes in another order."""
    import numpy as np

    return array if order is None else np.ascontiguousarray(np.transpose(array, order))


def _moved_samples(samples: Samples, source: Original, layout: Layout) -> Samples:
    return replace(samples, inputs=moved_inputs(samples.inputs, source, layout))


def _moved_back(sample: Mapping[str, Array], source: Original, layout: Layout) -> dict[str, Array]:
    import numpy as np

    pairs = zip(source.inputs, layout.inputs, strict=True)
    return {
        spec.name: moved(sample[spec.name], None if order is None else tuple(np.argsort(order)))
        for spec, order in pairs
    }


def _moved_outputs(outputs: Mapping[str, Array], layout: Layout) -> dict[str, Array]:
    if len(outputs) != len(layout.outputs):
        words = f"converting it changed the model: {len(layout.outputs)} outputs in place of {len(outputs)}."
        raise Problem("model-changed", words)
    pairs = zip(outputs.items(), layout.outputs, strict=True)
    return {name: moved(value, order) for (name, value), order in pairs}
