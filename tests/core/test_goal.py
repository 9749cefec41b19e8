"""Goals by name."""

import pytest

from envdoctor.core.errors import UsageProblem
from envdoctor.core.goal import goal_names, parse_goal


def test_every_goal_of_the_issue_is_there():
    macs = {"u55": (32, 64, 128, 256), "u65": (256, 512), "u85": (128, 256, 512, 1024, 2048)}
    forms = ("int8", "int16x8", "dynamic", "weight-only", "float16", "mixed", "custom-ops")
    quantized = {f"tflite-{form}" for form in forms}
    wanted = {*quantized, "edgetpu", *(f"ethos-{family}-{n}" for family, sizes in macs.items() for n in sizes)}
    wanted |= {"executorch-xnnpack", *(f"executorch-{name}" for name in wanted if name.startswith("ethos"))}
    wanted |= {f"qualcomm-{chip}" for chip in ("sm8750", "sm8650", "qcs6490")}
    assert wanted <= set(goal_names())
    for name in wanted:
        assert parse_goal(name).name == name


def test_what_a_goal_says():
    goal = parse_goal(" Ethos-U55-128 ")
    assert (goal.kind, goal.compiler, goal.accelerator) == ("vela-tflite", "vela", "ethos-u55-128")
    assert parse_goal("edgetpu").per_tensor_dense
    assert not parse_goal("tflite-int8").per_tensor_dense


@pytest.mark.parametrize(("typed", "near"), [("edge-tpu", "edgetpu"), ("ethos-u55-129", "ethos-u55-128")])
def test_a_near_miss_names_the_nearest(typed, near):
    with pytest.raises(UsageProblem, match=f"'{typed}' is not a goal.*did you mean {near}"):
        parse_goal(typed)


def test_something_else_lists_all():
    with pytest.raises(UsageProblem, match=r"the goals are .*tflite-int8, .*ethos-u85-2048"):
        parse_goal("zzzzz")
