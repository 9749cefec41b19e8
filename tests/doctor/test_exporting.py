"""What only an exported graph tells, in a plan and while a build goes on."""

from pathlib import Path

import pytest

from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.errors import UsageProblem
from envdoctor.core.events import Note, StageEnded, ignore
from envdoctor.core.exported_graph import ExportedGraph
from envdoctor.core.finding import Finding
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import BuildOptions, Request
from envdoctor.core.route import StageResult, StageStatus, Verdict
from envdoctor.doctor.exporting import OpenRoutes, exported
from envdoctor.doctor.routes import make_request
from envdoctor.environments.status import EnvironmentStatus, State
from envdoctor.facts import Facts
from envdoctor.facts.environments import Environments
from envdoctor.facts.host import Host
from envdoctor.pipeline.torch import has_lowerings, parse_graph, was_exported
from envdoctor.stages.problems import finding
from envdoctor.stages.requirements import has_own_operators
from keras_files import write_keras

SOURCE = Artifact(kind=ArtifactKind.TORCH, path=Path("net.py"), sha256="0", factory="make", given="1x3x8x8")
OPEN = "torch-float+composites-to-custom"


def reasons(requirement, **graph):
    return list(requirement(Facts(), Request(source=SOURCE, graph=ExportedGraph(**graph))))


def made():
    names = ("torch", "torch-cuda", "litert", "onnx2tf")
    statuses = {name: EnvironmentStatus(name=name, title=name, state=State.MADE) for name in names}
    return Facts(environments=Environments(statuses=statuses), host=Host(system="linux"))


@pytest.fixture
def request_to_custom(tmp_path):
    file = tmp_path / "net.py"
    file.write_text("def make(): ...")
    options = BuildOptions(random_calibration=True, inputs="1x3x8x8")
    return make_request(Path(f"{file}:make"), "tflite-custom-ops", options)


@pytest.fixture
def plan(request_to_custom, monkeypatch):
    """The open routes of a build, and the notes that it gives; the machine is one that has everything."""
    facts, notes = made(), []
    monkeypatch.setattr("envdoctor.stages.torch.own_environment", lambda _: None)
    monkeypatch.setattr("envdoctor.facts.environments.own_environment", lambda _: None)
    routes = planned(request_to_custom, facts)
    return OpenRoutes(request_to_custom, facts, routes, notes.append, ""), notes


def planned(request, facts):
    from envdoctor import planner, registry

    return planner.plan(registry.actions(), request, facts)


def test_the_way_by_int8_is_no_detour(request_to_custom):
    names = [route.name for route in planned(request_to_custom, made())]
    assert names[0] == OPEN
    assert "torch-float+litert-int8+int8-composites-to-custom" in names


def test_what_leaves_no_custom_operator_is_blocked_on_the_way_to_them(request_to_custom):
    routes = {route.name: route for route in planned(request_to_custom, made())}
    for name, words in (("torch-custom-call", "no interpreter"), ("torch-onnx+onnx2tf", "ONNX has no composites")):
        (route,) = (routes[one] for one in routes if one.startswith(name) and "int8" not in one)
        assert route.verdict is Verdict.BLOCKED
        assert any(words in reason.text for stage in route.stages for reason in stage.reasons)


def test_an_operator_on_its_way_to_a_kernel_is_not_said_to_be_written_out():
    graph = ExportedGraph(own={"a.b.default": "written out", "a.c.default": "lowered as the code registered it"})
    asked = Request(source=SOURCE, graph=graph, goal=parse_goal("tflite-custom-ops"))
    assert [one.text.partition(" is ")[2] for one in has_lowerings(Facts(), asked)] == [
        "kept as a composite",
        "lowered as the code registered it",
    ]


def ended(route, graph):
    summary = {} if graph is None else {"graph": graph}
    return StageEnded(result=StageResult(stage=route.stages[0], status=StageStatus.FAILED, summary=summary))


def test_before_the_export_nobody_knows():
    (reason,) = has_own_operators(Facts(), Request(source=SOURCE))
    assert reason.verdict is Verdict.UNKNOWN
    assert not list(has_lowerings(Facts(), Request(source=SOURCE)))


@pytest.mark.parametrize(("own", "verdicts"), [({}, [Verdict.BLOCKED]), ({"mine.a.default": "decomposed"}, [])])
def test_after_it_the_way_of_own_operators_is_certain(own, verdicts):
    assert [one.verdict for one in reasons(has_own_operators, own=own)] == verdicts


def test_a_model_that_was_not_exported_leaves_that_unknown():
    (reason,) = reasons(has_own_operators, problem=finding("stage-out-of-time", "x", title="x", failure="x"))
    assert reason.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("graph", "verdict", "words"),
    [
        ({"control_flow": ["cond"]}, Verdict.BLOCKED, "can't convert cond"),
        ({"own": {"a.b.default": "x"}, "opaque": ["a.b.default"]}, Verdict.BLOCKED, "a.b.default has no body"),
        ({"sizes_of_values": ["aten.nonzero.default"]}, Verdict.UNKNOWN, "that aten.nonzero.default gives"),
        ({"own": {"a.b.default": "written out"}}, Verdict.READY, "a.b.default is written out"),
    ],
)
def test_what_the_graph_holds_decides_about_the_conversion(graph, verdict, words):
    (reason,) = has_lowerings(Facts(), Request(source=SOURCE, graph=parse_graph({"operators": 3, **graph})))
    assert (reason.verdict, words in reason.text) == (verdict, True)


@pytest.mark.parametrize(
    ("problem", "verdict"),
    [("torch-factory-failed", Verdict.BLOCKED), ("torch-not-there", Verdict.UNKNOWN)],
)
def test_a_failed_export_rules_out_what_is_the_models_own_fault(problem, verdict):
    found = finding(problem, "net.py", words="ValueError: x")
    assert isinstance(found, Finding)
    (reason,) = reasons(was_exported, problem=found)
    assert (reason.verdict, reason.code) == (verdict, found.code)


def test_a_build_plans_again_and_leaves_out_what_the_graph_rules_out(plan):
    routes, notes = plan
    turn = iter(routes)
    first = next(turn)
    routes.hear(ended(first, {"operators": 9}))
    assert next(turn, None) is None
    note, _ = [one for one in notes if isinstance(one, Note) and one.text.startswith("torch-composite")]
    assert "no operator of its own" in note.text
    assert all(route.verdict is Verdict.BLOCKED for route in routes.routes)


def test_and_takes_what_it_leaves_open_each_once(plan):
    routes, _ = plan
    before = [route.name for route in routes.routes if route.takeable]
    taken = []
    for route in routes:
        taken.append(route.name)
        routes.hear(ended(route, {"operators": 9, "own": {"mine.a.default": "written out"}}))
    assert sorted(taken) == sorted(before)
    assert len(taken) > 1
    assert {route.verdict for route in routes.routes if route.name in taken} == {Verdict.READY}


def test_a_stage_that_tells_nothing_changes_nothing(plan):
    routes, notes = plan
    before = routes.routes
    routes.hear(ended(before[0], None))
    assert routes.routes == before
    assert not [one for one in notes if isinstance(one, Note)]


def test_only_a_factory_is_exported_and_only_with_its_inputs(tmp_path, request_to_custom):
    keras = make_request(write_keras(tmp_path / "m.keras"), "tflite-int8", BuildOptions())
    with pytest.raises(UsageProblem, match="runs a PyTorch factory"):
        exported(keras, ignore)
    without = make_request(Path(f"{tmp_path / 'net.py'}:make"), "tflite-int8", BuildOptions())
    with pytest.raises(UsageProblem, match="say it with --inputs"):
        exported(without, ignore)


def test_without_being_asked_nothing_is_run(tmp_path):
    file = tmp_path / "net.py"
    file.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\ndef make(): ...")
    request = make_request(Path(f"{file}:make"), "tflite-int8", BuildOptions(inputs="1x3x8x8"))
    assert planned(request, made())
    assert not (tmp_path / "ran").exists()
