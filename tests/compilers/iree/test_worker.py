"""What the worker tells of the words of IREE's tools, with stand-ins for them."""

import os
import sys
import types

import pytest

from envdoctor.compilers.iree.workers.compile_module import (
    _from_onnx,
    _from_tflite,
    _in_newer_opset,
    _load,
    _told,
    _without_spaces,
)
from envdoctor.stages.problems import problem_kinds
from envdoctor.stages.workers.stage import Problem


def test_the_first_errors_are_told_without_the_module():
    text = "Diagnostics:\nm:3: error: undefined symbol: __muldf3\nld: error: undefined symbol: __muldf3\nmodule {"
    assert _told(text) == "undefined symbol: __muldf3"


def test_the_operator_is_told_where_the_words_name_none():
    line = '    %3 = torch.operator "onnx.NonMaxSuppression"(%arg0) : (!torch.vtensor<[1,20,4],f32>) -> !torch.vtensor'
    told = _told(f"m.mlir:7:10: error: failed to legalize a cast that remained live\n{line}\n         ^\n")
    assert told == "at the operator NonMaxSuppression: failed to legalize a cast that remained live"


def test_an_operator_that_the_words_name_is_told_once_and_without_the_compiler_s_own_file():
    words = 'failed to legalize operation \'torch.operator\': %1 = "torch.operator"(%a) <{name = "onnx.DFT"}>'
    line = '    %0 = torch.operator "onnx.DFT"(%a) : (!torch.vtensor<[1,16,1],f32>) -> !torch.vtensor'
    assert _told(f'm.mlir:4:10: error: {words} loc("model.mlir":4:10)\n{line}') == words


def test_what_the_converter_of_tflite_files_says_past_python_is_told(monkeypatch, tmp_path):
    def convert(*given):
        os.write(2, b"""loc("net/rfft"("m.tflite":0:0)): error: 'tosa.reshape' op operand #0 must be of numbers\n""")
        raise ValueError("Could not legalize the TFLite model to TOSA.")

    standing_in(monkeypatch, "ai_edge_litert")
    standing_in(monkeypatch, "tosa_converter_for_tflite", tflite_flatbuffer_to_tosa_mlir=convert)
    code, told = refused(lambda: _from_tflite(tmp_path / "m.tflite", (), tmp_path))
    assert code == "RUN300"
    assert told == "at the operator net/rfft: 'tosa.reshape' op operand #0 must be of numbers"


def test_a_crash_of_the_compiler_is_told_as_one():
    told = _told("Error invoking IREE compiler tool iree-compile\nError code: -11\nDiagnostics:\n #0 0x7 Signals.cpp")
    assert "crashed (signal 11)" in told
    assert "Signals.cpp" not in told


def standing_in(monkeypatch, name, **members):
    """A module of that name with these members, and its parents."""
    for depth in range(1, name.count(".") + 2):
        part = ".".join(name.split(".")[:depth])
        monkeypatch.setitem(sys.modules, part, sys.modules.get(part) or types.ModuleType(part))
        above, _, last = part.rpartition(".")
        if above:
            monkeypatch.setattr(sys.modules[above], last, sys.modules[part], raising=False)
    for key, value in members.items():
        monkeypatch.setattr(sys.modules[name], key, value, raising=False)


def raising(error):
    def refuse(*given, **named):
        raise error

    return refuse


def refused(call):
    with pytest.raises(Problem) as caught:
        call()
    return problem_kinds()[caught.value.name].code, caught.value.message


def test_what_tosa_does_not_take_is_told_in_the_converters_words(monkeypatch, tmp_path):
    standing_in(monkeypatch, "ai_edge_litert")
    words = RuntimeError("failed to legalize operation 'tfl.while'")
    standing_in(monkeypatch, "tosa_converter_for_tflite", tflite_flatbuffer_to_tosa_mlir=raising(words))
    code, told = refused(lambda: _from_tflite(tmp_path / "m.tflite", (), tmp_path))
    assert (code, told) == ("RUN300", "failed to legalize operation 'tfl.while'")


def onnx_stand_in(monkeypatch, opset, convert):
    model = types.SimpleNamespace(
        opset_import=[types.SimpleNamespace(domain="", version=opset)],
        graph=types.SimpleNamespace(node=[], input=[], output=[], value_info=[]),
    )
    standing_in(
        monkeypatch,
        "onnx",
        load=lambda path: model,
        save=lambda model, path: None,
        shape_inference=types.SimpleNamespace(infer_shapes=lambda model, **_: model),
        version_converter=types.SimpleNamespace(convert_version=convert),
    )
    return model


def test_what_the_importer_does_not_read_is_told_in_its_words(monkeypatch, tmp_path):
    onnx_stand_in(monkeypatch, 17, raising(AssertionError))
    standing_in(
        monkeypatch,
        "onnxruntime",
        InferenceSession=lambda *_, **__: None,
        SessionOptions=types.SimpleNamespace,
        GraphOptimizationLevel=types.SimpleNamespace(ORT_ENABLE_BASIC=1),
    )
    importer = "iree.compiler.tools.import_onnx.__main__"
    words = SystemExit("unsupported attribute: sparse")
    standing_in(monkeypatch, importer, parse_arguments=list, main=raising(words))
    code, told = refused(lambda: _from_onnx(tmp_path / "m.onnx", (), tmp_path))
    assert (code, told) == ("RUN301", "unsupported attribute: sparse")


def test_an_old_opset_is_rewritten_where_that_works(monkeypatch):
    asked = []
    model = onnx_stand_in(monkeypatch, 7, lambda model, opset: asked.append(opset) or "newer")
    assert _in_newer_opset(model) == "newer"
    assert asked == [17]
    assert _in_newer_opset(onnx_stand_in(monkeypatch, 17, raising(AssertionError))).opset_import[0].version == 17
    model = onnx_stand_in(monkeypatch, 7, raising(RuntimeError("no adapter")))
    assert _in_newer_opset(model) is model


def test_what_the_runtime_does_not_load_is_told_in_its_words(monkeypatch, tmp_path):
    pytest.importorskip("numpy")
    words = ValueError("NOT_FOUND; HAL device `__device_0` not found")
    standing_in(monkeypatch, "iree.runtime", load_vm_flatbuffer_file=raising(words))
    code, told = refused(lambda: _load(tmp_path / "m.vmfb"))
    assert code == "RUN304"
    assert "__device_0" in told


def test_what_is_written_on_the_way_lies_in_a_folder_without_spaces(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", "before")
    beside = tmp_path / "my models"
    beside.mkdir()
    with _without_spaces(beside) as folder:
        assert folder.is_dir()
        assert " " not in str(folder)
        assert os.environ["TMPDIR"] == str(folder)
    assert os.environ["TMPDIR"] == "before"
    assert not folder.exists()
    with _without_spaces(tmp_path) as folder:
        assert folder.parent == tmp_path
