"""`envdoctor model`, as a user calls it."""

import json
import xml.etree.ElementTree as ET
import zipfile

import pytest

from compiled_models import int8_model
from envdoctor.cli import main
from shared_data import shared

pytestmark = pytest.mark.slow

WHOLE, PARTLY = "743acf193ebb8840", "3c2fd2847f70c21c"


@pytest.fixture
def models():
    return shared("data/edgetpu/models")


def test_a_model_that_is_mapped_whole_is_fine(models, capsys):
    assert main(["model", str(models / f"{WHOLE}.tflite"), "--to", "edgetpu"]) == 0
    assert "72 of 72 operators on the Edge TPU" in capsys.readouterr().out


def test_a_model_that_is_not_is_a_problem_with_reasons_and_advice(models, capsys):
    assert main(["model", str(models / f"{PARTLY}.tflite"), "--to", "edgetpu"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "230 of 254 operators on the Edge TPU" in out
    assert "24 on the CPU" in out
    assert "TRANSPOSE (215, 232, 237): it transposes 230,400 bytes" in out
    assert "242 on it with -a" in out


def test_json_holds_every_operator(models, capsys):
    main(["model", str(models / f"{PARTLY}.tflite"), "--to", "edgetpu", "--json"])
    ops = json.loads(capsys.readouterr().out)["ops"]
    assert len(ops) == 254
    assert {"index", "op", "placement", "status", "reason", "macs"} <= set(ops[215])
    assert (ops[215]["op"], ops[215]["placement"]) == ("TRANSPOSE", "CPU")


def test_options_of_the_compiler_are_predicted(models, capsys):
    path = str(models / f"{PARTLY}.tflite")
    main(["model", path, "--to", "edgetpu", "-a"])
    assert "242 of 254" in capsys.readouterr().out
    main(["model", path, "--to", "edgetpu", "-m", "10"])
    assert "0 of 254" in capsys.readouterr().out


def test_a_picture_is_drawn(models, tmp_path, capsys):
    picture = tmp_path / "placement.svg"
    main(["model", str(models / f"{PARTLY}.tflite"), "--for", "edgetpu", "--svg", str(picture)])
    capsys.readouterr()
    root = ET.fromstring(picture.read_text(encoding="utf-8"))
    assert len(root.findall("{http://www.w3.org/2000/svg}rect")) == 254


def test_what_is_no_model_is_one_sentence(tmp_path, capsys):
    path = tmp_path / "x.tflite"
    path.write_text("no model")
    assert main(["model", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"envdoctor: {path} is no .tflite file")


def test_a_source_is_told_from_a_damaged_file(tmp_path, capsys):
    path = tmp_path / "x.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("config.json", "metadata.json"):
            archive.writestr(name, "{}")
    assert main(["model", str(path)]) == 2
    assert f"{path} is a Keras model, which no compiler reads as it is" in capsys.readouterr().err
    assert main(["model", str(tmp_path / "absent.tflite")]) == 2
    assert "can't be read: No such file" in capsys.readouterr().err


def test_a_limit_of_the_device_is_a_gate(tmp_path, capsys):
    path = tmp_path / "m.tflite"
    path.write_bytes(int8_model())
    told = ["model", str(path), "--to", "tflm"]
    assert main([*told, "--arena", "64k", "--flash", "64k"]) == 0
    assert main([*told, "--arena", "100"]) == 1
    assert "RUN246" in capsys.readouterr().out
    assert main([*told, "--flash", "100"]) == 1
    assert "RUN247" in capsys.readouterr().out
    for goal in ([], ["--to", "edgetpu"]):
        assert main(["model", str(path), *goal, "--arena", "64k"]) == 2
        assert "--to tflm" in capsys.readouterr().err
