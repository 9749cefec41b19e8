"""`envdoctor repair`, as a user calls it, with this Python in the place of the LiteRT environment."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

import mend_models as made
from compiled_models import int16x8_model
from envdoctor.cli import main
from envdoctor.tflite.quantization import io_types
from envdoctor.tflite.reader import read_model
from tflite_bytes import pack, schema

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    here = SimpleNamespace(python=Path(sys.executable), variables={})
    monkeypatch.setattr("envdoctor.doctor.repair.environment_provider", lambda *_: lambda _: here)


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(made.float_edges())
    return path


def test_a_file_is_mended_into_the_current_folder(model, capsys, tmp_path, monkeypatch):
    before = model.read_bytes()
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert main(["repair", str(model)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "integer-edges: took the QUANTIZE off 1 input: it takes int8, scale 0.05, zero point 0" in out
    assert "difference 0, bit for bit, over 20 random samples" in out
    assert io_types(read_model(tmp_path / "here/m_mended.tflite")) == (("INT8",), ("INT8",))
    assert model.read_bytes() == before


def test_nothing_to_mend(tmp_path, capsys):
    path = tmp_path / "m.tflite"
    path.write_bytes(made.dense(scales=(0.01,)))
    assert main(["repair", str(path)]) == 0
    assert "Nothing to mend: nothing was written." in capsys.readouterr().out
    assert [each.name for each in tmp_path.iterdir()] == ["m.tflite"]


def test_a_file_with_int16_activations_is_taken(tmp_path, capsys):
    path = tmp_path / "m.tflite"
    path.write_bytes(int16x8_model())
    assert main(["repair", str(path)]) in {0, 1}, capsys.readouterr().err


def test_a_mend_that_does_not_prove_right_is_named_and_left_out(tmp_path, capsys):
    path = tmp_path / "m.tflite"
    path.write_bytes(made.dense(scales=(5.0, 5.0, 0.001), seed=4))
    assert main(["repair", str(path)]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "dense-one-scale" in out
    assert "at most 5 steps would be accepted" in out
    assert "Nothing was written" in out
    assert not path.with_name("m_mended.tflite").exists()


def test_a_mend_that_moves_outputs_further_is_applied_where_it_is_asked_for(tmp_path, capsys):
    path = tmp_path / "m.tflite"
    path.write_bytes(made.normed_dense())
    assert main(["repair", str(path)]) == 1
    assert "--only dense-one-scale accepts up to 16" in " ".join(capsys.readouterr().out.split())
    assert main(["repair", str(path), "--only", "dense-one-scale"]) == 0
    assert "largest difference 6 steps" in " ".join(capsys.readouterr().out.split())


def test_the_file_itself_is_only_replaced_when_asked(model, capsys):
    before = model.read_bytes()
    assert main(["repair", str(model), "-o", str(model)]) == 2
    assert "--in-place" in capsys.readouterr().err
    link = model.with_name("link.tflite")
    link.symlink_to(model)
    assert main(["repair", str(model), "-o", str(link)]) == 2
    assert model.read_bytes() == before
    assert main(["repair", str(model), "--in-place"]) == 0
    assert io_types(read_model(model))[0] == ("INT8",)


def test_the_goal_decides_whether_dense_layers_are_touched(tmp_path, capsys):
    path = tmp_path / "m.tflite"
    path.write_bytes(made.dense())
    assert main(["repair", str(path), "--to", "litert"]) == 0
    assert "Nothing to mend" in capsys.readouterr().out
    assert main(["repair", str(path), "--to", "edgetpu"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "For edgetpu_compiler 16.0: was" in out
    assert "(MDL009)" in out.partition("is ")[0]
    assert "is 1 of 1 operator on the accelerator" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "fixed-bach"], "did you mean fixed-batch?"),
        (["--to", "edgtpu"], "did you mean edgetpu"),
        (["--samples", "none.npy"], "none.npy"),
        (["-o", "x.tflite", "--in-place"], "can't be said together"),
        (["-o", "no/such/folder/x.tflite"], "there is no folder no/such/folder"),
    ],
)
def test_what_was_asked_wrongly_is_one_sentence(model, capsys, words, said):
    assert main(["repair", str(model), *words]) == 2
    assert said in capsys.readouterr().err


def bent():
    """A file whose tables this reader follows, and LiteRT's own check does not: a name of a million letters."""
    data = bytearray(made.float_edges())
    place = data.index(b"serving_default") - 4
    data[place : place + 4] = (1 << 20).to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize("content", [b"", b"no model", made.float_edges()[:200], bent()])
def test_damaged_files_are_refused(tmp_path, capsys, content):
    path = tmp_path / "m.tflite"
    path.write_bytes(content)
    assert main(["repair", str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_what_litert_can_not_run_is_told(tmp_path, capsys):
    maker = made.Maker()
    given, out = maker.tensor([1, 4], made.FLOAT), maker.tensor([1, 4], made.FLOAT)
    maker.operator("CUSTOM", [given], [out])
    data = maker.done([given], [out], signature=False)
    graph = schema().ModelT.InitFromObj(schema().Model.GetRootAsModel(data, 0))
    graph.operatorCodes[0].customCode = b"mine"
    path = tmp_path / "m.tflite"
    path.write_bytes(pack(graph))
    assert main(["repair", str(path)]) == 1
    out = capsys.readouterr().out
    assert "Nothing was mended" in out
    assert "envdoctor-repair-" not in out
    assert not path.with_name("m_mended.tflite").exists()


def test_json(model, capsys):
    assert main(["repair", str(model), "--json", "-o", str(model.with_name("o.tflite"))]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["sound"]
    assert told["mends"][0]["name"] == "integer-edges"
    assert told["whole"]["identical"]
    assert told["whole"]["random"] == 20
