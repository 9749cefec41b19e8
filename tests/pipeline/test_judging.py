import pytest

from envdoctor.core.finding import Severity
from envdoctor.core.goal import goal_names, parse_goal
from envdoctor.pipeline.judging import judge_rest
from envdoctor.tflite.reader import read_model
from envdoctor.tflite.readers import find_reader
from graphs import Graph
from shared_data import shared

MICRO, LITERT = "tflm", "litert"


def test_kernels_of_custom_operators_come_from_their_makers():
    graph = Graph()
    given = graph.op("CUSTOM", [graph.input((1, 8))], (1, 8), custom="PosenetDecoderOp")
    assert list(judge_rest(graph.model(given), [MICRO])) == []


def compiled(*left, kind="INT32"):
    """What a compiler left: its own operator, and operators on the CPU."""
    graph = Graph()
    given = graph.op("CUSTOM", [graph.input((1, 8))], (1, 8), custom="ethos-u")
    for name in left:
        given = graph.op(name, [given], (1, 8), kind)
    return graph.model(given)


@pytest.mark.parametrize(
    ("model", "runtimes", "severity"),
    [
        (compiled(), [MICRO], None),
        (compiled("TOPK_V2"), [MICRO], Severity.ERROR),
        (compiled("TOPK_V2"), [MICRO, LITERT], Severity.WARNING),
        (compiled("TOPK_V2"), [LITERT], None),
    ],
)
def test_what_is_left_on_the_cpu_must_run_there(model, runtimes, severity):
    found = list(judge_rest(model, runtimes))
    assert [one.severity for one in found] == ([severity] if severity else [])
    for one in found:
        assert "operator 1, TOPK_V2" in one.message
        assert "ethos-u" not in str(one)


def test_an_element_type_that_one_of_the_runtimes_refuses():
    """SQUARED_DIFFERENCE on int16: LiteRT has no kernel, TensorFlow Lite Micro does, and Vela compiles it."""
    whole = read_model(shared("data/reports/models/c04_16x8.tflite"))
    assert list(judge_rest(whole, [MICRO])) == []
    (found,) = judge_rest(whole, [LITERT])
    assert (found.name, found.severity) == ("runtime-refuses-rest", Severity.ERROR)
    assert "SQUARED_DIFFERENCE on INT16" in found.message
    (found,) = judge_rest(whole, [MICRO, LITERT])
    assert (found.name, found.severity) == ("one-runtime-refuses-rest", Severity.WARNING)


def test_the_runtimes_of_goals_are_known():
    goals = [parse_goal(name) for name in goal_names()]
    assert {goal.compiler for goal in goals if goal.runtimes} == {"edgetpu", "vela"}
    assert all(find_reader(name) for goal in goals for name in goal.runtimes)
