"""Contexts of QNN are the compiler qualcomm's to name, whatever their layout; those of other providers are not."""

import gzip

import pytest

from envdoctor.compilers.qualcomm import COMPILER, identity
from envdoctor.core.errors import Unreadable
from envdoctor.registry import compilers
from keras_files import DATA

BINARY = gzip.decompress((DATA / "compiled/qnn_0_ctx_qnn.bin.gz").read_bytes())
MODEL = (DATA / "compiled/qnn_0_ctx.onnx").read_bytes()


@pytest.fixture
def put(tmp_path):
    (tmp_path / "qnn_0_ctx_qnn.bin").write_bytes(BINARY)

    def write(name, content):
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


def test_another_layout_is_told_by_its_texts(put, monkeypatch):
    path = put("m.bin", BINARY)
    known = COMPILER.identify(path)

    def refuse(data):
        raise Unreadable("its context is of a layout that is not known")

    monkeypatch.setattr(identity, "parse_context", refuse)
    assert COMPILER.identify(path) == known
    assert known.chip == "Qualcomm SM8750 (Hexagon v79)"


def test_what_another_provider_compiled_is_not_qualcomms(put):
    path = put("other.onnx", MODEL.replace(b"QNNExecutionProvider", b"XYZExecutionProvider"))
    assert COMPILER.identify(path) is None
    found = compilers()["foreign"].identify(path)
    assert found.compiler == "XYZExecutionProvider"
    assert found.kind == ""
    path = put("own.onnx", MODEL)
    assert compilers()["foreign"].identify(path) is None
    assert COMPILER.identify(path).targets == ("SM8750",)
