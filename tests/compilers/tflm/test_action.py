import dataclasses
import json
from pathlib import Path

import pytest

import mend_models as made
from compiled_models import int8_model
from envdoctor.action import StageFailed
from envdoctor.compilers.tflm.action import ACTIONS, knows_operators
from envdoctor.compilers.tflm.estimate import estimate
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.command import CommandResult
from envdoctor.core.errors import EnvironmentProblem
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import BuildOptions, Request
from envdoctor.core.route import Verdict
from envdoctor.facts import Facts
from envdoctor.tflite.reader import read_model
from keras_files import DATA
from stages import stage_context

MICRO = {"refused": "", "used": 912, "head": 32, "tail": 880, "smallest": 1056, "allocations": ["Arena total 912"]}
LITERT = {"refused": "", "outputs": [{"name": "out", "values": 4, "different": 0, "steps": 0.0, "share": 0.0}]}


class Workers:
    """Doubles of the workers' processes: each writes the recorded values of its task."""

    def __init__(self, **values):
        self.values = {"run_micro": MICRO, "run_litert": LITERT} | values
        self.asked = []

    def __call__(self, command):
        request = json.loads(Path(command.argv[-1]).read_text())
        self.asked.append(request)
        values = self.values[request["task"]]
        if isinstance(values, str):
            Path(request["said"]).write_text(values)
            return CommandResult(argv=command.argv, returncode=-6)
        Path(request["result"]).write_text(json.dumps({"values": values}))
        return CommandResult(argv=command.argv, returncode=0)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "key word_int8.tflite"
    path.write_bytes(int8_model())
    return Artifact(kind=ArtifactKind.TFLITE_INT8, path=path, sha256="0")


def run(folder, source, workers):
    context = stage_context(folder / "stage", source, "tflm", python=Path("/env/bin/python"), run=workers)
    return ACTIONS[0].run(dataclasses.replace(context, interpreter=lambda _: Path("/litert/bin/python")))


def test_what_is_measured_and_made(tmp_path, source):
    workers = Workers()
    output = run(tmp_path, source, workers)
    assert output.path.read_bytes() == int8_model()
    assert output.summary["arena"]["bytes_needed"] == 1056
    assert output.summary["arena"]["bytes_used"] == 912
    assert output.summary["flash"]["bytes_of_model"] == len(int8_model())
    assert "resolver.AddRelu();" in output.summary["register"]
    assert "MicroMutableOpResolver<1>" in output.summary["register"]
    assert [Path(request["tasks"]).name for request in workers.asked] == ["workers", "workers"]


def test_the_array_is_the_model(tmp_path, source):
    array, header, resolver = run(tmp_path, source, Workers()).files
    rows = array.read_text().partition("{")[2].partition("}")[0]
    assert bytes(int(word, 16) for word in rows.replace(",", " ").split()) == int8_model()
    assert f"g_key_word_model_data_len = {len(int8_model())};" in array.read_text()
    assert f'#include "{header.name}"' in array.read_text()
    assert "g_key_word_model_data[]" in header.read_text()
    assert "resolver.AddRelu()" in resolver.read_text()


def test_a_refusal_has_the_interpreters_words(tmp_path, source):
    words = "Didn't find op for builtin opcode 'RELU'"
    with pytest.raises(StageFailed) as caught:
        run(tmp_path, source, Workers(run_micro={"refused": words}))
    assert caught.value.finding.name == "tflm-operator-missing"
    assert words in caught.value.finding.message


def test_a_refusal_names_all_operators_that_are_known_to_be_refused(tmp_path, source):
    source.path.write_bytes((DATA / "tflite/pixels.tflite").read_bytes())
    with pytest.raises(StageFailed) as caught:
        run(tmp_path, source, Workers(run_micro={"refused": "Didn't find op for builtin opcode 'TILE'"}))
    assert "TILE" in caught.value.finding.evidence[-1].excerpt


def test_a_crash_has_what_was_said_before(tmp_path, source):
    with pytest.raises(StageFailed) as caught:
        run(tmp_path, source, Workers(run_micro="softmax is too wide\nFatal Python error: Aborted\n  File x"))
    assert caught.value.finding.name == "tflm-crashed"
    assert "softmax is too wide" in caught.value.finding.message
    assert "File x" not in caught.value.finding.message


def test_what_litert_does_not_run_is_not_compared(tmp_path, source):
    output = run(tmp_path, source, Workers(run_litert={"refused": "no kernel"}))
    assert "no kernel" in output.summary["litert"]["unknown"]


def test_without_litert_nothing_is_compared(tmp_path, source):
    def missing(_):
        raise EnvironmentProblem("no wheel")

    context = stage_context(tmp_path / "stage", source, "tflm", python=Path("/env/bin/python"), run=Workers())
    output = ACTIONS[0].run(dataclasses.replace(context, interpreter=missing))
    assert "no wheel" in output.summary["litert"]["unknown"]


def test_a_truncated_file_never_reaches_the_interpreter(tmp_path, source):
    source.path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(20))
    workers = Workers()
    with pytest.raises(StageFailed) as caught:
        run(tmp_path, source, workers)
    assert caught.value.finding.name == "model-refused"
    assert not workers.asked


def told(path=Path("m"), kind=ArtifactKind.KERAS, *traits):
    source = Artifact(kind=kind, path=path, sha256="0", traits=frozenset(traits))
    return [reason.text for reason in knows_operators(Facts(), Request(source=source, goal=parse_goal("tflm")))]


def test_what_it_is_known_to_refuse_is_told_before(tmp_path):
    maker = made.Maker()
    given, out = maker.tensor([1, 4]), maker.tensor([1, 4])
    maker.operator("EXP", [given], [out])
    path = tmp_path / "m.tflite"
    path.write_bytes(maker.done([given], [out]))
    assert told(path, ArtifactKind.TFLITE_INT8) == ["TensorFlow Lite Micro is known to refuse EXP"]
    assert told(path, ArtifactKind.TFLITE_INT8, "dynamic-shapes") == []
    assert told(path, ArtifactKind.TFLITE_FLOAT) == []
    path.write_bytes(b"no model")
    assert told(path, ArtifactKind.TFLITE_INT8) == []


@pytest.mark.parametrize(
    ("name", "code", "way_out"), [("flatten_float16", "RUN241", "envdoctor repair"), ("pixels", "RUN243", "int8")]
)
def test_a_float_file_that_is_refused_as_it_is_is_not_called_ready(name, code, way_out):
    path = DATA / f"tflite/{name}.tflite"
    request = Request(source=Artifact(kind=ArtifactKind.TFLITE_FLOAT, path=path, sha256="0"), goal=parse_goal("tflm"))
    reasons = [one for requirement in ACTIONS[1].requires[1:] for one in requirement(Facts(), request)]
    assert [one.code for one in reasons] == [code]
    assert reasons[0].verdict is Verdict.UNKNOWN
    assert way_out in reasons[0].fix.text
    assert estimate(read_model(path)).fix == reasons[0].fix.text


def test_what_a_source_becomes_is_held_against_its_kernels():
    names = ("stays float GELU", "stays float EXP", "stays float NEG", "stays float SELECT")
    assert told(Path("m"), ArtifactKind.KERAS, *names) == ["TensorFlow Lite Micro is known to refuse EXP, GELU"]
    assert told(Path("m"), ArtifactKind.KERAS, "stays float NEG") == []


@pytest.mark.parametrize(
    ("limits", "codes"), [({}, []), ({"arena": 1 << 20}, []), ({"arena": 100, "flash": 10}, ["RUN246", "RUN247"])]
)
def test_a_route_of_a_file_that_is_predicted_not_to_fit_is_not_called_ready(tmp_path, limits, codes):
    file = tmp_path / "m.tflite"
    file.write_bytes(int8_model())
    own, floats = ACTIONS[0].requires[-1], ACTIONS[1].requires[-1]
    source = Artifact(kind=ArtifactKind.TFLITE_INT8, path=file, sha256="0")
    request = Request(source=source, options=BuildOptions(**limits))
    found = list(own(Facts(), request))
    assert sorted(one.code for one in found) == codes
    assert {one.verdict for one in found} <= {Verdict.UNKNOWN}
    as_float = dataclasses.replace(request, source=dataclasses.replace(source, kind=ArtifactKind.TFLITE_FLOAT))
    assert not list(own(Facts(), as_float)), "what it becomes in int8 is not known"
    assert sorted(one.code for one in floats(Facts(), as_float)) == codes
