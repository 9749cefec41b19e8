"""Task: compile an ONNX or .tflite model with IREE, and run what came of it beside the model itself.

Request: `source`, `is_onnx`, `inputs` (name, shape and type of each), `target` (`name`, `triple`, `options` of
iree-compile, `machines`), `output`, `work`, `calibration` or `random`, `evaluation`.

A file for another kind of machine is run nowhere; its twin for this machine, compiled from the same form of the model,
is. What is compared with is LiteRT's answer, or ONNX Runtime's.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.stages.workers import litert_run, onnx_source
from envdoctor.stages.workers.asked import read_asked
from envdoctor.stages.workers.compiled_compare import answers_of, compare_runs
from envdoctor.stages.workers.native_output import captured
from envdoctor.stages.workers.samples import as_batch
from envdoctor.stages.workers.stage import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from envdoctor.stages.workers.arrays import InputSpec
    from envdoctor.stages.workers.same_model import Predict
    from envdoctor.stages.workers.untyped import Array, OnnxModel

    Function = Callable[[Sequence[Array]], list[Array]]

_CALIBRATED = 100
_GENERIC = ("--iree-llvmcpu-target-cpu=generic",)
#: For float64 that goes in or out: by itself iree-compile narrows it, and the file's own inputs and outputs don't fit.
_KEEP_FLOAT64 = ("--iree-input-demote-f64-to-f32=false",)
#: The importer's operators are those of this opset and, of most, of 13.
_OPSET = 17
_ERROR = re.compile(r"^.*?error: (?P<words>.+?)(?: loc\(.*\))?$(?:\n +(?P<line>.+)$)?", re.MULTILINE)
#: The operator that an error is about: in the line of the importer's behind it, or where its own begins.
_OPERATOR = re.compile(r'^loc\([^"]*"(?P<place>[^"]+)".*error: |"onnx\.(?P<name>\w+)"')
_CRASHED = re.compile(r"Error code: -(?P<signal>\d+)")
_LINES, _LONGEST = 3, 600
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")


@dataclass(frozen=True)
class Source:
    """A model in the form that iree-compile takes, and what it answers itself.

    Attributes:
        form: the file.
        kind: what iree-compile calls that form.
        inputs: what it takes, every size fixed.
        predict: its answer, by ONNX Runtime or LiteRT.
        by: which of them.
        call: the answer of a compiled twin, in the same names and numbers.
        options: what iree-compile has to be told of it.
    """

    form: Path
    kind: str
    inputs: tuple[InputSpec, ...]
    predict: Predict
    by: str
    call: Callable[[Function], Predict]
    options: tuple[str, ...] = ()


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    import iree.compiler.version
    import iree.runtime

    asked = read_asked(request, _CALIBRATED)
    work, target = Path(request["work"]), request["target"]
    prepare = _from_onnx if request["is_onnx"] else _from_tflite
    source = prepare(Path(request["source"]), asked.fixed, work)
    output = Path(request["output"])
    _compile(source, output, (f"--iree-llvmcpu-target-triple={target['triple']}", *target["options"]))
    values: dict[str, object] = {
        "iree": iree.compiler.version.VERSION,
        "form": source.kind,
        "sizes": asked.sizes,
    }
    if asked.given is not None:
        values |= asked.given.summary
    if platform.machine() in target["machines"]:
        file, ran = output, "IREE's runtime"
    else:
        file, ran = work / "twin.vmfb", f"the same model compiled by IREE for this machine ({platform.machine()})"
        _compile(source, file, _GENERIC)
    made = source.call(_load(file))
    return values | compare_runs((source.predict, source.by), (made, ran), asked.samples, asked.labelled)


def _from_onnx(path: Path, fixed: Sequence[InputSpec], work: Path) -> Source:
    """An ONNX model in the form of PyTorch's operators, by IREE's importer.

    Raises:
        Problem: ONNX Runtime or the importer refuses it.
    """
    import onnx
    import onnxruntime
    from iree.compiler.tools.import_onnx import __main__ as importer

    model = onnx.load(str(path))
    onnx_source.fix_sizes(model, fixed)
    try:
        simplified, session = onnx_source.simplify(model)
    except RuntimeError as error:
        raise Problem("onnx-model-refused", _words(error)) from error
    newer, form = work / "newer.onnx", work / "model.mlir"
    onnx.save(_in_newer_opset(onnx.shape_inference.infer_shapes(simplified, data_prop=True)), str(newer))
    try:
        importer.main(importer.parse_arguments([str(newer), "-o", str(form)]))
    except (Exception, SystemExit) as error:
        raise Problem("iree-not-imported", _words(error)) from error
    names = [each.name for each in session.get_outputs()]
    wide = any(each.type == "tensor(double)" for each in (*session.get_inputs(), *session.get_outputs()))

    def call(function: Function) -> Predict:
        return lambda sample: dict(zip(names, function(_ordered(sample, fixed)), strict=True))

    by = f"ONNX Runtime {onnxruntime.__version__}"
    return Source(
        form,
        "onnx",
        tuple(fixed),
        answers_of(session, fixed),
        by,
        call,
        _KEEP_FLOAT64 if wide else (),
    )


def _ordered(sample: Mapping[str, Array], inputs: Sequence[InputSpec]) -> list[Array]:
    batch = as_batch(sample, inputs)
    return [batch[spec.name] for spec in inputs]


def _in_newer_opset(model: OnnxModel) -> OnnxModel:
    """The model with its operators written as the importer knows them, where onnx can do that."""
    import onnx

    if max((each.version for each in model.opset_import if not each.domain), default=_OPSET) >= _OPSET:
        return model
    try:
        return onnx.version_converter.convert_version(model, _OPSET)
    except Exception as error:  # noqa: BLE001  (it raises what it likes; the importer says what it does not know)
        print(f"not written in opset {_OPSET}: {error}")
        return model


def _from_tflite(path: Path, fixed: Sequence[InputSpec], work: Path) -> Source:
    """A .tflite model in the form of TOSA's operators, as bytecode: the text of another release of MLIR is not read.

    Raises:
        Problem: LiteRT or the converter refuses it.
    """
    import ai_edge_litert
    import tosa_converter_for_tflite

    form, said = work / "model.mlirbc", [""]
    try:
        with captured(work / "converter-said") as said:
            tosa_converter_for_tflite.tflite_flatbuffer_to_tosa_mlir(str(path), str(form))
    except Exception as error:
        words = _told(said[0]) if _ERROR.search(said[0]) else _words(error)
        raise Problem("iree-not-converted", words) from error
    runner = litert_run.open_model(path.read_bytes(), {spec.name: spec.shape or () for spec in fixed})

    def call(function: Function) -> Predict:
        def predict(sample: Mapping[str, Array]) -> dict[str, Array]:
            batch = as_batch(sample, fixed)
            given = [litert_run.quantize(batch[name], detail) for name, detail in runner.inputs.items()]
            answers = zip(runner.outputs.items(), function(given), strict=True)
            return {name: litert_run.dequantize(value, detail) for (name, detail), value in answers}

        return predict

    version = getattr(ai_edge_litert, "__version__", "")
    return Source(
        form, "tosa", tuple(fixed), lambda one: runner.predict(as_batch(one, fixed)), f"LiteRT {version}".strip(), call
    )


def _compile(source: Source, output: Path, options: Sequence[str]) -> None:
    """Write the file.

    Raises:
        Problem: iree-compile refuses the model.
    """
    from iree.compiler import tools

    print(f"iree-compile {' '.join(options)}")
    try:
        with _without_spaces(output.parent) as folder:
            made = folder / "module.vmfb"
            tools.compile_file(
                str(source.form),
                input_type=source.kind,
                target_backends=["llvm-cpu"],
                output_file=str(made),
                extra_args=[*source.options, *options],
            )
            shutil.move(made, output)
    except tools.CompilerToolError as error:
        print(error)
        raise Problem("iree-refused", _told(str(error))) from None


@contextmanager
def _without_spaces(beside: Path) -> Iterator[Path]:
    """A folder for what iree-compile writes on its way: its linker's command line is parted at spaces, unquoted."""
    places = [place for place in (beside, Path("/tmp"), Path("/var/tmp")) if place.is_dir() and " " not in str(place)]  # noqa: S108  (a folder of its own is made there)
    with tempfile.TemporaryDirectory(dir=next(iter(places), beside)) as name:
        kept = {variable: os.environ.get(variable) for variable in _TEMPORARY}
        os.environ.update(dict.fromkeys(_TEMPORARY, name))
        try:
            yield Path(name)
        finally:
            for variable, value in kept.items():
                os.environ.pop(variable, None)
                os.environ.update({} if value is None else {variable: value})


def _told(text: str) -> str:
    """The first errors among what the compiler printed, without the module or backtrace that it prints behind them."""
    if crashed := _CRASHED.search(text):
        return f"it crashed (signal {crashed['signal']}), which is a fault of its own; its backtrace is in the log"
    lines = dict.fromkeys(map(_at_operator, _ERROR.finditer(text)))
    return "; ".join(list(lines)[:_LINES])[:_LONGEST].rstrip(".") or _words(Exception(text))


def _at_operator(error: re.Match[str]) -> str:
    """An error with the operator of the model that it is about, which its own words may not name."""
    words, found = error["words"].strip(), _OPERATOR.search(error[0])
    named = found and (found["name"] or found["place"])
    return f"at the operator {named}: {words}" if named and named not in words else words


def _load(path: Path) -> Function:
    """The model's function in a compiled file.

    Raises:
        Problem: the runtime does not take it.
    """
    import iree.runtime
    import numpy as np

    try:
        module = iree.runtime.load_vm_flatbuffer_file(str(path), driver="local-sync")
        names = [one for one in module.vm_module.function_names if not one.startswith("__") and "$" not in one]
        function = module[names[0]]
    except Exception as error:
        raise Problem("iree-does-not-run", _words(error)) from error

    def invoke(given: Sequence[Array]) -> list[Array]:
        try:
            answer = function(*(np.ascontiguousarray(each) for each in given))
        except Exception as error:
            raise Problem("iree-does-not-run", _words(error)) from error
        return [np.asarray(each.to_host()) for each in (answer if isinstance(answer, tuple | list) else (answer,))]

    return invoke


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())[:_LONGEST].rstrip(".") or type(error).__name__
