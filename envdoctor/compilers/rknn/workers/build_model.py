"""Task: compile an ONNX model for a Rockchip NPU with rknn-toolkit2, and run it in the toolkit's simulator.

Request: `source`, `inputs` (name, shape and type of each), `chip`, `output`, `work`, `calibration` or `random`,
`evaluation`, `quantized`. With samples the model is quantized to int8, without it stays in float16; one that is
`quantized` already keeps its own numbers.

The toolkit returns 0 and exits with 0 whatever it prints: its lines that begin with `E` are its errors. They are read
off both of the process's streams, where its libraries write too, each on its own and line by line, so that no line is
cut by another; and printed on.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.stages.workers.asked import read_asked
from envdoctor.stages.workers.compiled_compare import answers_of, compare_runs
from envdoctor.stages.workers.native_output import captured, write_by_line
from envdoctor.stages.workers.samples import as_batch
from envdoctor.stages.workers.stage import Problem

from .log import last_words, read_log

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envdoctor.stages.workers.arrays import InputSpec
    from envdoctor.stages.workers.asked import Asked
    from envdoctor.stages.workers.same_model import Predict
    from envdoctor.stages.workers.samples import Samples
    from envdoctor.stages.workers.untyped import Array

    from .log import Said

_CALIBRATED = 200
_LONGEST, _STREAMS = 600, (1, 2)


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    asked = read_asked(request, _CALIBRATED)
    output = Path(request["output"])
    from rknn.api import RKNN

    write_by_line()
    toolkit, own = RKNN(verbose=True), bool(request.get("quantized"))
    said = _build(toolkit, request, asked.fixed, None if own else asked.given)
    values: dict[str, object] = {
        "toolkit": _version(),
        "arithmetic": "the model's own integers" if own else "float16" if asked.given is None else "int8",
        "sizes": asked.sizes,
        "operators_on_npu": dict(said.on_npu),
        "operators_on_cpu": dict(said.on_cpu),
        "moved": said.moved,
    }
    if asked.given is not None and not own:
        values |= asked.given.summary
    values |= _compared(toolkit, Path(request["source"]), asked)
    toolkit.release()
    if not output.is_file() or not output.stat().st_size:
        raise Problem("rknn-wrote-nothing", f"{output.name} is {'empty' if output.is_file() else 'not there'}")
    return values


def _build(toolkit: Any, request: Mapping[str, Any], fixed: Sequence[InputSpec], given: Samples | None) -> Said:  # noqa: ANN401  (an rknn.api.RKNN)
    """Take the toolkit's steps up to the file; what it said of the operators.

    Raises:
        Problem: one fails, or prints an error and claims success.
    """
    dataset = None if given is None else _write_dataset(given, fixed, Path(request["work"]))
    names, sizes = [spec.name for spec in fixed], [list(spec.shape or ()) for spec in fixed]
    output = Path(request["output"])
    answer: object = None
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("config", lambda: toolkit.config(target_platform=request["chip"])),
        (
            "load_onnx",
            lambda: toolkit.load_onnx(model=str(request["source"]), inputs=names, input_size_list=sizes),
        ),
        ("build", lambda: toolkit.build(do_quantization=given is not None, dataset=dataset)),
        ("export_rknn", lambda: toolkit.export_rknn(str(output))),
    )
    printed = ""
    for name, step in steps:
        failure = ""
        with captured(Path(request["work"]) / name, _STREAMS) as said:
            try:
                answer = step()
                failure = f"{name} returned {answer}" if answer else ""
            except (Exception, SystemExit) as error:  # noqa: BLE001  (it raises what it likes, and leaves the process)
                failure = f"{name}: {_words(error)}"
        printed += said[0]
        lines = read_log(said[0]).errors
        if failure:
            told = lines if answer else [failure]
            raise Problem("rknn-refused", "; ".join(told or [failure])[:_LONGEST].rstrip("."))
        if lines:
            output.unlink(missing_ok=True)
            raise Problem("rknn-said-error", f"{'; '.join(lines)} (in {name})"[:_LONGEST])
    if not output.is_file() or not output.stat().st_size:
        raise Problem("rknn-wrote-nothing", f"{output.name} is {'empty' if output.is_file() else 'not there'}")
    return read_log(printed)


def _write_dataset(samples: Samples, fixed: Sequence[InputSpec], folder: Path) -> str:
    """A text with a line for each sample: the .npy files of its inputs."""
    import numpy as np

    lines = []
    for number, one in enumerate(samples.one_by_one()):
        sample = as_batch(one, fixed)
        files = [folder / f"sample_{number}_{index}.npy" for index in range(len(fixed))]
        for spec, file in zip(fixed, files, strict=True):
            np.save(file, sample[spec.name])
        lines.append(" ".join(file.name for file in files))  # taken from the list's own folder; a space would part it
    dataset = folder / "dataset.txt"
    dataset.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(dataset)


def _version() -> str:
    try:
        return metadata.version("rknn-toolkit2")
    except metadata.PackageNotFoundError:
        return ""


def _compared(toolkit: Any, source: Path, asked: Asked) -> dict[str, object]:  # noqa: ANN401  (the same)
    """Run what was built in the simulator beside the model in ONNX Runtime; numbers for the gate."""
    samples, fixed = asked.samples, asked.fixed
    try:
        import onnxruntime

        session = onnxruntime.InferenceSession(str(source), providers=["CPUExecutionProvider"])
        answer = toolkit.init_runtime()
        made = _simulated(toolkit, fixed, [each.name for each in session.get_outputs()])
        if answer:
            return {"not_run": f"init_runtime returned {answer}"}
        model = answers_of(session, fixed), f"ONNX Runtime {onnxruntime.__version__}"
        return compare_runs(model, (made, "rknn-toolkit2's simulator"), samples, asked.labelled)
    except Problem:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  (the simulator is no part of the file)
        return {"not_run": f"the toolkit's simulator: {_words(error)}"}


def _simulated(toolkit: Any, fixed: Sequence[InputSpec], names: Sequence[str]) -> Predict:  # noqa: ANN401  (the same)
    def predict(sample: Mapping[str, Array]) -> dict[str, Array]:
        batch = as_batch(sample, fixed)
        given = [batch[spec.name] for spec in fixed]
        answers = toolkit.inference(inputs=given, data_format=["nchw"] * len(fixed))  # and none with other axes
        if answers is None:
            raise RuntimeError("it gives no outputs")
        return dict(zip(names, answers, strict=True))

    return predict


def _words(error: BaseException) -> str:
    return last_words(str(error))[:_LONGEST].rstrip(".") or type(error).__name__
