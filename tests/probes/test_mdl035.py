import pytest

from compiled_models import int8_model
from envdoctor.cli import main
from envdoctor.core.finding import Severity
from envdoctor.facts import Facts
from envdoctor.facts.model import ModelFacts
from envdoctor.tflite.readers import find_reader
from envdoctor_probes.mdl035_model_named_as_compiled import check


@pytest.mark.parametrize("name", ["m.vmfb", "m.rknn", "dir/m.HEF", "m.pte", "m.engine"])
def test_a_copy_of_the_input_is_no_compiled_file(name):
    (found,) = check.check(Facts(model=ModelFacts(name=name, reader=find_reader("litert"))))
    assert found.severity is Severity.ERROR
    assert ".tflite" in found.fix.text


@pytest.mark.parametrize("name", ["m.onnx", "m.keras", "dir/m.PB"])
def test_a_model_with_another_framework_s_name_is_told(name):
    (found,) = check.check(Facts(model=ModelFacts(name=name, reader=find_reader("litert"))))
    assert found.severity is Severity.WARNING
    assert "m.tflite" in found.fix.text
    assert "compiled" not in found.message


@pytest.mark.parametrize("name", ["m.tflite", "m.lite", "m", "m.bin", "b.task!m.tflite", "m.litertlm!m.tflite"])
def test_any_other_name_is_fine(name):
    assert not list(check.check(Facts(model=ModelFacts(name=name, reader=find_reader("litert")))))


@pytest.mark.slow
def test_model_refuses_what_a_replacement_compiler_copied(tmp_path, capsys):
    path = tmp_path / "m.vmfb"
    path.write_bytes(int8_model())
    assert main(["model", str(path), "--static"]) == 1
    assert "MDL035" in capsys.readouterr().out
    path.rename(tmp_path / "m.tflite")
    assert main(["model", str(tmp_path / "m.tflite"), "--static"]) == 0
