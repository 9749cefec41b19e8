"""What can still be done where nothing is open: judged for the machine, and never named where it would not help."""

import dataclasses

import pytest

from envdoctor.core.availability import Cell, CellReason, CellVerdict, ReasonKind
from envdoctor.core.data import load_table
from envdoctor.core.finding import Severity
from envdoctor.core.route import Reason, Route, StagePlan, Verdict
from envdoctor.doctor.workarounds import Situation, situation_of, situation_of_package, workarounds
from envdoctor.index.project import FileKind, IndexFile

ROWS = load_table("workarounds")


def route(*reasons, environment="vela"):
    stage = StagePlan(
        action="a", title="t", produces="k", place="local", environment=environment, reasons=tuple(reasons)
    )
    return Route(name="a", stages=(stage,), cost=1.0)


def blocked(code=""):
    return Reason(verdict=Verdict.BLOCKED, text="there is no wheel for this machine", code=code)


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
    return IndexFile(filename=name, url=f"https://example.org/{name}", kind=kind, version="1.0")


def starting(sentences, title):
    return next((one for one in sentences if one.startswith(title)), "")


def test_every_row_is_whole():
    for row in ROWS.values():
        assert set(row) >= {"for", "title", "effort", "blocker", "source"}
        assert set(row["for"]) <= {"routes", "matrix"}
        assert row["source"].startswith("https://")
        assert row.get("needs", "") in {"", "other-platform", "source", "no-source", "holder", "package"}


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


WHEELS = ("p-1.0-cp312-cp312-manylinux_2_28_x86_64.whl", "p-1.0-cp312-cp312-macosx_12_0_arm64.whl")


def test_other_machines_are_those_that_have_wheels():
    situation = situation_of_package("p", map(file, (*WHEELS, "p-1.0-cp39-cp39-linux_aarch64.whl")), [cell()], {})
    assert situation.platforms == ("linux-x86_64", "macos-arm64")
    said = workarounds("matrix", situation)
    assert "linux-x86_64, macos-arm64" in starting(said, "Use another machine")
    assert starting(said, "Build it from its repository")
    assert not starting(said, "Build it from its source distribution")


def test_nobody_has_wheels():
    said = workarounds("matrix", situation_of_package("p", [file("p-1.0.tar.gz")], [cell()], {}))
    assert "no other machine has wheels" in starting(said, "Use another machine")
    assert starting(said, "Build it from its source distribution")
    assert not starting(said, "Build it from its repository")


def test_a_good_version_needs_none():
    assert situation_of_package("p", [], [cell(), cell(CellVerdict.SOUND)], {}) is None


@pytest.mark.parametrize(("holder", "named"), [("p-0.9-py3-none-any.whl", True), ("p-1.0-py3-none-any.whl", False)])
def test_a_missing_library_is_looked_for_in_the_wheels_of_other_versions(holder, named):
    broken = cell(CellVerdict.BROKEN, message="p/a.so needs libmissing.so.1, which nothing provides")
    situation = situation_of_package("p", [], [broken], {holder: ["p/libs/libmissing.so.1", "p/__init__.py"]})
    said = starting(workarounds("matrix", situation), "Put the missing library")
    assert (f"{holder} holds libmissing.so.1" in said) is named


def test_mediapipe_is_rebuilt_only_where_it_is_asked_for():
    situation = Situation(package="mediapipe")
    title = "Rebuild MediaPipe"
    assert starting(workarounds("matrix", situation), title)
    assert not starting(workarounds("matrix", dataclasses.replace(situation, package="other")), title)
