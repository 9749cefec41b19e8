"""`matrix`: which versions of a package work on which targets, and why the others do not."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.availability.best import best_answers
from envdoctor.availability.cells import TOO_LATE, Cells
from envdoctor.availability.elsewhere import elsewhere
from envdoctor.availability.here import target_here
from envdoctor.availability.newer_systems import newer_systems
from envdoctor.availability.pip_choice import pip_fallbacks
from envdoctor.availability.soundness import WheelJudge
from envdoctor.availability.table import (
    Terms,
    configured_constraints,
    parse_as_of,
    parse_constraints,
    parse_requirements,
    questions,
    rows,
)
from envdoctor.availability.tools import Tools, open_tools
from envdoctor.availability.verify import importable, runs_here, unverified
from envdoctor.core.availability import CellVerdict, Matrix, ReasonKind
from envdoctor.core.errors import NetworkProblem, UsageProblem
from envdoctor.core.finding import Severity
from envdoctor.core.request import Request
from envdoctor.doctor._machine import machine_here
from envdoctor.doctor.workarounds import NO_VERSION, situation_of_package, workarounds
from envdoctor.environments.cache import open_cache
from envdoctor.environments.interpreters import Interpreters
from envdoctor.executors.local import LocalExecutor
from envdoctor.index.access import Access
from envdoctor.index.settings import load_settings
from envdoctor.net.urls import is_remote
from envdoctor.support.python_names import parse_pythons
from envdoctor.support.target_names import HERE, parse_columns, parse_target, platform_name, target_name
from envdoctor.support.text import duration, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from packaging.requirements import Requirement
    from packaging.version import Version

    from envdoctor.availability.cells import Asked
    from envdoctor.core.availability import Cell
    from envdoctor.core.matrix_request import MatrixRequest
    from envdoctor.core.target import Interpreter as TargetInterpreter
    from envdoctor.core.target import Target
    from envdoctor.environments.interpreters import Interpreter

# The Pythons that are maintained, and so the columns where no others are asked for.
_PYTHONS = "3.10-3.14"
_MOST_CELLS = 5000
# uv waits for the network in a cold cache; looking into wheels takes memory and a processor besides.
_WORKERS_PER_PROCESSOR, _RESOLVERS_PER_PROCESSOR, _MOST_WORKERS = 2, 8, 32
#: What a cell took on two processors with an empty cache, looked into (135 cells of tflite-runtime: 74 s) or resolved
#: only (280 of ai-edge-quantizer: 21 to 28 s), and what a person waits.
_SECONDS_IF_COLD, _SECONDS_TO_RESOLVE, _LONG = 0.5, 0.1, 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A request understood, before the index has been asked for the rows."""

    requirements: tuple[Requirement, ...]
    targets: tuple[Target, ...]
    terms: Terms
    notes: tuple[str, ...] = ()


def matrix(
    request: MatrixRequest,
    progress: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> Matrix:
    """Fills a table of versions by targets.

    Args:
        request: what is asked.
        progress: told how many cells are done, of how many.
        say: told in a sentence before much is read over the network.

    Raises:
        UsageProblem: a text is not understood, there is no such package or version, or the table would be too large.
        NetworkProblem: the index did not answer, so that not even the rows are known.
        Unreadable: an index page is damaged.
    """
    plan = understood(request)
    access = Access(offline=request.offline, most=request.max_download, say=say)
    tools = open_tools(LocalExecutor(), open_cache(Request(cache=request.cache)).root, access, as_of=plan.terms.as_of)
    table = _fill(plan, tools, request, progress, say)
    name = tools.catalogue.project(plan.requirements[0].name).name
    verification = _Verification(tools, name) if request.verify else None
    cells = verification.of(table.cells, table.asked) if verification else table.cells
    notes = (
        *plan.notes,
        *table.notes,
        *_notes(tools, name),
        *_warnings(table.cells),
        *_workarounds(tools, name, table.asked, table.cells),
        *(verification.notes if verification else ()),
    )
    return Matrix(
        package=name,
        requirements=request.requirements,
        constraints=tuple(map(str, request.constraints)),
        versions=tuple(map(str, table.versions)),
        targets=tuple(map(target_name, plan.targets)),
        cells=cells,
        as_of=plan.terms.as_of.isoformat() if plan.terms.as_of else "",
        explained=target_name(plan.terms.explained) if plan.terms.explained else "",
        best=best_answers(name, plan.targets, cells),
        notes=notes,
        places=tools.settings.described,
        effort=tools.effort,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Table:
    """The rows, the questions, and the answer to each."""

    versions: tuple[Version, ...]
    asked: tuple[Asked, ...]
    cells: tuple[Cell, ...]
    notes: tuple[str, ...]


def _fill(
    plan: Plan,
    tools: Tools,
    request: MatrixRequest,
    progress: Callable[[int, int], None] | None,
    say: Callable[[str], None] | None,
) -> _Table:
    """Find the rows, and judge each version on each target."""
    wanted = plan.requirements[0]
    fallbacks = pip_fallbacks(tools.catalogue, wanted, plan.targets)
    found = rows(tools.catalogue, wanted, pre_releases=request.pre_releases)
    versions = tuple(sorted({*found, *fallbacks.versions}, reverse=True))
    asked = tuple(questions(versions, plan.targets, plan.requirements, plan.terms))
    if len(asked) > _MOST_CELLS:
        raise UsageProblem(f"That is {len(asked)} cells, and {_MOST_CELLS} are the limit; narrow versions or targets.")
    here = machine_here(request.platforms)
    judge = None if request.resolve_only else WheelJudge(tools.catalogue, tools.inspector, here)
    filler = Cells(tools.resolver, tools.catalogue, judge)
    if say and (ahead := _ahead(len(asked), tools, judged=judge is not None)):
        say(ahead)
    each = _RESOLVERS_PER_PROCESSOR if request.resolve_only else _WORKERS_PER_PROCESSOR
    workers = min(_MOST_WORKERS, each * (os.cpu_count() or 1))
    cells = filler.fill(asked, workers, progress, seconds=request.time_limit)
    newest = next((str(version) for version in versions if version.is_prerelease), "")
    notes = (*fallbacks.notes, *newer_systems(filler, asked, cells), *_left_out(cells, request.time_limit))
    if request.pre_releases:
        said = f"The newest pre-release is {newest}." if newest else "None of these versions is a pre-release."
        notes = (said, *notes)
    return _Table(versions=versions, asked=asked, cells=cells, notes=notes)


def _left_out(cells: Sequence[Cell], limit: float) -> Iterator[str]:
    """That the time was too short for all cells, and how to get at the others."""
    left = [cell for cell in cells if any(reason.message == TOO_LATE for reason in cell.reasons)]
    if left:
        yield (
            f"{plural(len(left), 'cell')}, from version {left[0].version} down, could not be begun within "
            f"{duration(limit)}. Run it again: what is known is kept; or name versions, such as "
            f"'{left[0].requirement.partition('==')[0]}<={left[0].version}', or give it longer by --time-limit."
        )


def _ahead(cells: int, tools: Tools, *, judged: bool) -> str:
    """What a cold cache makes long, told before it begins; it is cold where the rows had to be fetched."""
    seconds = cells * (_SECONDS_IF_COLD if judged else _SECONDS_TO_RESOLVE)
    if seconds < _LONG or not tools.effort.requests:
        return ""
    much = ", and tens of megabytes to read" if judged else ""
    return (
        f"{cells} cells are ahead: about {duration(seconds)}{much}, unless most of it is in the cache "
        "(--platform and --python ask about fewer, --max-download sets a limit)."
    )


def understood(request: MatrixRequest) -> Plan:
    """A request's texts as values.

    Raises:
        UsageProblem: one of them is not understood.
    """
    here = target_here()
    pythons = parse_pythons(request.pythons or _PYTHONS)
    explained = parse_target(request.explain, here) if request.explain else None
    if request.platforms or explained is None:
        targets = parse_columns(request.platforms or HERE, pythons, here)
    else:
        targets = (explained,)
    if explained is not None and explained not in targets:
        raise UsageProblem(f"--explain {request.explain} is not among the columns; add it to --platform and --python.")
    if file := next((one for one in request.requirements if Path(one).suffix and Path(one).is_file()), None):
        raise UsageProblem(f"{file} is a file; name requirements, such as ai-edge-litert==2.1.0, or ask 'inspect'.")
    requirements = parse_requirements(request.requirements)
    if direct := next((one for one in requirements if one.url), None):
        raise UsageProblem(f"'{direct}' names a file, and a table has versions; ask 'envdoctor inspect' about a wheel.")
    own = (line for file in request.constraints for line in parse_constraints(file))
    constraints = (*configured_constraints(load_settings()), *own)
    terms = Terms(constraints=constraints, as_of=_past(request.as_of) if request.as_of else None, explained=explained)
    notes = tuple(_unheard(request.platforms, pythons, here)) if request.pythons else ()
    return Plan(requirements=requirements, targets=targets, terms=terms, notes=notes)


def _unheard(platforms: str, pythons: tuple[TargetInterpreter, ...], here: Target) -> Iterator[str]:
    """Where ``--python`` does not hold, because the platform's name says its Python."""
    for name in filter(None, map(str.strip, platforms.split(","))):
        column, *others = parse_columns(name, pythons, here)
        if not others and column.interpreter not in pythons:
            yield (
                f"{name} says its Python, {column.interpreter.name}, so that --python does not count there; "
                f"for another write {name}-{pythons[0].name}."
            )


def _past(text: str) -> datetime:
    """The moment that a text means; a day that has begun anywhere on Earth is no future."""
    moment = parse_as_of(text)
    if moment > datetime.now(timezone.utc) + timedelta(days=2):
        raise UsageProblem(f"--as-of {text} is in the future, and nobody knows what the index will offer then.")
    return moment


class _Verification:
    """Tries the good cells of this very machine in earnest; leaves the others as they are."""

    def __init__(self, tools: Tools, package: str) -> None:
        self._tools = tools
        self._package = package
        self._missing: dict[str, None] = {}
        self._foreign: dict[str, None] = {}
        self._too_large: dict[str, None] = {}
        self._pythons = Interpreters(executor=LocalExecutor()).all()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know so as not to take a cell for tried."""
        missing, foreign = ", ".join(self._missing), ", ".join(self._foreign)
        said = [f"Not tried, since there is no such Python here: {missing}."] if missing else []
        said += [f"Not tried, since this machine can't run what is for {foreign}."] if foreign else []
        return (*said, *(f"Not tried: {text}" for text in self._too_large))

    def of(self, cells: Sequence[Cell], asked: Sequence[Asked]) -> tuple[Cell, ...]:
        """The cells, one after the other: installing two sets at once would only make both slower."""
        return tuple(self._one(cell, one.question.target) for cell, one in zip(cells, asked, strict=True))

    def _one(self, cell: Cell, target: Target) -> Cell:
        from packaging.version import Version

        if not (cell.verdict.is_good or cell.way_out):
            return cell
        if not runs_here(target, target_here()):
            self._foreign[platform_name(target.platform)] = None
            return cell
        python = next((one.base for one in self._pythons if _is_of_kind(one, target.interpreter)), None)
        if python is None:
            self._missing[target.interpreter.name] = None
            return unverified(cell, f"there is no {target.interpreter.name} here")
        wheel = self._tools.catalogue.wheel(self._package, Version(cell.version), target)
        try:
            self._tools.client.session.promise(self._size(cell, target), f"{cell.requirement} with what it needs")
        except NetworkProblem as error:
            self._too_large[str(error)] = None
            return unverified(cell, str(error).rstrip("."))
        contents = self._tools.inspector.one(wheel).contents if wheel else None
        return self._tools.verifier.verify(cell, python, importable(contents.imports) if contents else ())

    def _size(self, cell: Cell, target: Target) -> int:
        """Bytes of the wheels that a set has and that are not on this machine, as far as the index tells."""
        from packaging.version import Version

        pins = cell.way_out or cell.pins
        wheels = (self._tools.catalogue.wheel(pin.name, Version(pin.version), target) for pin in pins)
        return sum(one.size or 0 for one in wheels if one is not None and is_remote(one.url))


def _is_of_kind(found: Interpreter, wanted: TargetInterpreter) -> bool:
    return (found.minor, found.implementation, found.variant) == (
        wanted.short_version,
        "pypy" if wanted.implementation == "pp" else "cpython",
        "freethreaded" if wanted.free_threaded else "default",
    )


def _warnings(cells: Iterable[Cell]) -> Iterator[str]:
    """Extras that there are not and rows that were yanked; of the former, for the newest version that lacks them."""
    warned = [one for cell in cells for one in cell.reasons if one.severity is Severity.WARNING]
    lacking = [(one.subject.partition("==")[0], one.message) for one in warned if one.kind is ReasonKind.NO_EXTRA]
    yield from dict(reversed(lacking)).values()
    yield from dict.fromkeys(one.message for one in warned if one.kind is ReasonKind.YANKED)


def _workarounds(tools: Tools, name: str, asked: Sequence[Asked], cells: Sequence[Cell]) -> tuple[str, ...]:
    """What can be done where no version is good anywhere; the wheels were looked into already."""
    from packaging.version import Version

    if any(cell.verdict.is_good or cell.way_out or cell.verdict is CellVerdict.UNKNOWN for cell in cells):
        return ()
    wheels = {
        wheel.filename: wheel
        for cell, one in zip(cells, asked, strict=True)
        if cell.verdict is CellVerdict.BROKEN
        and (wheel := tools.catalogue.wheel(name, Version(cell.version), one.question.target)) is not None
    }
    looked_into = {filename: tools.inspector.one(wheel).contents for filename, wheel in wheels.items()}
    members = {filename: contents.members for filename, contents in looked_into.items() if contents is not None}
    targets = tuple({target_name(one.question.target): one.question.target for one in asked}.values())
    situation = situation_of_package(name, tools.client.project(name).files, cells, targets, members)
    return () if situation is None else (NO_VERSION, *workarounds("matrix", situation))


def _notes(tools: Tools, name: str) -> tuple[str, ...]:
    undated = sum(file.uploaded is None for file in tools.client.project(name).files) if tools.catalogue.as_of else 0
    said = f"Left out, since the index tells no upload time: {plural(undated, 'file')} of {name}." if undated else ""
    namesake = elsewhere(name, tools.catalogue.releases(name))
    return (*filter(None, (namesake, said)), *tools.notes_on_choice)
