"""What a stage's result depends on."""

from pathlib import Path

import pytest

from envdoctor.action import Action
from envdoctor.compilers.vela.action import ACTION as VELA
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import BuildOptions, Request
from envdoctor.core.route import StagePlan
from envdoctor.executors.local import LocalExecutor
from envdoctor.pipeline import key
from envdoctor.pipeline.key import KeyMaker
from envdoctor.pipeline.stage import StageInput

SOURCE = Artifact(kind=ArtifactKind.TFLITE_INT8, path=Path("m.tflite"), sha256="1")


def key_of(action=VELA, goal="ethos-u55-128", source=SOURCE, place="local", **options):
    request = Request(source=source, goal=parse_goal(goal), options=BuildOptions(**options))
    plan = StagePlan(action=action.name, title="", produces=action.produces, place=place)
    return KeyMaker(request=request, executor=LocalExecutor()).make(plan, action, StageInput(artifact=source), None)


def test_the_same_stage_has_the_same_key():
    assert key_of() == key_of()
    assert key_of().complete
    assert key_of(stage_timeout=5, stage_memory=1 << 30, io_type="uint8") == key_of()


def test_what_the_action_looks_at_is_in_it():
    keys = {
        key_of(),
        key_of(goal="ethos-u65-256"),
        key_of(compiler_args=("--optimise", "Size")),
        key_of(require_mapped=0.5),
        key_of(place="elsewhere"),
    }
    assert len(keys) == 5


def test_two_goals_of_one_accelerator_are_two_when_another_program_reads_the_file():
    def any_goal(name):
        action = Action(
            name="x",
            title="",
            consumes=frozenset(),
            produces=ArtifactKind.TFLITE_INT8,
            run=VELA.run,
            options=frozenset(),
        )
        return key_of(action, name)

    assert any_goal("tflite-int8") != any_goal("edgetpu")


@pytest.mark.parametrize("form", ["{}", "--config={}"])
def test_a_file_that_an_argument_names_counts_by_its_content(tmp_path, form):
    config = tmp_path / "vela.ini"
    words = ("--config", form.format(config))
    absent = key_of(compiler_args=words)
    config.write_text("[System_Config.A]\n")
    first = key_of(compiler_args=words)
    config.write_text("[System_Config.B]\n")
    assert len({absent, first, key_of(compiler_args=words)}) == 3


def test_our_own_code_and_tables_are_in_it(monkeypatch):
    first = key_of()
    asked = []
    monkeypatch.setattr(key, "hash_code", lambda *folders: asked.append(folders) or "of other code")
    assert key_of() != first
    assert {"pipeline", "tflite", "data"} <= set(asked[0])
