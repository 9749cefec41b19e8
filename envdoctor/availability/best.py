"""The best answers of a table, in words."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from envdoctor.availability.wording import describe_platform
from envdoctor.core.availability import CellVerdict
from envdoctor.core.target_names import target_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envdoctor.core.availability import Cell
    from envdoctor.core.target import Interpreter, Platform, Target

_WORDS = {CellVerdict.RESOLVES: "resolves", CellVerdict.SOUND: "is sound", CellVerdict.PROVEN: "is proven to work"}
_PROVED_MOST = (CellVerdict.PROVEN, CellVerdict.SOUND, CellVerdict.RESOLVES)


def best_answers(package: str, targets: Sequence[Target], cells: Iterable[Cell]) -> tuple[str, ...]:
    """For each platform, the newest version that is good on each Python; `cells` stand newest version first."""
    good: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell.verdict.is_good or cell.way_out:
            good.setdefault(cell.target, []).append(cell)
    platforms = dict.fromkeys(target.platform for target in targets)
    return tuple(_of_platform(package, platform, targets, good) for platform in platforms)


def _of_platform(package: str, platform: Platform, targets: Sequence[Target], good: dict[str, list[Cell]]) -> str:
    answers = []
    for target in targets:
        if target.platform == platform:
            found = good.get(target_name(target), [])
            answers.append((target.interpreter, _said(found[0]) if found else ""))
    parts = [
        f"{words} for {_pythons([python for python, _ in group])}"
        for words, group in _grouped([answer for answer in answers if answer[1]])
    ]
    none = [python for python, words in answers if not words]
    if none:
        parts.append(f"nothing for {_pythons(none)}" if parts else f"no version for {_pythons(none)}")
    return f"{package} on {describe_platform(platform)}: {'; '.join(parts)}."


def _said(cell: Cell) -> str:
    if cell.verdict.is_good:
        return f"{cell.version} is the newest that {_WORDS[cell.verdict]}"
    return f"{cell.version} is the newest that is sound, with other pins than a resolver's own,"


def _grouped(answers: list[tuple[Interpreter, str]]) -> list[tuple[str, list[tuple[Interpreter, str]]]]:
    """Neighbouring Pythons with the same answer."""
    return [(words, list(group)) for words, group in groupby(answers, key=lambda answer: answer[1])]


def _pythons(pythons: list[Interpreter]) -> str:
    """``Python 3.10-3.12, 3.14``; a run of neighbours is a range."""
    plain = [python for python in pythons if python.name == f"cp{python.version[0]}{python.version[1]}"]
    others = [python.name for python in pythons if python not in plain]
    runs: list[list[Interpreter]] = []
    for python in plain:
        if runs and runs[-1][-1].version == (python.version[0], python.version[1] - 1):
            runs[-1].append(python)
        else:
            runs.append([python])
    spans = [
        run[0].short_version if len(run) == 1 else f"{run[0].short_version}-{run[-1].short_version}" for run in runs
    ]
    return f"Python {', '.join([*spans, *others])}"
