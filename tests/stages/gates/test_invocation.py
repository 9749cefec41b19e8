import dataclasses

import pytest

from envdoctor.action import StageFailed
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.errors import EnvironmentProblem
from envdoctor.stages.gates import invocation
from envdoctor.stages.gates.invocation import judge_run, run_given, run_once
from envdoctor.stages.problems import finding
from stages import stage_context


def test_a_model_that_runs_both_ways():
    assert list(judge_run({"plain": "", "delegated": ""}, "m.tflite")) == []


def test_a_model_that_the_kernels_refuse_is_an_error():
    (found,) = judge_run({"plain": "got 7.", "delegated": "got 7."}, "m.tflite")
    assert (found.name, found.severity.name) == ("interpreter-refused", "ERROR")
    assert found.message.endswith("refuses the model: got 7.")


def test_a_model_that_only_the_delegate_refuses_is_a_warning():
    (found,) = judge_run({"plain": "", "delegated": "failed to delegate"}, "m.tflite")
    assert (found.name, found.severity.name) == ("default-delegate-refuses", "WARNING")
    assert "BUILTIN_WITHOUT_DEFAULT_DELEGATES" in found.fix.text


@pytest.fixture
def context(tmp_path):
    source = Artifact(kind=ArtifactKind.TFLITE_INT8, path=tmp_path / "m.tflite", sha256="0")
    given = stage_context(tmp_path / "stage", source)
    return dataclasses.replace(given, interpreter=lambda _: tmp_path / "python")


def crashing(*, always):
    """The worker, which crashes with the delegates, or always."""

    def ask(_context, _task, request, _python):
        if always or True in request["delegates"]:
            words = {"title": "the LiteRT interpreter", "failure": "was killed by SIGSEGV"}
            raise StageFailed(finding("stage-crashed", "m.tflite", **words))
        return {"plain": ""}

    return ask


@pytest.mark.parametrize(("always", "name"), [(False, "default-delegate-refuses"), (True, "interpreter-refused")])
def test_a_crash_is_a_finding(context, monkeypatch, tmp_path, always, name):
    monkeypatch.setattr(invocation, "run_worker", crashing(always=always))
    (found,) = run_once(context, tmp_path / "m.tflite")
    assert found.name == name
    assert "SIGSEGV" in found.message


def test_without_litert_nothing_is_said(context, tmp_path):
    def refuse(_):
        raise EnvironmentProblem("no Python fits")

    assert list(run_once(dataclasses.replace(context, interpreter=refuse), tmp_path / "m.tflite")) == []


@pytest.mark.parametrize(
    ("plain", "told"),
    [("", []), ("got 7.", ["interpreter-refused"]), ("Encountered unresolved custom op: Mine.", [])],
)
def test_what_is_compiled_as_it_was_given_is_run_first(context, monkeypatch, plain, told):
    monkeypatch.setattr(invocation, "run_worker", lambda *_: {"plain": plain})
    assert [found.name for found in run_given(context)] == told
    made = dataclasses.replace(context.source, path=context.source.path.with_name("made.tflite"))
    assert list(run_given(dataclasses.replace(context, source=made))) == [], "its own gate ran it"
    assert list(run_given(dataclasses.replace(context, place="qemu"))) == []
