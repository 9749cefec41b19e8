"""The best answers of a table, in words."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from envdoctor.availability.wording import describe_platform
from envdoctor.core.availability import CellVerdict, ReasonKind, conditions
from envdoctor.core.finding import Severity
from envdoctor.support.target_names import target_name
from envdoctor.support.text import few

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envdoctor.core.availability import Cell
    from envdoctor.core.target import Interpreter, Platform, Target

_CONDITIONS_SHOWN = 2
_WORDS = {
    CellVerdict.RESOLVES: "resolves",
    CellVerdict.SOUND: "is sound",
    CellVerdict.PROVEN: "is proven to install and import",
}


def best_answers(package: str, targets: Sequence[Target], cells: Iterable[Cell]) -> tuple[str, ...]:
    """For each platform, the newest version that is good on each Python; `cells` stand newest version first."""
    columns: dict[str, list[Cell]] = {}
    for cell in cells:
        columns.setdefault(cell.target, []).append(cell)
    platforms = dict.fromkeys(target.platform for target in targets)
    return tuple(_of_platform(package, platform, targets, columns) for platform in platforms)


def _of_platform(package: str, platform: Platform, targets: Sequence[Target], columns: dict[str, list[Cell]]) -> str:
    answers = [
        (target.interpreter, _said(columns.get(target_name(target), [])))
        for target in targets
        if target.platform == platform
    ]
    parts = [f"{words} for {_pythons([python for python, _ in group])}" for words, group in _grouped(answers)]
    return f"{package} on {describe_platform(platform)}: {'; '.join(parts)}."


def _said(column: Sequence[Cell]) -> str:
    """What is best in a column, and what of it is not known: the column is what was asked, not all that there is."""
    best = next((cell for cell in column if cell.verdict.is_good or cell.way_out), None)
    newer = column[: column.index(best)] if best is not None else column
    unknown = [cell.version for cell in newer if cell.verdict is CellVerdict.UNKNOWN]
    if best is None:
        return _none_of(column, unknown)
    reserve = f" (not known of {few(unknown)})" if unknown else ""
    words = _good_words(best) if best.verdict.is_good else _by_other_pins(best)
    return f"{best.version} {words}" if len(column) == 1 else f"{best.version} is the newest that {words}{reserve}"


def _good_words(cell: Cell) -> str:
    if cell.verdict is CellVerdict.SOUND_IF:
        return f"is sound if {few(conditions(cell.reasons), _CONDITIONS_SHOWN)}"
    return _WORDS[cell.verdict]


def _by_other_pins(cell: Cell) -> str:
    own = {pin.name: pin.version for pin in cell.pins}
    other = [str(pin) for pin in cell.way_out if own.get(pin.name) != pin.version]
    return f"is sound, with other pins than a resolver's own{f' ({few(other)})' if other else ''},"


def _none_of(column: Sequence[Cell], unknown: Sequence[str]) -> str:
    built = next((cell.version for cell in column if _is_built_without_compiler(cell)), "")
    if built and not unknown:
        return f"{built} must be built from source, which takes no compiler,"
    if len(column) == 1:
        return f"{column[0].version} {'could not be judged' if unknown else 'does not work as it is'}"
    if len(unknown) == len(column):
        return f"none of {len(column)} versions could be judged"
    reserve = f" ({few(unknown)} could not be judged)" if unknown else ""
    return f"none of {len(column) - len(unknown)} versions works as it is{reserve}"


def _is_built_without_compiler(cell: Cell) -> bool:
    errors = [reason.kind for reason in cell.reasons if reason.severity is Severity.ERROR]
    return cell.verdict is CellVerdict.NEEDS_BUILD and set(errors) == {ReasonKind.PURE_SOURCE}


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
