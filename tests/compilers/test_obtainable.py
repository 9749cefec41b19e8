"""Whether what compiles for a goal is here, or can be had: the same question of every compiler with an environment."""

import pytest

from envdoctor import registry
from envdoctor.compilers.executorch.probes.tch020_executorch_not_to_be_had import check as executorch
from envdoctor.compilers.iree.probes.tch022_iree_not_to_be_had import check as iree
from envdoctor.compilers.qualcomm.probes.tch021_onnxruntime_qnn_not_to_be_had import check as qualcomm
from envdoctor.compilers.rknn.probes.tch023_rknn_toolkit_not_to_be_had import check as rknn
from envdoctor.compilers.tflm.probes.tch024_tflite_micro_not_to_be_had import check as tflm
from envdoctor.compilers.vela.probes.tch008_vela_not_to_be_had import check as vela
from envdoctor.core.finding import Outcome, Severity
from envdoctor.environments.licenses import accept
from envdoctor.environments.status import EnvironmentStatus, State
from envdoctor.facts import Facts
from envdoctor.facts.environments import Environments
from envdoctor.facts.packages import Packages
from envdoctor.probing import run_probe

PROBES = {"vela": vela, "executorch": executorch, "qualcomm": qualcomm, "iree": iree, "rknn": rknn, "tflm": tflm}
pytestmark = pytest.mark.parametrize("name", PROBES)


@pytest.fixture(autouse=True)
def licences(tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: tmp_path / "config")
    accept(("qualcomm",))


def asked(name, state, **more):
    status = EnvironmentStatus(name=name, title="it", state=state, **more)
    facts = Facts(environments=Environments(statuses={name: status}), packages=Packages())
    return run_probe(PROBES[name], facts)


@pytest.mark.parametrize(
    ("state", "more", "outcome", "severities"),
    [
        (State.MADE, {}, Outcome.PASSED, []),
        (State.MAKEABLE, {"version": "3.11"}, Outcome.PASSED, [Severity.INFO]),
        (State.NO_PYTHON, {"reason": "no Python", "pythons": ("3.11",)}, Outcome.FAILED, [Severity.ERROR]),
        (State.IMPOSSIBLE, {"reason": "glibc is too old"}, Outcome.FAILED, [Severity.ERROR]),
    ],
    ids=["made", "makeable", "no-python", "impossible"],
)
def test_an_environment_that_a_build_makes_is_no_problem(name, state, more, outcome, severities):
    result = asked(name, state, **more)
    assert (result.outcome, [one.severity for one in result.findings]) == (outcome, severities)


def test_what_can_not_be_found_out_is_no_pass(name):
    assert run_probe(PROBES[name], Facts()).outcome is Outcome.UNKNOWN


def test_it_is_asked_for_its_goals_and_for_no_others(name):
    code = PROBES[name].code
    assert code in {one.code for one in registry.probes(None, registry.compilers()[name].topics)}
    assert code not in {one.code for one in registry.probes(None, frozenset({"machine"}))}


def test_a_licence_that_was_not_accepted_is_in_the_way(name, tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: tmp_path / "another")
    result = asked(name, State.MADE)
    assert (result.outcome is Outcome.FAILED) == (name == "qualcomm")
    assert all("licence" in one.message for one in result.findings)
