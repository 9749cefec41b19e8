"""What can still be done where nothing is open: judged for the machine, and never named where it would not help."""

import dataclasses
from pathlib import Path

import pytest

from envdoctor.core.artifact import Artifact
from envdoctor.core.availability import Cause, CauseKind, Cell, CellReason, CellVerdict, Pin, ReasonKind
from envdoctor.core.data import load_table
from envdoctor.core.errors import NoRoute
from envdoctor.core.finding import Fix, Severity
from envdoctor.core.request import BuildOptions
from envdoctor.core.route import Attempt, Reason, Route, StagePlan, StageResult, StageStatus, Verdict
from envdoctor.doctor.routes import make_request, plan
from envdoctor.doctor.workarounds import (
    Situation,
    changes_of_the_model,
    situation_of,
    situation_of_attempts,
    situation_of_package,
    workarounds,
)
from envdoctor.index.project import FileKind, IndexFile
from envdoctor.stages.problems import finding
from envdoctor.support.target_names import parse_target
from keras_files import write_keras
from onnx_bytes import model, node, value
from wheel_files import LINUX

ROWS = load_table("workarounds")


def route(*reasons, environment="vela"):
    stage = StagePlan(
        action="a", title="t", produces="k", place="local", environment=environment, reasons=tuple(reasons)
    )
    return Route(name="a", stages=(stage,), cost=1.0)


def attempt(found):
    """One that failed with a finding, or succeeded with none."""
    status = StageStatus.DONE if found is None else StageStatus.FAILED
    artifact = None if found else Artifact(kind="k", path=Path("m"), sha256="0")
    findings = () if found is None else (found,)
    planned = route()
    result = StageResult(stage=planned.stages[0], status=status, artifact=artifact, findings=findings)
    return Attempt(route=planned, results=(result,))


def blocked(code=""):
    return Reason(verdict=Verdict.BLOCKED, text="there is no wheel for this machine", code=code)


def test_what_a_person_can_change_at_the_model_is_named_once():
    cure = Reason(verdict=Verdict.BLOCKED, text="no form of X", fix=Fix(text="Write X out."), code="RUN176")
    waits = Reason(verdict=Verdict.FIXABLE, text="no samples", fix=Fix(text="Give samples."))
    assert changes_of_the_model([route(cure, waits), route(cure), route(blocked())]) == ("Write X out.",)


def test_a_kind_from_which_nothing_leads_is_not_named_to_start_from(tmp_path):
    (tmp_path / "m.onnx").write_bytes(model(node("Relu"), value("x", 1, 3)))
    with pytest.raises(NoRoute) as caught:
        plan(make_request(tmp_path / "m.onnx", "tflite-custom-ops", BuildOptions()))
    assert "onnx," not in str(caught.value).partition("start from")[2].partition("\n")[0]


def cell(verdict=CellVerdict.NO_WHEEL, version="1.0", message=""):
    reasons = (CellReason(kind=ReasonKind.BROKEN, severity=Severity.ERROR, subject="p", message=message),)
    return Cell(
        requirement=f"p=={version}",
        version=version,
        target="linux-aarch64-cp312",
        verdict=verdict,
        reasons=reasons if message else (),
    )


def file(name):
    kind = FileKind.WHEEL if name.endswith(".whl") else FileKind.SDIST
    version = name.removesuffix(".tar.gz").split("-")[1]
    return IndexFile(filename=name, url=f"https://example.org/{name}", kind=kind, version=version)


def starting(sentences, title):
    return next((one for one in sentences if one.startswith(title)), "")


def test_every_row_is_whole():
    for row in ROWS.values():
        assert set(row) >= {"for", "title", "effort", "blocker", "source"}
        assert set(row["for"]) <= {"routes", "matrix"}
        assert row["source"].startswith("https://")
        assert row.get("needs", "") in {
            "",
            "other-platform",
            "other-python",
            "source",
            "no-source",
            "holder",
            "package",
        }


def test_a_route_that_may_be_open_needs_no_workaround():
    fixable = Reason(verdict=Verdict.FIXABLE, text="needs samples")
    assert situation_of([route(blocked()), route(fixable)]) is None
    assert situation_of([]) is None


def test_another_machine_is_named_where_this_one_is_in_the_way():
    situation = situation_of([route(blocked())])
    said = workarounds("routes", situation)
    assert "it exists for linux-aarch64, linux-x86_64" in starting(said, "Use another machine")
    assert starting(said, "Run the model in the framework")
    assert not starting(said, "Build it from")


def test_another_machine_would_not_help_a_model_that_is_refused():
    situation = situation_of([route(blocked(code="MDL006"))])
    assert "it would not help" in starting(workarounds("routes", situation), "Use another machine")


@pytest.mark.parametrize(("problem", "named"), [("torch-factory-failed", False), ("torch-lowering-missing", True)])
def test_what_the_user_mends_needs_no_workaround(problem, named):
    found = finding(problem, "net.py", words="x")
    assert (situation_of([route(blocked(code=found.code))]) is not None) is named
    assert (situation_of_attempts([attempt(found)]) is not None) is named


def test_a_build_is_hopeless_if_all_of_its_routes_are():
    crash, samples = (
        finding("stage-crashed", "x", title="x", failure="x"),
        finding("calibration-mismatch", "x", words="x"),
    )
    assert situation_of_attempts([attempt(crash), attempt(crash)]) is not None
    assert situation_of_attempts([attempt(crash), attempt(samples)]) is None
    assert situation_of_attempts([attempt(crash), attempt(None)]) is None
    assert situation_of_attempts([]) is None


def test_a_kind_from_which_nothing_leads_there_is_told_with_what_is_left(tmp_path):
    with pytest.raises(NoRoute, match="start from one of") as caught:
        plan(make_request(write_keras(tmp_path / "m.keras"), "executorch-xnnpack", BuildOptions()))
    assert starting(str(caught.value).splitlines(), "- Use another machine: it would not help")
    assert starting(str(caught.value).splitlines(), "- Run the model in the framework")


WHEELS = (
    "p-1.0-cp312-cp312-manylinux_2_28_x86_64.whl",
    "p-1.0-cp312-cp312-macosx_12_0_arm64.whl",
    "p-1.0-cp312-cp312-manylinux_2_34_aarch64.whl",
    "p-1.0-cp310-cp310-manylinux2014_aarch64.whl",
    "p-1.0-cp39-cp39-win_amd64.whl",
)
TARGET = parse_target("linux-aarch64-cp312-glibc2.28", LINUX)


def of_package(files, cells, members=()):
    return situation_of_package("p", map(file, files), cells, [TARGET], dict(members))


def test_other_machines_and_pythons_are_those_that_have_wheels():
    situation = of_package(WHEELS, [cell()])
    said = workarounds("matrix", situation)
    machines = "Linux aarch64 (glibc 2.34), Linux x86_64 (glibc 2.28), macOS arm64 (12.0)"
    assert f"it exists for {machines} and this Python" in starting(said, "Use another machine")
    assert "it exists for cp310 (" in starting(said, "Use another Python")
    assert starting(said, "Build it from its repository")
    assert not starting(said, "Build it from its source distribution")


def test_nobody_has_wheels():
    said = workarounds("matrix", of_package(["p-1.0.tar.gz"], [cell()]))
    assert "there are no wheels of it for any other" in starting(said, "Use another machine")
    assert not starting(said, "Use another Python")
    assert starting(said, "Build it from its source distribution")
    assert not starting(said, "Build it from its repository")


def test_wheels_of_other_versions_do_not_count():
    """An executorch for any machine that was once there is no help where 0.6.0 is asked for."""
    said = workarounds("matrix", of_package([*WHEELS, "p-0.1-py3-none-any.whl", "p-2.0-cp39-cp39-any.whl"], [cell()]))
    assert "it exists for Linux aarch64" in starting(said, "Use another machine")


def test_a_wheel_for_any_machine_is_not_what_stands_in_the_way():
    said = workarounds("matrix", of_package(["p-1.0-py3-none-any.whl"], [cell()]))
    assert "its requirements decide" in starting(said, "Use another machine")


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": ReasonKind.CONFLICT},
        {"cause": Cause(kind=CauseKind.NAME, wheel="p 1.0", names=("q.gone",))},
        {"cause": Cause(kind=CauseKind.COMPILED, wheel="p 1.0", names=("numpy 1",))},
    ],
)
def test_no_machine_lets_versions_agree_that_exclude_each_other(changed):
    refused = cell(CellVerdict.BROKEN, message="p wants q<1")
    refused = dataclasses.replace(refused, reasons=(dataclasses.replace(refused.reasons[0], **changed),))
    said = workarounds("matrix", of_package(WHEELS, [refused]))
    assert "it would not help" in starting(said, "Use another machine")
    said = workarounds("matrix", of_package(WHEELS, [refused, cell()]))
    assert "it exists for" in starting(said, "Use another machine")


def test_a_good_version_needs_none():
    assert of_package([], [cell(), cell(CellVerdict.SOUND)]) is None


def test_where_something_is_not_known_no_version_is_called_bad():
    assert of_package([], [cell(), cell(CellVerdict.UNKNOWN)]) is None


def test_other_pins_that_are_sound_need_none():
    mended = dataclasses.replace(cell(CellVerdict.BROKEN), way_out=(Pin(name="numpy", version="1.26.4"),))
    assert of_package([], [mended]) is None


@pytest.mark.parametrize(("holder", "named"), [("p-0.9-py3-none-any.whl", True), ("p-1.0-py3-none-any.whl", False)])
def test_a_missing_library_is_looked_for_in_the_wheels_of_other_versions(holder, named):
    broken = cell(CellVerdict.BROKEN, message="p/a.so needs libmissing.so.1, which nothing provides")
    situation = of_package([], [broken], {holder: ["p/libs/libmissing.so.1", "p/__init__.py"]})
    said = starting(workarounds("matrix", situation), "Put the missing library")
    assert (f"{holder} holds libmissing.so.1" in said) is named


def test_mediapipe_is_rebuilt_only_where_it_is_asked_for():
    situation = Situation(package="mediapipe")
    title = "Rebuild MediaPipe"
    assert starting(workarounds("matrix", situation), title)
    assert not starting(workarounds("matrix", dataclasses.replace(situation, package="other")), title)
