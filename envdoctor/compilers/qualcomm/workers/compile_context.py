"""Task: compile an ONNX model for a Hexagon with onnxruntime-qnn, and run what came of it in Qualcomm's emulator.

Request: `source`, `inputs` (name, shape and type of each), `soc` and `arch` (Qualcomm's numbers of the chip and of its
Hexagon), `floats` (whether that computes in them), `output`, `work`, `calibration` or `random`, `evaluation`. A float
model is quantized if there are samples.

The provider leaves what it does not take to the CPU, and of a model that it refuses as a whole it writes nothing and
says nothing: the session is therefore forbidden to fall back, which makes it say why.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.stages.workers import onnx_source
from envdoctor.stages.workers.asked import read_asked
from envdoctor.stages.workers.compiled_compare import answers_of, compare_runs
from envdoctor.stages.workers.native_output import captured
from envdoctor.stages.workers.samples import as_batch
from envdoctor.stages.workers.stage import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envdoctor.stages.workers.arrays import InputSpec
    from envdoctor.stages.workers.asked import Asked
    from envdoctor.stages.workers.samples import Samples
    from envdoctor.stages.workers.untyped import Array, OnnxModel

_CALIBRATED = 200
_PROVIDER = "QNNExecutionProvider"
#: Operators with a bias, and which of their inputs it is.
_BIASED, _BIAS = frozenset({"Conv", "ConvTranspose", "Gemm"}), 2
_QUANTIZERS = frozenset({"QuantizeLinear", "DequantizeLinear"})
#: A line of the provider's, without what it begins with and its colours.
_LINE = re.compile(r"\[[WE]:onnxruntime:[^\]]*\]\s*(?P<words>[^\n\x1b]+)")
#: Lines that say why something is not compiled.
_TELLING = re.compile(r"Unsupported nodes|failed|not supported|unsupported|invalid|Error:|error code", re.IGNORECASE)
_FELL_BACK = "fallback to CPU EP has been explicitly disabled"
_LINES = 6


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    import onnx
    import onnxruntime
    import onnxruntime_qnn

    asked = read_asked(request, _CALIBRATED)
    work = Path(request["work"])
    model = onnx.load(request["source"])
    onnx_source.fix_sizes(model, asked.fixed)
    _give_each_its_bias(model)
    onnx.save(model, str(work / "fixed.onnx"))
    quantized = any(node.op_type in _QUANTIZERS for node in model.graph.node)
    source = work / "fixed.onnx"
    if asked.given is not None and not quantized:
        source, quantized = _quantize(source, asked.given, asked.fixed, work / "quantized.onnx"), True
    onnxruntime.register_execution_provider_library(_PROVIDER, onnxruntime_qnn.get_library_path())
    said = _compile(source, Path(request["output"]), request, quantized=quantized)
    values: dict[str, object] = {
        "sdk": onnxruntime_qnn.build_and_package_info.qnn_version,
        "plugin": onnxruntime_qnn.__version__,
        "arithmetic": "integers (QDQ)" if quantized else "float16",
        "operators": _count(_read(source)),
        "said": said,
        "sizes": asked.sizes,
    }
    if asked.given is not None:
        values |= asked.given.summary
    return values | _compared(work / "fixed.onnx", Path(request["output"]), request, asked)


def _give_each_its_bias(model: OnnxModel) -> None:
    """Copy biases that nodes share: ONNX Runtime gives such a one 16 bits of its own, which a Hexagon refuses.

    PyTorch's older exporter shares what is equal by Identity nodes (a bias of zeros in an untrained model).
    """
    graph = model.graph
    stored, seen = {each.name: each for each in graph.initializer}, set()
    for number, node in enumerate(list(graph.node)):
        if node.op_type == "Identity" and node.input[0] in stored:
            stored[node.output[0]] = _copy(graph, stored[node.input[0]], node.output[0])
            graph.node.remove(node)
        elif node.op_type in _BIASED and len(node.input) > _BIAS and node.input[_BIAS] in stored:
            name = node.input[_BIAS]
            if name in seen:
                node.input[_BIAS] = _copy(graph, stored[name], f"{name}_{number}").name
            seen.add(name)


def _copy(graph: Any, stored: Any, name: str) -> Any:  # noqa: ANN401  (protocol buffers)
    added = graph.initializer.add()
    added.CopyFrom(stored)
    added.name = name
    return added


def _quantize(source: Path, samples: Samples, inputs: Sequence[InputSpec], target: Path) -> Path:
    """The model with its weights in 8 bits and its activations in 16, as Qualcomm's own recipe for the Hexagon has it.

    Raises:
        Problem: ONNX Runtime does not quantize it.
    """
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize
    from onnxruntime.quantization.execution_providers.qnn import get_qnn_qdq_config

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        """The samples, one by one."""

        def __init__(self) -> None:
            self._left = samples.one_by_one()

        def get_next(self) -> dict[str, Array] | None:
            """The next one."""
            sample = next(self._left, None)
            return None if sample is None else as_batch(sample, inputs)

    types = {"activation_type": QuantType.QUInt16, "weight_type": QuantType.QUInt8}
    try:
        quantize(str(source), str(target), get_qnn_qdq_config(str(source), Reader(), **types))
    except Exception as error:  # whatever its converters raise is about the model
        raise Problem("qualcomm-not-quantized", _words(error)) from error
    return target


def _compile(source: Path, output: Path, request: Mapping[str, Any], *, quantized: bool) -> list[str]:
    """Write the context; what the provider said of operators that it left to the CPU.

    Raises:
        Problem: nothing of the model was compiled.
    """
    import onnxruntime

    options = _session_options(request)
    for key, value in (("enable", "1"), ("file_path", str(output)), ("embed_mode", "1")):
        options.add_session_config_entry(f"ep.context_{key}", value)
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    failure = ""
    with captured(Path(request["work"]) / "said.txt") as said:
        try:
            onnxruntime.InferenceSession(str(source), options)
        except Exception as error:  # noqa: BLE001  (the errors of ONNX Runtime have no class in common)
            failure = _words(error)
    lines = list(dict.fromkeys(match["words"].strip() for match in _LINE.finditer(said[0])))
    telling = [line for line in lines if _TELLING.search(line) and _FELL_BACK not in line][:_LINES]
    if output.is_file() and (not failure or _FELL_BACK in failure):
        return telling
    words = "; ".join(telling) or failure or "it wrote nothing, and gave no reason"
    words = f"{words.rstrip('.')} (operators: {', '.join(_count(_read(source)))})" if not telling else words
    name = "qualcomm-refused" if quantized or request["floats"] else "qualcomm-floats-refused"
    raise Problem(name, words.rstrip("."))


def _session_options(request: Mapping[str, Any]) -> Any:  # noqa: ANN401  (an onnxruntime.SessionOptions)
    """A session's options with the provider for that chip."""
    import onnxruntime
    import onnxruntime_qnn

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 2
    devices = [one for one in onnxruntime.get_ep_devices() if one.ep_name == _PROVIDER][:1]
    if not devices:
        raise Problem("qualcomm-refused", "the provider offers no device on this machine")
    chip = {"soc_model": str(request["soc"]), "htp_arch": str(request["arch"])}
    options.add_provider_for_devices(devices, {"backend_path": onnxruntime_qnn.get_qnn_htp_path(), **chip})
    return options


def _read(source: Path) -> OnnxModel:
    import onnx

    return onnx.load(str(source), load_external_data=False)


def _count(model: OnnxModel) -> dict[str, int]:
    """The operators that compute, by name."""
    names = (node.op_type for node in model.graph.node if node.op_type != "Constant")
    return dict(Counter(name for name in names if name not in _QUANTIZERS))


def _compared(source: Path, output: Path, request: Mapping[str, Any], asked: Asked) -> dict[str, object]:
    """Run the context in the emulator beside the model in ONNX Runtime; numbers for the gate."""
    import onnxruntime

    samples, inputs = asked.samples, asked.fixed
    original = onnxruntime.InferenceSession(str(source), providers=["CPUExecutionProvider"])
    with captured(Path(request["work"]) / "run.txt"):
        try:
            made = onnxruntime.InferenceSession(str(output), _session_options(request))
        except Exception as error:  # noqa: BLE001  (the same)
            return {"not_run": _words(error)}
        model = answers_of(original, inputs), f"ONNX Runtime {onnxruntime.__version__}"
        ran = answers_of(made, inputs), "Qualcomm's emulator of the Hexagon"
        return compare_runs(model, ran, samples, asked.labelled)


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())[:600] or type(error).__name__
