"""`guard`: whether a release that unpinned requirements admit has turned unsound on a target, told once."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
from packaging.utils import canonicalize_name

from envdoctor.availability.table import parse_requirements
from envdoctor.availability.tools import open_tools
from envdoctor.core.availability import CellVerdict
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.core.finding import Severity
from envdoctor.core.guard import Alarm, GuardReport
from envdoctor.core.request import Request
from envdoctor.doctor.lock import Search
from envdoctor.doctor.lock_request import understood_lock
from envdoctor.environments.cache import open_cache
from envdoctor.environments.locking import locked
from envdoctor.executors.local import LocalExecutor
from envdoctor.index.access import Access
from envdoctor.support.files import read_regular
from envdoctor.support.hashing import hash_value
from envdoctor.support.outputs import write_output
from envdoctor.support.packing import unpack_json
from envdoctor.support.target_names import target_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from envdoctor.availability.tools import Tools
    from envdoctor.core.availability import Cell
    from envdoctor.core.lock import LockRequest
    from envdoctor.core.target import Target
    from envdoctor.environments.cache import Cache

_MOST_BYTES = 4 << 20
#: Seconds that another run may take to write the state.
_PATIENCE = 30.0

_VERSION = 1


class _State(msgspec.Struct):
    """What earlier runs told, by what they were asked: the key of each alarm that lasts, and its upload."""

    version: int = _VERSION
    told: dict[str, dict[str, str]] = {}


def guard(
    request: LockRequest,
    state: Path,
    progress: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> tuple[GuardReport, Callable[[], None]]:
    """Resolves for every target as an installer would today, judges each set, and compares with earlier runs.

    What comes with the report writes the state; it is to be called when the report has been told.

    Args:
        request: what is guarded.
        state: the file that remembers what was told; made by the first run.
        progress: told how many targets are done, of how many.
        say: told in a sentence before much is read over the network.

    Raises:
        UsageProblem: a text or a file is not understood, or the state is none.
        NetworkProblem: the index did not answer.
    """
    lines, plan = understood_lock(request)
    scope = f"{', '.join(lines)} for {', '.join(map(target_name, plan.targets))}"
    told = _read_state(state).get(scope, {})
    access = Access(offline=request.offline, most=request.max_download, say=say)
    tools = open_tools(LocalExecutor(), open_cache(Request(cache=request.cache)).root, access, as_of=plan.terms.as_of)
    search = Search(plan=plan, lines=lines, tools=tools, progress=progress)
    cells = search.cells(plan.targets)
    alarms = [replace(one, is_new=one.key not in told) for one in _alarms(cells, lines, tools)]
    keys = {one.key for one in alarms}
    unknown = tuple((target_name(target), _first(cell)) for target, cell in cells.items() if _is_unknown(cell))
    report = GuardReport(
        requirements=lines,
        targets=tuple(map(target_name, plan.targets)),
        files=tuple(map(str, request.files)),
        alarms=tuple(sorted(alarms, key=lambda one: not one.is_new)),
        over=() if unknown else tuple(key for key in told if key not in keys),
        unknown=unknown,
        as_of=plan.terms.as_of.isoformat() if plan.terms.as_of else "",
        notes=tools.notes_on_choice,
        effort=tools.effort,
    )
    lasting = {key: since for key, since in told.items() if unknown and key not in keys}
    kept = lasting | {one.key: one.since for one in alarms}
    return report, lambda: _keep(state, scope, kept, open_cache(Request(cache=request.cache)))


def _alarms(cells: Mapping[Target, Cell], lines: tuple[str, ...], tools: Tools) -> Iterable[Alarm]:
    """One alarm for all targets on which the same releases fail in the same way."""
    grouped: dict[tuple[tuple[str, ...], CellVerdict], list[tuple[Target, Cell]]] = {}
    for target, cell in cells.items():
        if cell.verdict.is_good or _is_unknown(cell):
            continue
        grouped.setdefault((_releases(cell), cell.verdict), []).append((target, cell))
    for (releases, verdict), members in grouped.items():
        first_target, first = members[0]
        yield Alarm(
            releases=releases,
            targets=tuple(target_name(target) for target, _ in members),
            verdict=verdict,
            since=_since(releases, first_target, tools),
            reasons=tuple(one for one in first.reasons if one.severity is Severity.ERROR),
            pins=tuple(_pins(first, releases, lines)),
        )


def _is_unknown(cell: Cell) -> bool:
    return cell.verdict is CellVerdict.UNKNOWN


def _releases(cell: Cell) -> tuple[str, ...]:
    """The releases that the errors are about; all that was asked where they are about no release of the set."""
    named = {f"{pin.name} {pin.version}": str(pin) for pin in cell.pins}
    errors = (one for one in cell.reasons if one.severity is Severity.ERROR)
    guilty = (named.get(label) for one in errors for label in one.subject.split(", "))
    return tuple(dict.fromkeys(filter(None, guilty))) or (cell.requirement,)


def _pins(cell: Cell, releases: tuple[str, ...], lines: tuple[str, ...]) -> Iterable[str]:
    """What of the nearest sound set keeps the guilty out: their own other versions, and those of what was asked for."""
    own = {pin.name: pin.version for pin in cell.pins}
    asked = {canonicalize_name(one.name) for one in parse_requirements(lines)}
    names = asked | {release.partition("==")[0] for release in releases}
    for pin in cell.way_out:
        if pin.name in names and own.get(pin.name) != pin.version:
            yield str(pin)


def _since(releases: Iterable[str], target: Target, tools: Tools) -> str:
    """The upload of the newest of these wheels."""
    from packaging.version import Version

    pairs = (release.split("==") for release in releases if release.count("==") == 1 and "," not in release)
    wheels = (tools.catalogue.wheel(name, Version(version), target) for name, version in pairs)
    times = [wheel.uploaded for wheel in wheels if wheel is not None and wheel.uploaded is not None]
    return max(times).isoformat() if times else ""


def _first(cell: Cell) -> str:
    return next((one.message for one in cell.reasons), "it could not be found out")


def _read_state(file: Path) -> dict[str, dict[str, str]]:
    try:
        state = unpack_json(read_regular(file, _MOST_BYTES), _State)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UsageProblem(f"--state {file}: {error.strerror or error}.") from None
    except Unreadable as error:
        raise UsageProblem(
            f"--state {file} is no state of envdoctor guard ({error}); remove it to begin anew."
        ) from None
    if state.version != _VERSION:
        raise UsageProblem(f"--state {file} is of version {state.version}, which another envdoctor wrote.")
    return state.told


def _keep(file: Path, scope: str, told: dict[str, str], cache: Cache) -> None:
    """What runs of other requirements kept in the same file meanwhile stays.

    Raises:
        EnvironmentProblem: another run does not let go of the file.
        UsageProblem: the file can't be read or written.
    """
    with contextlib.ExitStack() as held:
        if cache.writable:
            name = hash_value(os.path.realpath(file))[:16]
            cache.root.mkdir(parents=True, exist_ok=True)
            held.enter_context(locked(cache.root / f"guard-{name}", lambda: None, _PATIENCE))
        every = _read_state(file) | {scope: told}
        text = msgspec.json.format(msgspec.json.encode(_State(told=dict(sorted(every.items())))), indent=2)
        write_output(file, text + b"\n", option="--state")
