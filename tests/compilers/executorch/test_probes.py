"""Whether what compiles for these goals is here, or can be had."""

import pytest

from envdoctor import registry
from envdoctor.compilers.executorch import COMPILER
from envdoctor.compilers.executorch.probes.tch020_executorch_not_to_be_had import check
from envdoctor.core.finding import Outcome, Severity
from envdoctor.environments.status import EnvironmentStatus, State
from envdoctor.facts import Facts
from envdoctor.facts.environments import Environments
from envdoctor.facts.packages import Packages
from envdoctor.probing import run_probe


@pytest.fixture(autouse=True)
def licences(tmp_path, monkeypatch):
    from envdoctor.environments.licenses import accept

    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: tmp_path / "config")
    accept(("qualcomm",))


def asked(state, **more):
    status = EnvironmentStatus(name="executorch", title="it", state=state, **more)
    return run_probe(check, Facts(environments=Environments(statuses={"executorch": status}), packages=Packages()))


@pytest.mark.parametrize(
    ("state", "more", "outcome", "severities"),
    [
        (State.MADE, {}, Outcome.PASSED, []),
        (State.MAKEABLE, {"version": "3.11"}, Outcome.PASSED, [Severity.INFO]),
        (State.NO_PYTHON, {"reason": "no Python", "pythons": ("3.11",)}, Outcome.FAILED, [Severity.ERROR]),
        (State.IMPOSSIBLE, {"reason": "glibc is too old"}, Outcome.FAILED, [Severity.ERROR]),
    ],
)
def test_an_environment_that_a_build_makes_is_no_problem(state, more, outcome, severities):
    result = asked(state, **more)
    assert (result.outcome, [one.severity for one in result.findings]) == (outcome, severities)


def test_what_can_not_be_found_out_is_no_pass():
    assert run_probe(check, Facts()).outcome is Outcome.UNKNOWN


def test_it_is_asked_for_its_goals():
    assert "TCH020" in {one.code for one in registry.probes(None, COMPILER.topics)}
