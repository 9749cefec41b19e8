from pathlib import Path

import pytest

from envdoctor import planner, registry
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import BuildOptions, Request
from envdoctor.core.route import Verdict
from envdoctor.environments.spec import environment_names
from envdoctor.environments.status import EnvironmentStatus, State
from envdoctor.facts import Facts
from envdoctor.facts.environments import Environments
from envdoctor.facts.host import Host

ACTIONS = registry.actions()
OPTIONS = set(BuildOptions.__dataclass_fields__)


def routes(kind, goal, *traits, places=("local",)):
    source = Artifact(kind=kind, path=Path("m"), sha256="0", traits=frozenset(traits))
    found = planner.plan(ACTIONS, Request(source=source, goal=parse_goal(goal)), Facts())
    return {route.name for route in found if all(stage.place in places for stage in route.stages)}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_every_action_is_complete(action):
    assert action.title
    assert action.environment is None or action.environment in environment_names()
    assert action.options is None or action.options <= OPTIONS
    assert action.cost > 0
    assert (action.produces in action.consumes) == (action.mends is not None)


def test_keras_to_int8():
    assert routes(ArtifactKind.KERAS, "tflite-int8", "keras-3") == {
        "tf-int8",
        "tf-float+litert-int8",
        "tf-export+tf215-int8",
    }


def test_a_recurrent_model_has_a_route_more():
    assert "tf-unrolled-int8+vela" in routes(ArtifactKind.KERAS, "ethos-u55-128", "keras-3", "recurrent")


def test_a_file_of_keras_2_has_a_route_more():
    assert "keras2-export+tf215-int8" in routes(ArtifactKind.KERAS, "tflite-int8", "keras-2")


def test_from_other_sources():
    assert routes(ArtifactKind.SAVED_MODEL, "tflite-int8") == {"tf-int8", "tf215-int8", "tf-float+litert-int8"}
    assert routes(ArtifactKind.TFLITE_FLOAT, "ethos-u85-256") == {"litert-int8+vela"}
    assert routes(ArtifactKind.TFLITE_INT8, "ethos-u85-256") == {"vela"}
    assert routes(ArtifactKind.TFLITE_INT8, "edgetpu") == {"edgetpu"}
    assert routes(ArtifactKind.TFLITE_INT16X8, "ethos-u85-256") == {"vela"}
    assert routes(ArtifactKind.TFLITE_INT16X8, "edgetpu") == set()


def test_float_edges_of_16x8_are_taken_off_as_those_of_int8():
    mended = routes(ArtifactKind.TFLITE_INT16X8, "ethos-u85-256", "int16x8", "float-io")
    assert mended == {"vela", "mend-int16x8+vela"}


@pytest.mark.parametrize("form", ["int16x8", "dynamic", "float16"])
def test_to_what_people_ask_for_beside_int8(form):
    assert routes(ArtifactKind.TFLITE_FLOAT, f"tflite-{form}") == {f"litert-{form}"}
    assert routes(ArtifactKind.SAVED_MODEL, f"tflite-{form}") == {f"tf-float+litert-{form}"}


def test_from_pytorch():
    assert "torch-float+litert-int8+vela" in routes(ArtifactKind.TORCH, "ethos-u55-128")
    assert "torch-float+litert-float16" in routes(ArtifactKind.PT2, "tflite-float16")


def torch_routes(**options):
    """The routes from PyTorch where its environment with CUDA could be made and the other one can't be."""
    made = {name: EnvironmentStatus(name=name, title=name, state=State.MADE) for name in environment_names()}
    made["torch"] = EnvironmentStatus(name="torch", title="torch", state=State.IMPOSSIBLE, reason="not for this Python")
    made["torch-cuda"] = EnvironmentStatus(
        name="torch-cuda", title="PyTorch", state=State.MAKEABLE, download=3 * 10**9, installed=6 * 10**9
    )
    source = Artifact(kind=ArtifactKind.TORCH, path=Path("net.py"), sha256="0", factory="make", given="1x3x8x8")
    request = Request(
        source=source,
        goal=parse_goal("tflite-int8"),
        options=BuildOptions(random_calibration=True, **options),
        offline=True,
        cache=Path("no-such-cache"),
    )
    found = planner.plan(ACTIONS, request, Facts(environments=Environments(statuses=made), host=Host(system="linux")))
    return {route.stages[0].action: route for route in found}


def test_the_inputs_of_a_factory_have_to_be_said():
    found = ranked(ArtifactKind.TORCH, random_calibration=True)
    assert found[0] == ("torch-float+litert-int8", Verdict.FIXABLE)


def test_gigabytes_of_cuda_are_never_fetched_unasked():
    words = "this build of PyTorch comes with CUDA: 3.0 GB to download and 6.0 GB on disk"
    asked, allowed = torch_routes()["torch-cuda-float"], torch_routes(allow_large=True)["torch-cuda-float"]
    assert (words, Verdict.FIXABLE, False) in {(one.text, one.verdict, one.automatic) for one in asked.reasons}
    assert words not in {one.text for one in allowed.reasons}


def test_no_compiler_for_a_goal_that_is_not_its_own():
    assert not any("vela" in name for name in routes(ArtifactKind.KERAS, "edgetpu"))


def test_an_int8_file_with_faults_has_a_route_that_mends_it():
    faulty = ("int8", "float-io", "dynamic-batch")
    assert routes(ArtifactKind.TFLITE_INT8, "ethos-u85-256", *faulty) == {"mend+vela", "vela"}
    assert routes(ArtifactKind.TFLITE_INT8, "tflite-int8", *faulty) == {"mend"}
    assert routes(ArtifactKind.TFLITE_INT8, "tflite-int8", "int8") == set()


@pytest.mark.parametrize("trait", ["per-channel-dense", "newer-forms"])
def test_what_only_an_old_reader_minds_is_mended_for_it_alone(trait):
    assert routes(ArtifactKind.TFLITE_INT8, "ethos-u85-256", "int8", trait) == {"vela"}
    found = routes(ArtifactKind.TFLITE_INT8, "edgetpu", "int8", trait, places=("local", "ssh"))
    assert {"mend+edgetpu@ssh", "edgetpu@ssh"} <= found


def ranked(kind, *traits, **options):
    """The routes to int8 where every environment is there, with their verdicts."""
    made = {name: EnvironmentStatus(name=name, title=name, state=State.MADE) for name in environment_names()}
    source = Artifact(kind=kind, path=Path("m"), sha256="0", traits=frozenset(traits))
    request = Request(source=source, goal=parse_goal("tflite-int8"), options=BuildOptions(**options))
    found = planner.plan(ACTIONS, request, Facts(environments=Environments(statuses=made)))
    return [(route.name, route.verdict) for route in found]


def test_a_known_crash_is_ranked_behind_what_works():
    found = ranked(ArtifactKind.KERAS, "keras-3", "recurrent", random_calibration=True)
    assert found[0] == ("tf-unrolled-int8", Verdict.READY)
    assert ("tf-int8", Verdict.UNKNOWN) in found


def test_an_open_size_without_samples_is_ready_nowhere():
    found = ranked(ArtifactKind.KERAS, "keras-3", "open-sizes", random_calibration=True)
    assert {verdict for _, verdict in found} == {Verdict.FIXABLE}
    given = ranked(ArtifactKind.KERAS, "keras-3", "open-sizes", calibration=Path("x.npz"))
    assert {verdict for _, verdict in given} == {Verdict.READY}


@pytest.mark.parametrize("trait", ["float16", "control-flow"])
def test_what_no_conversion_takes_is_ready_nowhere(trait):
    found = ranked(ArtifactKind.SAVED_MODEL, trait, random_calibration=True)
    assert {verdict for _, verdict in found} == {Verdict.UNKNOWN}
    assert {verdict for _, verdict in ranked(ArtifactKind.SAVED_MODEL, random_calibration=True)} == {Verdict.READY}
