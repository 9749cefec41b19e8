"""Cells: verdicts by uv, reasons by the walk, judgments by a double, on an index double."""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace

import pytest

from envdoctor.availability.catalogue import Catalogue
from envdoctor.availability.cells import Asked, Cells
from envdoctor.availability.judging import Judgment
from envdoctor.availability.metadata import MetadataReader
from envdoctor.availability.uv import Outcome, Question, Resolution
from envdoctor.core.availability import CellReason, CellVerdict, Pin, ReasonKind
from envdoctor.core.finding import Severity
from index_wheels import publish, publish_sdist

pytestmark = pytest.mark.slow

LINUX = "cp311-cp311-manylinux_2_17_x86_64"


@pytest.fixture
def cell(client, catalogue, resolver, target):
    def fill(line, *, on="linux-x86_64-cp311", judge=None, explained=False, as_of=None):
        question = Question(requirements=(line,), target=target(on), as_of=as_of)
        asked = Asked(version=line.rpartition("==")[2], question=question, explained=explained)
        seen = catalogue if as_of is None else Catalogue(client, MetadataReader(client), as_of)
        return Cells(resolver, seen, judge).one(asked)

    return fill


def test_resolves_and_says_no_more(server, cell):
    publish(server, "app", "1.0", LINUX, requires=["lib"])
    publish(server, "lib", "2.0")
    found = cell("app==1.0")
    assert found.verdict is CellVerdict.RESOLVES
    assert found.target == "linux-x86_64-cp311"
    assert found.pins == (
        Pin(name="app", version="1.0", filename=f"app-1.0-{LINUX}.whl"),
        Pin(name="lib", version="2.0", filename="lib-2.0-py3-none-any.whl"),
    )
    assert found.tree == ()


@pytest.mark.parametrize(
    ("requires", "verdict", "kind"),
    [
        (["mac-only"], CellVerdict.NO_WHEEL, ReasonKind.OTHER_WHEELS),
        (["lib==9"], CellVerdict.NO_VERSION, ReasonKind.NO_VERSION),
        (["absent"], CellVerdict.NO_VERSION, ReasonKind.NO_PROJECT),
        (["newer"], CellVerdict.NO_VERSION, ReasonKind.REQUIRES_PYTHON),
        (["source"], CellVerdict.NEEDS_BUILD, ReasonKind.SOURCE_ONLY),
        (["lib<2", "lib>=2"], CellVerdict.CONFLICTS, ReasonKind.CONFLICT),
        (["source", "mac-only"], CellVerdict.NO_WHEEL, ReasonKind.OTHER_WHEELS),
    ],
)
def test_verdicts(server, cell, requires, verdict, kind):
    publish(server, "app", "1.0", requires=requires)
    publish(server, "mac-only", "1.0", "cp311-cp311-macosx_12_0_arm64")
    publish(server, "lib", "1.0")
    publish(server, "lib", "2.0")
    publish(server, "newer", "1.0", requires_python=">=3.12")
    publish_sdist(server, "source", "1.0")
    found = cell("app==1.0")
    assert found.verdict is verdict
    assert kind in {reason.kind for reason in found.reasons}
    assert found.resolver


def test_where_the_walk_finds_a_way_uv_has_the_last_word(server, cell):
    # Each requirement is fine on its own and with every other one: only all three together are not.
    publish(server, "app", "1.0", requires=["lib!=1.0", "lib!=2.0", "lib!=3.0"])
    for version in ("1.0", "2.0", "3.0"):
        publish(server, "lib", version)
    found = cell("app==1.0")
    assert found.verdict is not CellVerdict.RESOLVES
    assert found.reasons[0].kind is ReasonKind.RESOLVER
    assert found.reasons[0].message.startswith("Because ")
    assert found.reasons[0].evidence[0].source.startswith("uv pip compile")


def test_a_pre_release_that_was_taken_silently_is_named(server, cell):
    publish(server, "app", "1.0", requires=["lib"])
    publish(server, "lib", "1.0rc1")
    found = cell("app==1.0")
    assert found.verdict is CellVerdict.RESOLVES
    assert [reason.kind for reason in found.reasons] == [ReasonKind.PRE_RELEASE]


@pytest.mark.parametrize("known", ["project", "nowhere"])
def test_as_of_a_day_nothing_is_claimed_that_no_date_proves(server, cell, known):
    server.manners.upload_times = known
    publish(server, "app", "1.0", uploaded="2025-01-01T00:00:00Z")
    found = cell("app==1.0", as_of=datetime(2025, 6, 1, tzinfo=timezone.utc))
    assert found.verdict is CellVerdict.UNKNOWN
    assert found.reasons[0].kind is ReasonKind.NOT_LOOKED_AT


def test_as_of_a_day_later_versions_are_not_there(server, cell):
    publish(server, "app", "1.0", uploaded="2025-01-01T00:00:00Z", requires=["lib==2.0"])
    publish(server, "lib", "2.0", uploaded="2025-09-01T00:00:00Z")
    publish(server, "lib", "1.0", uploaded="2025-01-01T00:00:00Z")
    found = cell("app==1.0", as_of=datetime(2025, 6, 1, tzinfo=timezone.utc))
    assert found.verdict is CellVerdict.NO_VERSION
    assert "nearest: 1.0" in found.reasons[0].message


def test_an_upper_bound_on_python_is_named_since_pip_honours_it(server, cell):
    publish(server, "app", "1.0", requires=["lib"])
    publish(server, "lib", "2.0", requires_python="<3.11")
    publish(server, "lib", "1.0")
    found = cell("app==1.0")
    assert found.verdict is CellVerdict.RESOLVES
    assert [pin.version for pin in found.pins] == ["1.0", "2.0"]
    assert [(reason.kind, reason.severity) for reason in found.reasons] == [
        (ReasonKind.REQUIRES_PYTHON, Severity.WARNING)
    ]


def test_what_pip_would_take_where_it_honours_an_upper_bound(server, cell):
    publish(server, "app", "3.0", requires_python=">=3.8,<3.11")
    publish(server, "app", "2.0", requires_python=">=3.8", yanked="bad")
    publish(server, "app", "1.0", requires_python=">=3.8")
    publish(server, "only", "1.0", requires_python="<3.11")
    assert cell("app").reasons[0].message == (
        "app==3.0 asks for Python >=3.8,<3.11; uv disregards the upper bound, and pip does not: "
        "the newest version that suits it is 1.0."
    )
    assert cell("only").reasons[0].message.endswith("pip does not: no version of only with a wheel suits it.")


def test_a_network_that_fails_says_nothing_about_the_package(server, cell):
    server.fail("/simple/app/", *[503] * 20)
    found = cell("app==1.0")
    assert found.verdict is CellVerdict.UNKNOWN
    assert found.reasons[0].kind is ReasonKind.NETWORK


def test_where_no_index_answers_no_resolver_is_asked(server, catalogue, target):
    class Nobody:
        def resolve(self, question):
            raise AssertionError(f"{question} was asked")

    server.fail("/simple/app/", *[503] * 20)
    question = Question(requirements=("app[one]>=1", "other"), target=target("linux-x86_64-cp311"))
    found = Cells(Nobody(), catalogue).one(Asked(version="", question=question))
    assert (found.verdict, found.reasons[0].kind) == (CellVerdict.UNKNOWN, ReasonKind.NETWORK)


LOGIN = b"<html><head><title>Sign in</title></head><body><form><input name=user></form></body></html>"


def test_a_page_that_is_none_says_nothing_about_the_package(server, cell):
    """uv reads the same page, and finds no version on it."""
    publish(server, "a", "1", requires=["b"])
    server.extra["/simple/b/"] = ("text/html", LOGIN)
    found = cell("a==1")
    assert found.verdict is CellVerdict.UNKNOWN
    assert any("no page of a package index" in reason.message for reason in found.reasons)


@pytest.mark.parametrize(
    ("tags", "verdict", "words"),
    [
        (("macosx_11_0_arm64",), CellVerdict.NO_WHEEL, "RESOLVES as arm64 and NO-WHEEL as x86_64"),
        (("macosx_10_9_x86_64",), CellVerdict.NO_WHEEL, "NO-WHEEL as arm64 and RESOLVES as x86_64"),
        (("macosx_11_0_arm64", "macosx_10_9_x86_64"), CellVerdict.RESOLVES, "RESOLVES as arm64 and RESOLVES as x86_64"),
        (("macosx_10_9_universal2",), CellVerdict.RESOLVES, "RESOLVES as arm64 and RESOLVES as x86_64"),
    ],
)
def test_a_universal_python_needs_wheels_for_both_architectures(server, cell, tags, verdict, words):
    for tag in tags:
        publish(server, "app", "1.0", f"cp311-cp311-{tag}")
    found = cell("app==1.0", on="macos-universal2-cp311")
    assert (found.target, found.verdict) == ("macos-universal2-cp311", verdict)
    assert words in found.reasons[-1].message


def test_the_tree_is_there_if_it_was_wanted(server, cell):
    publish(server, "app", "1.0", requires=["lib"])
    publish(server, "lib", "1.0")
    (root,) = cell("app==1.0", explained=True).tree
    assert [child.chosen for child in root.children] == ["1.0"]
    publish(server, "bad", "1.0", requires=["absent"])
    assert cell("bad==1.0", explained=True).tree[0].children[0].reasons


class JudgeDouble:
    """Finds sets broken that hold one of `bad`."""

    def __init__(self, *bad):
        self.bad = set(bad)
        self.judged = []

    def judge(self, pins, target):
        self.judged.append(tuple(map(str, pins)))
        remedies = tuple(str(pin).replace("==", "!=") for pin in pins if str(pin) in self.bad)
        if not remedies:
            return Judgment(verdict=CellVerdict.SOUND)
        reason = CellReason(kind=ReasonKind.BROKEN, severity=Severity.ERROR, subject="x", message="is broken")
        return Judgment(verdict=CellVerdict.BROKEN, reasons=(reason,), remedies=remedies)


def test_a_sound_set(server, cell):
    publish(server, "app", "1.0")
    assert cell("app==1.0", judge=JudgeDouble()).verdict is CellVerdict.SOUND


def test_the_way_out_leaves_the_culprit_out(server, cell):
    publish(server, "app", "1.0", requires=["lib"])
    for version in ("1.0", "2.0", "3.0"):
        publish(server, "lib", version)
    found = cell("app==1.0", judge=JudgeDouble("lib==3.0", "lib==2.0"))
    assert found.verdict is CellVerdict.BROKEN
    assert list(map(str, found.way_out)) == ["app==1.0", "lib==1.0"]
    assert list(map(str, found.pins)) == ["app==1.0", "lib==3.0"]


def test_what_was_asked_for_is_never_left_out(server, cell):
    publish(server, "app", "1.0")
    publish(server, "app", "0.9")
    judge = JudgeDouble("app==1.0")
    assert cell("app==1.0", judge=judge).way_out == ()
    assert len(judge.judged) == 1


def test_the_search_for_a_way_out_is_bounded(server, cell):
    publish(server, "app", "1.0", requires=["lib"])
    bad = [f"lib=={number}.0" for number in range(40)]
    for number in range(40):
        publish(server, "lib", f"{number}.0")
    judge = JudgeDouble(*bad)
    assert cell("app==1.0", judge=judge).way_out == ()
    assert len(judge.judged) == 13


def test_breadth_first_over_the_culprits(server, cell):
    publish(server, "app", "1.0", requires=["left", "right"])
    for name in ("left", "right"):
        publish(server, name, "1.0")
        publish(server, name, "2.0")
    judge = JudgeDouble("left==2.0", "right==2.0", "left==1.0")
    found = cell("app==1.0", judge=judge)
    assert found.way_out == ()
    assert judge.judged[1:3] == [("app==1.0", "left==1.0", "right==2.0"), ("app==1.0", "left==2.0", "right==1.0")]


def test_many_cells_keep_their_order_and_tell_how_far_they_are(server, catalogue, resolver, target):
    versions = [f"{number}.0" for number in range(6)]
    for version in versions:
        publish(server, "app", version)
    asked = [
        Asked(version=version, question=Question(requirements=(f"app=={version}",), target=target("linux")))
        for version in versions
    ]
    told = []
    cells = Cells(resolver, catalogue).fill(asked, 3, lambda done, total: told.append((done, total)))
    assert [cell.version for cell in cells] == versions
    assert told == [(number, 6) for number in range(1, 7)]


def test_what_is_not_begun_in_time_is_unknown(server, catalogue, resolver, target, monkeypatch):
    publish(server, "app", "1.0")
    asked = [
        Asked(version="1.0", question=Question(requirements=("app==1.0",), target=target(name)))
        for name in ("linux", "macos-arm64", "windows-amd64")
    ]
    looks = iter([0.0, 1.0, 10.0, 11.0])
    monkeypatch.setattr("envdoctor.availability.cells.time", SimpleNamespace(monotonic=lambda: next(looks)))
    verdicts = [cell.verdict for cell in Cells(resolver, catalogue).fill(asked, 1, seconds=10)]
    assert verdicts == [CellVerdict.RESOLVES, CellVerdict.UNKNOWN, CellVerdict.UNKNOWN]


def test_a_conflict_comes_before_a_wheel_that_would_not_help(server, cell):
    """onnx2tf 2.4.2 on Python 3.13: a wheel of numpy 1.26.4 would change nothing."""
    publish(server, "app", "1.0", requires=["lib==1.26.4", "types==0.5.1"])
    publish(server, "types", "0.5.1", requires=["lib>=2.1"])
    publish_sdist(server, "lib", "1.26.4")
    publish(server, "lib", "2.1")
    found = cell("app==1.0")
    assert found.verdict is CellVerdict.CONFLICTS
    assert [reason.kind for reason in found.reasons] == [ReasonKind.CONFLICT, ReasonKind.SOURCE_ONLY]
    assert "app==1.0 wants lib==1.26.4, and types==0.5.1 wants lib>=2.1" in found.reasons[0].message


class _Crashing:
    """uv where no thread can be started."""

    def resolve(self, question):
        words = "thread 'main' panicked at x.rs:1:\nResource temporarily unavailable\n"
        words += "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace"
        return Resolution(outcome=Outcome.UNDECIDED, command="uv pip compile -", words=words)


def test_where_uv_crashes_its_cause_is_said(catalogue, target):
    question = Question(requirements=("app==1.0",), target=target("linux-x86_64-cp311"))
    found = Cells(_Crashing(), catalogue, None).one(Asked(version="1.0", question=question, explained=False))
    assert found.verdict is CellVerdict.UNKNOWN
    assert found.reasons[0].message == "uv could not decide: Resource temporarily unavailable"
