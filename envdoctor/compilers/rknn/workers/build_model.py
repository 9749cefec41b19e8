"""Task: compile an ONNX model for a Rockchip NPU with rknn-toolkit2, and run it in the toolkit's simulator.

Request: `source`, `inputs` (name, shape and type of each), `chip`, `output`, `work`, `calibration` or `random`,
`evaluation`. With samples the model is quantized to int8, without it stays in float16.

The toolkit returns 0 and exits with 0 whatever it prints: its lines that begin with `E` are its errors. They are read
off both of the process's streams, where its libraries write too, and printed on.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.stages.workers import items, reference
from envdoctor.stages.workers.arrays import InputSpec
from envdoctor.stages.workers.litert_compare import accuracy_of, compare
from envdoctor.stages.workers.samples import fixed_inputs, for_request, labelled_for_request, make_up, taken_sizes
from envdoctor.stages.workers.stage import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from envdoctor.stages.workers.same_model import Predict
    from envdoctor.stages.workers.samples import Samples
    from envdoctor.stages.workers.untyped import Array

_CALIBRATED = 200
#: An error of the toolkit's, behind its colours: `E RKNN: [12:00:00.123] words`, `E build: words`.
_ERROR = re.compile(r"^(?:\x1b\[[\d;]*m)*E (?P<words>[^\x1b\n]*[^\x1b\s])", re.MULTILINE)
_TIME = re.compile(r"\[\d\d:\d\d:\d\d\.\d+\]\s*")
_LINES, _LONGEST = 3, 600


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    inputs = tuple(
        InputSpec(name, None if shape is None else tuple(shape), kind) for name, shape, kind in request["inputs"]
    )
    given, labelled = for_request(request, inputs, _CALIBRATED), labelled_for_request(request, inputs)
    fixed = fixed_inputs(inputs, given)
    output = Path(request["output"])
    from rknn.api import RKNN

    toolkit = RKNN(verbose=True)
    _build(toolkit, request, fixed, given)
    values: dict[str, object] = {
        "toolkit": _version(),
        "arithmetic": "float16" if given is None else "int8",
        "sizes": taken_sizes(inputs, fixed),
    }
    if given is not None:
        values |= {"samples": given.count, "random": given.random, "matched": given.told}
    values |= _compared(toolkit, Path(request["source"]), fixed, (given or make_up(fixed), labelled))
    toolkit.release()
    if not output.is_file() or not output.stat().st_size:
        raise Problem("rknn-wrote-nothing", f"{output.name} is {'empty' if output.is_file() else 'not there'}")
    return values


def _build(toolkit: Any, request: Mapping[str, Any], fixed: Sequence[InputSpec], given: Samples | None) -> None:  # noqa: ANN401  (an rknn.api.RKNN)
    """Take the toolkit's steps up to the file.

    Raises:
        Problem: one fails, or prints an error and claims success.
    """
    dataset = None if given is None else _write_dataset(given, fixed, Path(request["work"]))
    names, sizes = [spec.name for spec in fixed], [list(spec.shape or ()) for spec in fixed]
    output = Path(request["output"])
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("config", lambda: toolkit.config(target_platform=request["chip"])),
        (
            "load_onnx",
            lambda: toolkit.load_onnx(model=str(request["source"]), inputs=names, input_size_list=sizes),
        ),
        ("build", lambda: toolkit.build(do_quantization=given is not None, dataset=dataset)),
        ("export_rknn", lambda: toolkit.export_rknn(str(output))),
    )
    for name, step in steps:
        failure = ""
        with _captured(Path(request["work"]) / f"{name}.txt") as said:
            try:
                answer = step()
                failure = f"{name} returned {answer}" if answer else ""
            except (Exception, SystemExit) as error:  # noqa: BLE001  (it raises what it likes, and leaves the process)
                failure = f"{name}: {_words(error)}"
        lines = _errors(said[0])
        if failure:
            raise Problem("rknn-refused", "; ".join([*lines, failure])[:_LONGEST].rstrip("."))
        if lines:
            output.unlink(missing_ok=True)
            raise Problem("rknn-said-error", f"{'; '.join(lines)} (in {name})"[:_LONGEST])
    if not output.is_file() or not output.stat().st_size:
        raise Problem("rknn-wrote-nothing", f"{output.name} is {'empty' if output.is_file() else 'not there'}")


def _errors(printed: str) -> list[str]:
    """The first of the toolkit's errors, without the time."""
    found = (_TIME.sub("", match["words"]).strip().rstrip(".") for match in _ERROR.finditer(printed))
    return list(dict.fromkeys(found))[:_LINES]


def _write_dataset(samples: Samples, fixed: Sequence[InputSpec], folder: Path) -> str:
    """A text with a line for each sample: the .npy files of its inputs."""
    import numpy as np

    lines = []
    for number, sample in enumerate(samples.one_by_one()):
        files = [folder / f"sample_{number}_{index}.npy" for index in range(len(fixed))]
        for spec, file in zip(fixed, files, strict=True):
            np.save(file, sample[spec.name])
        lines.append(" ".join(map(str, files)))
    dataset = folder / "dataset.txt"
    dataset.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(dataset)


def _version() -> str:
    try:
        return metadata.version("rknn-toolkit2")
    except metadata.PackageNotFoundError:
        return ""


def _compared(
    toolkit: Any,  # noqa: ANN401  (the same)
    source: Path,
    fixed: Sequence[InputSpec],
    given: tuple[Samples, Samples | None],
) -> dict[str, object]:
    """Run what was built in the simulator beside the model in ONNX Runtime; numbers for the gate."""
    samples, labelled = given
    try:
        import onnxruntime

        session = onnxruntime.InferenceSession(str(source), providers=["CPUExecutionProvider"])
        answer = toolkit.init_runtime()
        made = _simulated(toolkit, fixed, [each.name for each in session.get_outputs()])
        if answer:
            return {"not_run": f"init_runtime returned {answer}"}
        by = f"ONNX Runtime {onnxruntime.__version__}"
        expected = reference.make(_predict(session), by, samples, labelled)
        answers = reference.answer(made, expected.calibration.samples)
    except Problem:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  (the simulator is no part of the file)
        return {"not_run": f"the toolkit's simulator: {_words(error)}"}
    outputs = [_measures(name, value, answers.outputs[name]) for name, value in expected.calibration.outputs.items()]
    count = expected.calibration.samples.count
    compared = {"by": by, "ran": "rknn-toolkit2's simulator", "samples": count, "random": samples.random}
    found: dict[str, object] = {"comparison": compared | {"outputs": outputs}}
    if labelled is not None and expected.evaluation is not None:
        found["accuracy"] = accuracy_of(expected.evaluation, reference.answer(made, labelled).outputs)
    return found


def _simulated(toolkit: Any, fixed: Sequence[InputSpec], names: Sequence[str]) -> Predict:  # noqa: ANN401  (the same)
    def predict(sample: Mapping[str, Array]) -> dict[str, Array]:
        given = [sample[spec.name] for spec in fixed]
        layouts = ["nchw" if len(spec.shape or ()) == 4 else None for spec in fixed]  # noqa: PLR2004
        answers = toolkit.inference(inputs=given, data_format=layouts)
        if answers is None:
            raise RuntimeError("it gives no outputs")
        return dict(zip(names, answers, strict=True))

    return predict


def _predict(session: Any) -> Predict:  # noqa: ANN401  (an onnxruntime.InferenceSession)
    names = [each.name for each in session.get_outputs()]
    return lambda sample: dict(zip(names, session.run(None, dict(sample)), strict=True))


def _measures(name: str, expected: Array, given: Array) -> dict[str, object]:
    if expected.dtype.kind != "f":
        return dict(items.compare_labels(name, expected, given))
    return {**compare(name, expected, given), "lost": None, "drowned": None, "flat": None}


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())[:_LONGEST].rstrip(".") or type(error).__name__


@contextmanager
def _captured(file: Path) -> Iterator[list[str]]:
    """What is written to the process's streams meanwhile, by C++ too; it is then written on."""
    said = [""]
    _flush()
    kept = os.dup(1), os.dup(2)
    try:
        with file.open("wb") as stream:
            os.dup2(stream.fileno(), 1)
            os.dup2(stream.fileno(), 2)
            try:
                yield said
            finally:
                _flush()
                os.dup2(kept[0], 1)
                os.dup2(kept[1], 2)
        said[0] = file.read_text("utf-8", "replace")
        print(said[0])
    finally:
        for descriptor in kept:
            os.close(descriptor)


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()
