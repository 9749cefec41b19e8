"""Recurrent layers on their way to 16x8: the quantizer finds no ranges in a loop, so that it has to be gone before."""

from pathlib import Path

import pytest

from envdoctor import registry
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import Request
from envdoctor.facts import Facts

ACTIONS = {action.name: action for action in registry.actions()}
LOOP = "the LiteRT quantizer is known to fail on a recurrent layer"


def says_so(action, goal, kind=ArtifactKind.KERAS):
    source = Artifact(kind=kind, path=Path("m"), sha256="0", traits=frozenset({"recurrent"}))
    request = Request(source=source, goal=parse_goal(goal))
    told = []
    for requirement in ACTIONS[action].requires:
        if "environment" not in getattr(requirement, "__qualname__", ""):
            told += [reason.text for reason in requirement(Facts(), request)]
    return LOOP in told


@pytest.mark.parametrize(
    ("action", "goal", "expected"),
    [
        ("tf-float", "tflite-int16x8", True),
        ("tf-float", "tflite-dynamic", False),
        ("tf-unrolled-float", "tflite-int16x8", False),
        ("litert-int16x8", "tflite-int16x8", False),  # the stage before tells
    ],
)
def test_a_loop_is_told_where_it_stays(action, goal, expected):
    assert says_so(action, goal) is expected


def test_only_recurrent_models_are_unrolled():
    plain = Artifact(kind=ArtifactKind.KERAS, path=Path("m"), sha256="0")
    assert not ACTIONS["tf-unrolled-float"].applies(plain)
    assert says_so("litert-int16x8", "tflite-int16x8", ArtifactKind.SAVED_MODEL)
