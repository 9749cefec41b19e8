"""A matrix on a terminal: what rows share, what is cut, and where the rest is."""

from __future__ import annotations

import dataclasses

import pytest

from envdoctor.core.availability import Cell, CellReason, CellVerdict, Matrix, ReasonKind
from envdoctor.core.finding import Evidence, Severity
from envdoctor_reports._page import Page
from envdoctor_reports._terminal_matrix import show_matrix

TARGET = "macos-arm64-cp313"


def lacking(version, message, excerpt="a"):
    reason = CellReason(
        kind=ReasonKind.OTHER_WHEELS,
        severity=Severity.ERROR,
        subject="app",
        message=message,
        evidence=(Evidence(source="the files", excerpt=excerpt),),
    )
    return Cell(
        requirement=f"app=={version}", version=version, target=TARGET, verdict=CellVerdict.NO_WHEEL, reasons=(reason,)
    )


def shown(*cells, verbose=False, **said):
    versions = tuple(cell.version for cell in cells)
    matrix = Matrix(
        package="app", requirements=("app", "lib<2"), versions=versions, targets=(TARGET,), cells=cells, **said
    )
    page = Page(width=80)
    show_matrix(page, matrix, verbose=verbose)
    return page.lines


def test_rows_that_lack_the_same_are_told_together():
    lines = shown(
        *(lacking(one, f"app {one}: no wheel for cp313. {one} exists; nearest: 4.0.") for one in ("2.0", "1.0"))
    )
    assert "  2.0, 1.0: no wheel for cp313; nearest: 4.0." in lines
    assert "    envdoctor matrix app==2.0 'lib<2' --explain macos-arm64-cp313" in lines


def test_a_long_reason_is_cut_between_clauses():
    clauses = [f"clause {number} is forty columns long, or so it is" for number in range(9)]
    (line,) = [" ".join(" ".join(shown(lacking("1.0", "; ".join(clauses) + "."))).split())]
    assert "1.0: clause 0 is" in line
    assert "so it is ..." in line
    assert "clause 8" not in line


def test_a_long_proof_waits_for_verbose():
    cell = lacking("1.0", "none.", excerpt="\n".join(f"file {number}" for number in range(20)))
    lines = shown(cell, explained=TARGET)
    assert "          file 7" in lines
    assert "          (12 more lines: -v)" in lines
    assert not any("file 8" in line for line in lines)
    assert "          file 19" in shown(cell, explained=TARGET, verbose=True)
    assert not any("All that stands in the way" in line for line in lines)


def test_the_command_for_one_cell_asks_the_same_question():
    cell = dataclasses.replace(lacking("2.0", "none."), requirement="app[b,c]==2.0, lib<2")
    lines = shown(cell, constraints=("pins.txt",), as_of="2025-12-21T00:00:00+00:00")
    assert lines[0] == "app with lib<2, within pins.txt, as of the end of 2025-12-20 (UTC)"
    command = "envdoctor matrix 'app[b,c]==2.0' 'lib<2' --constraint pins.txt --as-of 2025-12-20"
    assert f"    {command} --explain macos-arm64-cp313" in lines


@pytest.mark.parametrize(
    ("verdicts", "mark"), [(["NO-WHEEL", "SOUND"], "✓"), (["NO-WHEEL", "UNKNOWN"], "?"), (["NO-WHEEL", "BROKEN"], "✗")]
)
def test_the_mark_of_an_answer_is_what_the_cells_say(verdicts, mark):
    cells = [
        dataclasses.replace(lacking(f"{number}.0", "none."), verdict=CellVerdict(verdict))
        for number, verdict in enumerate(verdicts)
    ]
    assert f"{mark} The answer." in shown(*cells, best=("The answer.",))


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({}, "none is good"),
        ({3: CellVerdict.SOUND}, "1 good somewhere, newest 3.0"),
        (
            {3: CellVerdict.SOUND, 2: CellVerdict.UNKNOWN},
            "1 good somewhere, newest 3.0; 1 could not be found out",
        ),
        ({3: CellVerdict.UNKNOWN}, "none is known to be good; 1 could not be found out"),
    ],
)
def test_a_long_table_shows_the_newest_rows_and_says_what_is_below(others, said):
    cells = [
        dataclasses.replace(lacking(f"{number}.0", "none."), verdict=others.get(number, CellVerdict.NO_WHEEL))
        for number in range(40, 0, -1)
    ]
    lines = shown(*cells)
    assert f"20 older, down to 1.0: {said} (-v shows them)" in " ".join(" ".join(lines).split())
    assert "  21.0     NO-WHEEL" in lines
    assert not any(line.startswith("  20.0 ") for line in lines)
    assert "  1.0      NO-WHEEL" in shown(*cells, verbose=True)
    assert not any(" older, down" in line for line in shown(*cells[:30]))


def warned(version, *messages, verdict=CellVerdict.SOUND):
    reasons = tuple(
        CellReason(kind=ReasonKind.NOTE, severity=Severity.WARNING, subject="app", message=message)
        for message in messages
    )
    return dataclasses.replace(lacking(version, ""), verdict=verdict, reasons=reasons)


def test_what_is_to_be_known_of_the_best_answer_stands_below_it():
    lines = shown(
        warned("3.0", "of no use", verdict=CellVerdict.BROKEN),
        warned("2.0", "app 2.0: needs libgomp1", "says macOS 15", "app 2.0: needs libgomp1"),
        warned("1.0", "of an older one"),
        best=("app on macOS: 2.0 is the newest.",),
    )
    answer = next(number for number, line in enumerate(lines) if "2.0 is the newest" in line)
    assert [line.strip() for line in lines[answer + 1 : answer + 3]] == [
        "! 2.0: needs libgomp1",
        "! 2.0: says macOS 15",
    ]
    assert not any("of an older one" in line for line in lines)


def test_many_warnings_of_the_best_answer_are_counted():
    lines = shown(warned("2.0", *(f"warning {number}" for number in range(5))), best=("app: 2.0.",))
    assert "    and 2 more; see envdoctor inspect app==2.0" in lines
    assert not any("warning 3" in line for line in lines)
