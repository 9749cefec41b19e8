import gzip
import os
import sys
import time
import zipfile

import pytest

from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.errors import UsageProblem
from envdoctor.doctor.model import inspect_model
from envdoctor.pipeline.sources import identify, model_inputs
from envdoctor.support.hashing import hash_path
from keras_files import DATA, saved_model, tensor_info, write_keras, write_saved_model
from shared_data import shared
from tflite_bytes import model, pack, small, tensor


def refused(path, **options):
    with pytest.raises(UsageProblem) as caught:
        identify(path, **options)
    message = str(caught.value)
    assert message.endswith("."), "a whole sentence"
    assert message.count("\n") == 0
    return message


def test_a_keras_file(tmp_path):
    artifact = identify(write_keras(tmp_path / "model.keras"))
    assert artifact.kind == ArtifactKind.KERAS
    assert artifact.sha256 == hash_path(tmp_path / "model.keras")
    assert artifact.traits == {"keras-3", "dynamic-batch"}


def test_the_name_does_not_matter(tmp_path):
    assert identify(write_keras(tmp_path / "model.tflite")).kind == ArtifactKind.KERAS
    (tmp_path / "model.keras").write_bytes((DATA / "tflite/layernorm.tflite").read_bytes())
    assert identify(tmp_path / "model.keras").kind == ArtifactKind.TFLITE_FLOAT


def test_a_real_h5_file():
    artifact = identify(DATA / "keras/nested_keras2.h5")
    assert (artifact.kind, artifact.traits) == (ArtifactKind.KERAS, {"keras-2", "dynamic-batch"})


def test_a_saved_model(tmp_path):
    folder = write_saved_model(tmp_path / "model", (DATA / "saved_model/tf1.pb").read_bytes())
    assert identify(folder).kind == ArtifactKind.SAVED_MODEL


@pytest.mark.parametrize(
    ("name", "trait"),
    [
        ("flatten_dynamic_batch", "dynamic-shapes"),
        ("flatten_float16", "float16"),
        ("flatten_dynamic_range", "dynamic-range"),
        ("layernorm", "float"),
    ],
)
def test_float_tflite_files(name, trait):
    artifact = identify(DATA / f"tflite/{name}.tflite")
    assert artifact.kind == ArtifactKind.TFLITE_FLOAT
    assert trait in artifact.traits


def test_int16_activations_are_a_kind_of_their_own():
    assert identify(shared("data/reports/models/c04_16x8.tflite")).kind == ArtifactKind.TFLITE_INT16X8
    assert identify(shared("data/reports/models/c04_int8.tflite")).kind == ArtifactKind.TFLITE_INT8


def test_what_each_input_takes(tmp_path):
    assert identify(DATA / "tflite/layernorm.tflite").inputs == ("'x' (float32, (N, 6))",)
    assert identify(write_keras(tmp_path / "model.keras")).inputs[0].endswith("(float32, (N, 28, 28, 1))")


@pytest.mark.slow
def test_real_int8_tflite_files():
    kinds = {identify(path).kind for path in sorted(shared("data/edgetpu/models").glob("*.tflite"))[:20]}
    assert kinds == {ArtifactKind.TFLITE_INT8}


def test_missing(tmp_path):
    assert "does not exist" in refused(tmp_path / "model.keras")
    said = refused(tmp_path / ("m" * 300))  # since Python 3.14, what the system can't be asked for is not there
    assert "can't be read: File name too long" in said or "does not exist" in said


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("net.rknn", "compiled for a Rockchip NPU by rknn-toolkit2 already; start from the model"),
        ("n.pte", "an ExecuTorch program, compiled already"),
        ("m.vmfb", "compiled by IREE already"),
        ("net_qnn_ctx.onnx", "compiled already (EPContext, as onnxruntime-qnn writes it)"),
    ],
)
def test_what_other_compilers_made_is_named_whatever_the_file_is_called(tmp_path, name, words):
    path = tmp_path / "model.bin"
    path.write_bytes((shared("data/compiled") / name).read_bytes())
    assert words in refused(path)
    assert words.partition(";")[0] in inspect_model(path).file.what


def test_empty(tmp_path):
    (tmp_path / "model.keras").touch()
    assert "is empty" in refused(tmp_path / "model.keras")


def test_an_empty_folder(tmp_path):
    assert "folder without saved_model.pb (it is empty)" in refused(tmp_path)
    (tmp_path / "saved_model.pb").mkdir()
    assert f"{tmp_path / 'saved_model.pb'} is no regular file" in refused(tmp_path)


def test_a_folder_with_a_model_in_it(tmp_path):
    write_keras(tmp_path / "digits.keras")
    assert "name the model in it: digits.keras" in refused(tmp_path)


def test_an_unpacked_keras_file(tmp_path):
    with zipfile.ZipFile(write_keras(tmp_path / "m.keras")) as archive:
        archive.extractall(tmp_path / "m")
    assert "unpacked .keras file" in refused(tmp_path / "m")


def test_a_truncated_keras_file(tmp_path):
    path = write_keras(tmp_path / "model.keras")
    path.write_bytes(path.read_bytes()[:-200])
    assert "damaged" in refused(path)


def test_a_keras_file_with_a_flipped_byte(tmp_path):
    path = write_keras(tmp_path / "model.keras", members={"more": bytes(5000)})
    data = bytearray(path.read_bytes())
    data[data.rindex(bytes(1000))] = 1
    path.write_bytes(data)
    assert "checksum" in refused(path)


def test_a_keras_file_without_weights(tmp_path):
    assert "no weights" in refused(write_keras(tmp_path / "m.keras", members={"model.weights.h5": None}))


def test_a_keras_file_with_a_broken_configuration(tmp_path):
    assert "damaged" in refused(write_keras(tmp_path / "m.keras", members={"config.json": "{"}))
    assert "no JSON object" in refused(write_keras(tmp_path / "n.keras", members={"config.json": "[]"}))


def test_text_named_keras(tmp_path):
    (tmp_path / "model.keras").write_text("hello world\n")
    assert "text file, no model (it begins with 'hello world')" in refused(tmp_path / "model.keras")


def test_a_truncated_h5_file(tmp_path):
    (tmp_path / "model.h5").write_bytes((DATA / "keras/nested_keras2.h5").read_bytes()[:9000])
    assert "cut short: 9000 bytes of 15144" in refused(tmp_path / "model.h5")


def test_weights_alone(tmp_path):
    data = (DATA / "keras/nested_keras2.h5").read_bytes().replace(b"model_config", b"other_config")
    (tmp_path / "model.h5").write_bytes(data)
    assert "weights alone" in refused(tmp_path / "model.h5")


def test_an_h5_file_with_a_damaged_configuration(tmp_path):
    data = (DATA / "keras/nested_keras2.h5").read_bytes().replace(b'"class_name"', b'"class_na\x00e"')
    (tmp_path / "model.h5").write_bytes(data)
    assert "model_config can't be read" in refused(tmp_path / "model.h5")


def test_a_truncated_tflite_file(tmp_path):
    (tmp_path / "model.tflite").write_bytes((DATA / "tflite/flatten_float16.tflite").read_bytes()[:3000])
    assert "damaged" in refused(tmp_path / "model.tflite")


@pytest.mark.parametrize("length", range(40, 2980, 245))
def test_no_cut_of_a_tflite_file_is_taken_for_whole(tmp_path, length):
    (tmp_path / "model.tflite").write_bytes((DATA / "tflite/layernorm.tflite").read_bytes()[:length])
    refused(tmp_path / "model.tflite")


def test_a_tflite_file_that_is_none(tmp_path):
    (tmp_path / "model.tflite").write_bytes(os.urandom(64))
    assert "no .tflite file" in refused(tmp_path / "model.tflite")


@pytest.mark.parametrize(
    ("code", "words"), [("edgetpu-custom-op", "for the Edge TPU already"), ("ethos-u", "for Ethos-U by Vela already")]
)
def test_a_compiled_file(tmp_path, code, words):
    data = small_with_custom(code)
    (tmp_path / "model.tflite").write_bytes(data)
    assert words in refused(tmp_path / "model.tflite")


def small_with_custom(code):
    tensors, operators = [tensor([1, 4]), tensor([1, 4])], [(0, [0], [1], 0, None)]
    return pack(model(tensors=tensors, operators=operators, codes=[(32, 1, code)], inputs=[0], outputs=[1]))


def test_custom_code(tmp_path):
    assert "needs Twice, which Keras does not have" in refused(write_keras(tmp_path / "m.keras", "custom"))
    assert "needs Net" in refused(write_keras(tmp_path / "n.keras", "subclass"), trust_code=True)


def test_a_lambda_layer_needs_trust(tmp_path):
    path = write_keras(tmp_path / "m.keras", "lambda")
    assert "--trust-code" in refused(path)
    assert "lambda" in identify(path, trust_code=True).traits


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("m.pt", b"\x80\x02\x8a\nl\xfc", "PyTorch"),
        ("m.onnx", b"\x08\x07\x12\x07pytorch", "no ONNX model, whatever its name says"),
        ("m.pb", b"\n\x0b\x08\x01", "name the SavedModel's folder"),
        ("m.keras", b"version https://git-lfs.github.com/spec/v1\noid", "git lfs pull"),
        ("m.keras", b"<!DOCTYPE html><html>", "web page"),
        ("m.safetensors", b"\x10\0\0\0\0\0\0\0{}", "weights without a model"),
        ("m.keras", gzip.compress(b"x", mtime=0), "compressed with gzip"),
        ("m.tflite", gzip.compress(b"x", mtime=0), "unpack it with `gunzip`"),
        ("m.tflite", b"\n <!doctype HTML PUBLIC>", "web page"),
        ("m.tflite", b"\x89PNG\r\n\x1a\n0000", "a PNG image"),
        ("m.tflite", b'{"error": "not found"}', "a text file, no model (it begins with"),
        ("m.tflite", b"HAAAAFRGTDMUACAA", "base64 -d"),
        ("m.cc", b"unsigned char model_tflite[] = {0x1c, 0x00", "an array of C"),
        ("m.tflite", bytes(64), "begins with zeros"),
    ],
)
def test_formats_that_are_known_and_not_supported(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    assert words in refused(tmp_path / name)


def test_a_torch_archive_and_another_zip(tmp_path):
    for name, member in (("a.keras", "archive/data.pkl"), ("b.keras", "readme.txt")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(member, "x")
    assert "PyTorch" in refused(tmp_path / "a.keras")
    assert "it holds readme.txt" in refused(tmp_path / "b.keras")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path):
    path = write_keras(tmp_path / "m.keras")
    path.chmod(0)
    assert "Permission denied" in refused(path)


def test_inputs_of_every_kind(tmp_path):
    keras = identify(write_keras(tmp_path / "m.keras", "multi"))
    assert [(spec.name, spec.shape) for spec in model_inputs(keras)] == [
        ("left", (None, 8)),
        ("right", (None, 4, 4, 2)),
    ]
    content = saved_model({"serving_default": {"x": tensor_info((None, 6))}})
    folder = identify(write_saved_model(tmp_path / "s", content))
    assert [(spec.name, spec.shape, spec.dtype) for spec in model_inputs(folder)] == [("x", (None, 6), "float32")]
    tflite = identify(DATA / "tflite/layernorm.tflite")
    assert [spec.shape for spec in model_inputs(tflite)] == [(None, 6)]
    assert model_inputs(Artifact(kind=ArtifactKind.TORCH, path=tmp_path, sha256="")) is None


def test_the_smallest_tflite_file(tmp_path):
    (tmp_path / "m.tflite").write_bytes(pack(small()))
    assert identify(tmp_path / "m.tflite").traits >= {"int8", "dynamic-batch"}


@pytest.mark.parametrize("operators", [[], [(0, [1, 1], [2], 0, None)]], ids=["none", "the first gone"])
def test_a_tflite_file_that_lost_its_operators(tmp_path, operators):
    tensors = [tensor([1, 4], 0), tensor([1, 4], 0), tensor([1, 4], 0)]
    data = pack(model(tensors=tensors, operators=operators, codes=[(0, 1, None)], inputs=[0], outputs=[2]))
    (tmp_path / "m.tflite").write_bytes(data)
    assert "lost its operators" in refused(tmp_path / "m.tflite")


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.skipif(sys.platform != "linux", reason="makes files that are mostly holes")
@pytest.mark.parametrize(
    "head", [b"\x89HDF\r\n\x1a\n", b"\x08\x08", b"\x08\x01" * (2 << 20), b"PK\x03\x04", b"    TFL3"]
)
def test_a_huge_file_that_is_mostly_a_hole_is_refused_soon(tmp_path, head):
    path = tmp_path / "model.bin"
    path.write_bytes(head)
    os.truncate(path, 30 << 30)
    start = time.process_time()
    with pytest.raises(UsageProblem):
        identify(path)
    assert time.process_time() - start < 10
