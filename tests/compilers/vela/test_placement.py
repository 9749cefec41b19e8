"""Reading off a file that Vela compiled which operators stayed on the CPU; and Vela that is not there."""

import pytest

from envdoctor.compilers.vela import COMPILER
from envdoctor.compilers.vela.placement import placed
from envdoctor.core.finding import Outcome
from envdoctor.core.prediction import Placement
from envdoctor.doctor import trial as trial_module
from envdoctor.doctor.model import inspect_model
from envdoctor.doctor.trial import Trial, try_compiler
from envdoctor.pipeline.judging import judge_rest
from envdoctor.tflite.reader import open_model, read_model
from tflite_bytes import model, pack, small, tensor


def chain(*names, codes):
    """A model of operators in a row, each writing the tensor of that name."""
    tensors = [tensor([1, 4], name=name) for name in (b"in", *names)]
    operators = [(number, [number], [number + 1], 0, None) for number in range(len(names))]
    return open_model(
        pack(model(tensors=tensors, operators=operators, codes=codes, inputs=[0], outputs=[len(names)])), name="m"
    )


def test_operators_whose_tensors_the_compiled_file_still_writes_are_on_the_cpu():
    source = chain(b"a", b"b", b"c", codes=[(19, 1, None), (21, 1, None), (19, 1, None)])
    compiled = chain(b"a", b"c", codes=[(19, 1, None), (32, 1, b"ethos-u")])
    said = {"operator": "RELU", "tensor": "a", "reason": "too wide"}
    first, second, third = placed(source, compiled, {"reasons": [said]}).ops
    assert (first.placement, first.reason) == (Placement.CPU, "too wide")
    assert [one.placement for one in (second, third)] == [Placement.MAPPED, Placement.MAPPED]
    assert second.reason == ""


def test_an_operator_without_a_warning_says_that_there_is_none():
    source = chain(b"a", codes=[(19, 1, None)])
    (only,) = placed(source, source, {}).ops
    assert (only.placement, only.reason) == (Placement.CPU, "Vela gives no reason")


@pytest.mark.slow
def test_where_vela_is_not_there_it_is_said_and_nothing_is_guessed(tmp_path, monkeypatch):
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "m.tflite"
    path.write_bytes(pack(small()))
    trial = try_compiler(path, "ethos-u55-128", COMPILER)
    assert trial.placement is None
    assert f"envdoctor build {path} --to ethos-u55-128" in trial.unplaced
    report = inspect_model(path, goal="ethos-u55-128")
    (result,) = (result for result in report.probes if result.code == "MDL014")
    assert (result.outcome, report.complete) == (Outcome.UNKNOWN, False)
    assert trial.unplaced in result.reason
    assert {op.placement for op in report.ops} == {""}
    assert "name one of ethos-u55-32" in try_compiler(path, "vela", COMPILER).unplaced


def test_what_is_left_to_the_cpu_and_does_not_run_there_is_told_as_a_build_tells_it(tmp_path, monkeypatch):
    path = tmp_path / "m.tflite"
    path.write_bytes(pack(small()))
    (found,) = judge_rest(chain(b"a", b"b", codes=[(32, 1, b"ethos-u"), (13, 1, None)]), ["tflm"])
    monkeypatch.setattr(
        trial_module, "try_compiler", lambda *_: Trial(placement=placed(*[read_model(path)] * 2, {}), rest=(found,))
    )
    report = inspect_model(path, goal="ethos-u55-128")
    assert report.findings == (found,)
    assert "LOCAL_RESPONSE_NORMALIZATION" in found.message
    assert report.summary.exit_code == 1
