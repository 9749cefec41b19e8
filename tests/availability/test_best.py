"""The best answers in words."""

from __future__ import annotations

import pytest

from envdoctor.availability.best import best_answers
from envdoctor.core.availability import Cell, CellReason, CellVerdict, Pin, ReasonKind
from envdoctor.core.finding import Severity
from envdoctor.support.target_names import target_name


def test_neighbouring_pythons_with_one_answer_share_a_phrase(target):
    targets = [target(f"macos-arm64-cp3{minor}") for minor in (10, 11, 12, 13)] + [target("linux-x86_64-cp313t")]
    good = {("2.0", 10): CellVerdict.SOUND, ("2.0", 11): CellVerdict.SOUND, ("1.0", 12): CellVerdict.RESOLVES}
    cells = [
        Cell(
            requirement="app",
            version=version,
            target=target_name(one),
            verdict=good.get((version, one.interpreter.version[1]), CellVerdict.NO_WHEEL),
        )
        for version in ("2.0", "1.0")
        for one in targets
    ]
    mac, linux = best_answers("app", targets, cells)
    assert mac == (
        "app on macOS arm64 (13.0): 2.0 is the newest that is sound for Python 3.10-3.11; "
        "1.0 is the newest that resolves for Python 3.12; none of 2 versions works as it is for Python 3.13."
    )
    assert linux == "app on Linux x86_64 (glibc 2.28): none of 2 versions works as it is for Python cp313t."


def test_a_way_out_is_an_answer(target):
    one = target("macos-arm64-cp311")
    cell = Cell(
        requirement="app",
        version="1.0",
        target=target_name(one),
        verdict=CellVerdict.BROKEN,
        pins=(Pin(name="app", version="1.0"), Pin(name="numpy", version="2.4.6")),
        way_out=(Pin(name="app", version="1.0"), Pin(name="numpy", version="1.26.4")),
    )
    (answer,) = best_answers("app", [one], [cell])
    assert "1.0 is sound, with other pins than a resolver's own (numpy==1.26.4), for Python 3.11" in answer


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (["SOUND"], "3.0 is sound"),
        (["PROVEN", "SOUND"], "3.0 is the newest that is proven to install and import"),
        (["NO-WHEEL"], "3.0 does not work as it is"),
        (["UNKNOWN"], "3.0 could not be judged"),
        (["UNKNOWN", "NO-WHEEL", "SOUND"], "1.0 is the newest that is sound (not known of 3.0)"),
        (["NO-WHEEL", "SOUND", "UNKNOWN"], "2.0 is the newest that is sound"),
        (["BROKEN", "UNKNOWN", "UNKNOWN"], "none of 1 versions works as it is (2.0, 1.0 could not be judged)"),
        (["UNKNOWN", "UNKNOWN"], "none of 2 versions could be judged"),
    ],
)
def test_no_more_is_said_than_was_looked_at(target, verdicts, said):
    one = target("macos-arm64-cp311")
    cells = [
        Cell(requirement="app", version=f"{3 - number}.0", target=target_name(one), verdict=CellVerdict(verdict))
        for number, verdict in enumerate(verdicts)
    ]
    assert best_answers("app", [one], cells) == (f"app on macOS arm64 (13.0): {said} for Python 3.11.",)


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ([ReasonKind.PURE_SOURCE], "app on Linux x86_64 (glibc 2.28): 1.0 must be built from source, which takes no"),
        ([ReasonKind.PURE_SOURCE, ReasonKind.SOURCE_ONLY], "app on Linux x86_64 (glibc 2.28): 1.0 does not work as it"),
    ],
)
def test_a_pure_source_is_no_failure(target, kinds, said):
    one = target("linux-x86_64-cp311")
    reasons = tuple(CellReason(kind=kind, severity=Severity.ERROR, subject="x", message="x") for kind in kinds)
    cell = Cell(
        requirement="app", version="1.0", target=target_name(one), verdict=CellVerdict.NEEDS_BUILD, reasons=reasons
    )
    (answer,) = best_answers("app", [one], [cell])
    assert answer.startswith(said)
