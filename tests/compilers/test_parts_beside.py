"""Compiled models of several files: what lies beside one, or in its folder, is looked at too."""

import shutil
import struct

import pytest

from compiled_files import MADE, ncnn, real
from envdoctor.core.errors import UsageProblem
from envdoctor.doctor.model import inspect_model


def named(path):
    return inspect_model(path).file


def test_a_part_that_lies_beside_is_missed(tmp_path):
    path = tmp_path / "net_ctx.onnx"
    path.write_bytes(real("qnn_0_ctx.onnx"))
    report = inspect_model(path)
    assert [problem.code for problem in report.problems] == ["MDL034"]
    assert report.file.chip == "Qualcomm Hexagon v79 (SoC number 69 in QNN's list)"
    (tmp_path / "qnn_0_ctx_qnn.bin").write_bytes(real("qnn_0_ctx_qnn.bin")[:-100])
    with pytest.raises(UsageProblem, match="cut short"):
        inspect_model(path)
    (tmp_path / "net.param").write_bytes(ncnn())
    assert inspect_model(tmp_path / "net.param").file.missing == ("net.bin",)


def test_openvinos_description_and_its_weights_are_held_against_each_other(tmp_path):
    (tmp_path / "tiny.bin").write_bytes(real("tiny.bin"))
    path = tmp_path / "tiny.xml"
    path.write_bytes(real("tiny.xml"))
    assert inspect_model(path).complete
    (tmp_path / "tiny.bin").write_bytes(real("tiny.bin")[:-1])
    with pytest.raises(UsageProblem, match=r"its weights are cut short: tiny\.bin has 23 bytes of 24"):
        inspect_model(path)
    path.write_bytes(real("tiny.xml").replace(b"<layers>", bytes(8)))
    with pytest.raises(UsageProblem, match="zeros in it"):
        inspect_model(path)


def test_what_lies_outside_the_folder_is_not_read(tmp_path):
    content = real("qnn_0_ctx.onnx").replace(b"qnn_0_ctx_qnn.bin", b"../../0_ctx_q.bin")
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(UsageProblem, match="outside its folder"):
        inspect_model(path)


def test_core_mls_folders(tmp_path):
    package = tmp_path / "tiny.mlpackage"
    shutil.copytree(MADE / "tiny.mlpackage", package)
    assert named(package).outputs == ("relu_0 float32 [1, 4]",)
    model = package / "Data/com.apple.CoreML/model.mlmodel"
    model.unlink()
    with pytest.raises(UsageProblem, match="is missing"):
        named(package)
    compiled = tmp_path / "tiny.mlmodelc"
    compiled.mkdir()
    (compiled / "coremldata.bin").write_bytes(b"\1" * 100)
    with pytest.raises(UsageProblem, match=r"neither model\.mil"):
        named(compiled)
    (compiled / "model.mil").write_text('program(1.0) { x = const("weights/weight.bin") }')
    assert named(compiled).missing == ("weights/weight.bin",)
    assert named(compiled).format == "mlmodelc"


def blobs(*sizes):
    """A file of weights as coremltools writes it."""
    content = struct.pack("<II", len(sizes), 2).ljust(64, b"\0")
    for size in sizes:
        content = content.ljust(-(-len(content) // 64) * 64, b"\0")
        content += struct.pack("<IIQQ", 0xDEADBEEF, 1, size, len(content) + 64).ljust(64, b"\0") + b"\1" * size
    return content


def test_the_weights_of_core_mls_folders_must_all_be_there(tmp_path):
    package = tmp_path / "tiny.mlpackage"
    shutil.copytree(MADE / "tiny.mlpackage", package)
    weights = package / "Data/com.apple.CoreML/weights/weight.bin"
    weights.parent.mkdir()
    whole = blobs(4096, 64, 10)
    weights.write_bytes(whole)
    assert "its weights fill their file" in named(package).checked
    for content in (whole[:-1], whole[:4000], whole[:4100] + bytes(len(whole) - 4100), whole[:10], blobs()[:4]):
        weights.write_bytes(content)
        with pytest.raises(UsageProblem):
            named(package)
