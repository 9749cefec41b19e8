"""What stands in the way of a build for a Hexagon, told before anything is fetched."""

from pathlib import Path

import pytest

from envdoctor.compilers.qualcomm.action import needs_integers, newer_system
from envdoctor.compilers.qualcomm.socs import name_of, soc_of, socs
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.errors import UsageProblem
from envdoctor.core.goal import goal_names, parse_goal
from envdoctor.core.request import BuildOptions, Request
from envdoctor.core.route import Verdict
from envdoctor.environments.status import EnvironmentStatus, State
from envdoctor.facts import Facts
from envdoctor.facts.environments import Environments
from envdoctor.facts.host import Host


def asked(goal, traits=(), **options):
    source = Artifact(kind=ArtifactKind.ONNX, path=Path("m.onnx"), sha256="0", traits=frozenset(traits))
    request = Request(source=source, goal=parse_goal(goal), options=BuildOptions(**options))
    return list(needs_integers(Facts(), request))


def test_a_float_model_needs_samples_where_the_hexagon_takes_no_floats():
    (reason,) = asked("qualcomm-qcs6490")
    assert reason.verdict is Verdict.FIXABLE
    assert "--calibration" in reason.fix.text
    assert asked("qualcomm-qcs6490", {"quantized"}) == []
    assert asked("qualcomm-qcs6490", random_calibration=True) == []
    assert asked("qualcomm-sm8750") == []


def test_where_the_system_is_too_old_a_container_is_named():
    status = EnvironmentStatus(name="qualcomm", title="it", state=State.IMPOSSIBLE, reason="needs glibc 2.35")
    facts = Facts(environments=Environments(statuses={"qualcomm": status}), host=Host(system="linux"))
    (reason,) = newer_system(facts, Request())
    assert reason.verdict is Verdict.BLOCKED
    (command,) = reason.fix.commands
    assert command[:2] == ("docker", "run")
    assert "--accept-license qualcomm" in command[-1]


def test_every_goal_names_a_chip_of_the_table():
    named = {parse_goal(name).accelerator for name in goal_names() if name.startswith("qualcomm-")}
    assert named == {one.name for one in socs()}
    assert len({one.model for one in socs()}) == len(socs())
    assert name_of(soc_of("SM8750").model) == "SM8750"
    with pytest.raises(UsageProblem, match="SM8750"):
        soc_of("SM1")
