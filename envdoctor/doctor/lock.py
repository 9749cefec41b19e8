"""`lock`: exact pins whose every set is sound on every target, or which requirement must give way."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.availability.candidates import pip_refuses
from envdoctor.availability.cells import Asked, Cells
from envdoctor.availability.newer_systems import OF_THE_SYSTEM, in_words, newer_targets
from envdoctor.availability.soundness import WheelJudge
from envdoctor.availability.table import parse_requirements
from envdoctor.availability.tools import Tools, open_tools
from envdoctor.availability.uv import Question
from envdoctor.core.availability import CellVerdict, conditions
from envdoctor.core.errors import UsageProblem
from envdoctor.core.finding import Severity
from envdoctor.core.lock import Lock, LockedFile, LockedPackage, Unlocked
from envdoctor.core.request import Request
from envdoctor.doctor.lock_request import understood_lock
from envdoctor.environments.cache import open_cache
from envdoctor.executors.local import LocalExecutor
from envdoctor.index.access import Access
from envdoctor.locks.choice import agree
from envdoctor.locks.markers import marker_for, marker_of, requires_python
from envdoctor.locks.untold import is_untold
from envdoctor.net.urls import without_secrets
from envdoctor.support.hashing import hash_path
from envdoctor.support.requirement import normal_name
from envdoctor.support.target_names import target_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from envdoctor.core.availability import Cell, Pin
    from envdoctor.core.lock import LockRequest
    from envdoctor.core.target import Target
    from envdoctor.doctor.matrix import Plan
    from envdoctor.index.project import IndexFile

_WORKERS_PER_PROCESSOR = 2
#: Sets that are tried for one target: a lock is worth a longer search than a cell of a table.
_MOST_SETS = 40
_MOST_ROUNDS = 10
_SOUND = frozenset({CellVerdict.SOUND, CellVerdict.SOUND_IF})


def lock(
    request: LockRequest,
    progress: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> Lock:
    """Finds one sound set for each target, with as few versions that differ between them as can be.

    Args:
        request: what is asked.
        progress: told how many questions are answered, of how many that are known so far.
        say: told in a sentence before much is read over the network.

    Raises:
        UsageProblem: a text or a file is not understood, or no marker tells two targets apart.
        NetworkProblem: the index did not answer.
    """
    lines, plan = understood_lock(request)
    cache = open_cache(Request(cache=request.cache))
    access = Access(offline=request.offline, most=request.max_download, say=say)
    tools = open_tools(LocalExecutor(), cache.root, access, as_of=plan.terms.as_of)
    search = Search(plan=plan, lines=lines, tools=tools, progress=progress)
    cells = search.cells(plan.targets)
    sets = {target: found for target in plan.targets if (found := sound_set(cells[target])) is not None}
    made = Lock(
        requirements=lines,
        targets=tuple(map(target_name, plan.targets)),
        markers=tuple(map(marker_of, plan.targets)),
        requires_python=requires_python(plan.targets),
        as_of=plan.terms.as_of.isoformat() if plan.terms.as_of else "",
    )
    if len(sets) < len(plan.targets):
        failed = {target: cells[target] for target in plan.targets if target not in sets}
        return replace(made, unlocked=tuple(search.unlocked(failed)), notes=tools.notes_on_choice, effort=tools.effort)
    choice = agree(sets, search.solve)
    return replace(
        made,
        packages=_packages(choice.sets, plan.targets, tools),
        conditions=tuple(f"{', '.join(on)}: {what}" for what, on in search.conditions(choice.sets).items()),
        avoided=tuple(dict.fromkeys(line for cell in cells.values() for line in _avoided(cell))),
        notes=(*tools.notes_on_choice, *search.doubts(choice.sets), *search.yanked(choice.sets)),
        effort=tools.effort,
    )


@dataclass(kw_only=True)
class Search:
    """Asks for sets, and counts."""

    plan: Plan
    lines: tuple[str, ...]
    tools: Tools
    progress: Callable[[int, int], None] | None = None
    answered: int = 0
    expected: int = 0

    def __post_init__(self) -> None:
        self._refused: dict[Target, tuple[str, ...]] = {}
        self._judge = WheelJudge(self.tools.catalogue, self.tools.inspector)
        self._cells = Cells(self.tools.resolver, self.tools.catalogue, self._judge, _MOST_SETS)

    def cells(
        self, targets: Sequence[Target], held: Sequence[str] = (), lines: tuple[str, ...] = ()
    ) -> dict[Target, Cell]:
        """The answer for each target, within the constraints that are held to, some at a time.

        What uv takes and pip refuses, for an upper bound on Python, is left out: both are to install the lock.
        """
        cells: dict[Target, Cell] = {}
        left = list(targets)
        for _ in range(_MOST_ROUNDS):
            cells |= self._asked(left, held, lines or self.lines)
            left = [target for target in left if self._refuse(target, sound_set(cells[target]) or ())]
            if not left:
                return cells
        return cells | {target: replace(cells[target], verdict=CellVerdict.UNKNOWN, way_out=()) for target in left}

    def _asked(self, targets: Sequence[Target], held: Sequence[str], lines: tuple[str, ...]) -> dict[Target, Cell]:
        terms = self.plan.terms
        asked = [
            Asked(
                version="",
                question=Question(
                    requirements=lines,
                    target=target,
                    constraints=(*terms.constraints, *held, *self._refused.get(target, ())),
                    as_of=terms.as_of,
                ),
            )
            for target in targets
        ]
        self.expected += len(asked)
        workers = max(2, _WORKERS_PER_PROCESSOR * (os.cpu_count() or 1))
        found = self._cells.fill(asked, workers, self._count)
        self.answered += len(asked)
        return dict(zip(targets, found, strict=True))

    def _refuse(self, target: Target, pins: Iterable[Pin]) -> bool:
        """Whether pip would refuse one of these on the target; that is left out from now on."""
        from packaging.version import Version

        wheels = ((pin, self.tools.catalogue.wheel(pin.name, Version(pin.version), target)) for pin in pins)
        refused = [f"{pin.name}!={pin.version}" for pin, wheel in wheels if wheel and pip_refuses(wheel, target)]
        self._refused[target] = (*self._refused.get(target, ()), *refused)
        return bool(refused)

    def _count(self, done: int, _of: int) -> None:
        if self.progress:
            self.progress(self.answered + done, self.expected)

    def solve(self, held: Sequence[str]) -> dict[Target, tuple[Pin, ...]]:
        """Sound sets within constraints; see `Solve`."""
        found = {target: sound_set(cell) for target, cell in self.cells(self.plan.targets, held).items()}
        return {target: pins for target, pins in found.items() if pins is not None}

    def conditions(self, sets: Mapping[Target, tuple[Pin, ...]]) -> dict[str, list[str]]:
        """What must hold on which targets for their sets to be sound."""
        found: dict[str, list[str]] = {}
        for target, pins in sets.items():
            for condition in conditions(self._judge.judge(pins, target).reasons):
                found.setdefault(condition, []).append(target_name(target))
        return found

    def _wheels(self, sets: Mapping[Target, tuple[Pin, ...]]) -> dict[str, IndexFile]:
        from packaging.version import Version

        return {
            file.filename: file
            for target, pins in sets.items()
            for pin in pins
            if (file := self.tools.catalogue.wheel(pin.name, Version(pin.version), target)) is not None
        }

    def yanked(self, sets: Mapping[Target, tuple[Pin, ...]]) -> Iterator[str]:
        """Wheels of the sets that were taken back since (PEP 592)."""
        for file in self._wheels(sets).values():
            if file.yanked is not None:
                why = f": {file.yanked.rstrip('.')}" if file.yanked else ""
                yield f"{file.filename} is yanked: who made it took it back{why}."

    def doubts(self, sets: Mapping[Target, tuple[Pin, ...]]) -> tuple[str, ...]:
        """Requirements that apply by what no target tells: Python's patch release, the kernel."""
        wheels = self._wheels(sets)
        asked = [(line, "what was asked for") for line in self.lines]
        for contents in (seen.contents for seen in self.tools.inspector.all(list(wheels.values()))):
            asked += [(line, contents.label) for line in contents.metadata.requires] if contents else []
        return tuple(
            dict.fromkeys(
                f"{line} (of {whose}) depends on more than a target says; the lock has what "
                f"{self.plan.targets[0].interpreter.full_version} and its like get."
                for line, whose in asked
                if "extra" not in line.partition(";")[2] and any(is_untold(line, target) for target in sets)
            )
        )

    def unlocked(self, failed: Mapping[Target, Cell]) -> Iterator[Unlocked]:
        """Why targets have no set, and which requirement must give way, by asking without it, of all at a time."""
        found: dict[Target, dict[str, str]] = {target: {} for target in failed}
        for line in self.lines:
            for target, way in self._without(line, failed).items():
                found[target][line] = way
        newer = dict(self._on_newer_systems(failed))
        for target, cell in failed.items():
            word = "must" if len(found[target]) == 1 else "could"
            ways = [f"{line} {word} give way: {way}" for line, way in found[target].items()]
            if not ways and self.plan.terms.constraints:
                question = Asked(version="", question=Question(requirements=self.lines, target=target))
                if sound_set(self._cells.one(question)) is not None:
                    ways = ["Without the constraints there is a sound set."]
            yield Unlocked(
                target=target_name(target),
                verdict=cell.verdict,
                reasons=tuple(one for one in cell.reasons if one.severity is Severity.ERROR) or cell.reasons,
                ways=(*ways, *newer.get(target, ())),
            )

    def _on_newer_systems(self, failed: Mapping[Target, Cell]) -> Iterator[tuple[Target, list[str]]]:
        """The oldest newer system, of those that a bare name does not stand for, on which there is a sound set."""
        for target, cell in failed.items():
            raised = newer_targets(target) if cell.verdict in OF_THE_SYSTEM else []
            if raised and self._is_sound(raised[-1]):
                enough = next(each for each in raised if self._is_sound(each))
                yield target, [in_words(target, enough, "There is a sound set")]

    def _is_sound(self, target: Target) -> bool:
        return sound_set(self.cells([target])[target]) is not None

    def _without(self, line: str, failed: Mapping[Target, Cell]) -> dict[Target, str]:
        """What becomes of the sets if one requirement admits every version, or is left out."""
        (requirement,) = parse_requirements([line])
        others = tuple(one for one in self.lines if one != line)
        cells = dict(failed)
        ways: dict[Target, str] = {}
        if requirement.specifier:
            extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
            marker = f" ; {requirement.marker}" if requirement.marker else ""
            cells = self.cells(list(failed), lines=(*others, f"{requirement.name}{extras}{marker}"))
            name = normal_name(requirement.name)
            taken = {each: [pin.version for pin in sound_set(cells[each]) or () if pin.name == name] for each in failed}
            ways = {each: f"{requirement.name}=={pins[0]} makes a sound set." for each, pins in taken.items() if pins}
        left = [target for target in failed if target not in ways]
        for target, cell in (self.cells(left, lines=others) if others and left else {}).items():
            if sound_set(cell) is not None:
                before = cells[target]
                is_proven = not before.pins and before.verdict is not CellVerdict.UNKNOWN  # else none was found
                none = "none with any of its versions" if is_proven else "with it none was found"
                ways[target] = f"there is a sound set without it, and {none}."
        return ways


def sound_set(cell: Cell) -> tuple[Pin, ...] | None:
    """The pins that make a sound set, maybe under a condition; None if they could not be looked into whole."""
    return cell.pins if cell.verdict in _SOUND else cell.way_out or None


def _avoided(cell: Cell) -> Iterable[str]:
    """What a resolver would have taken where another set was chosen, and why not."""
    if cell.verdict not in _SOUND:
        errors = [reason.message for reason in cell.reasons if reason.severity is Severity.ERROR]
        taken = {str(pin) for pin in cell.pins} - {str(pin) for pin in cell.way_out}
        yield f"{cell.target}: {', '.join(sorted(taken))} would be taken by a resolver. {' '.join(errors[:1])}"


def _packages(
    sets: Mapping[Target, tuple[Pin, ...]], targets: Sequence[Target], tools: Tools
) -> tuple[LockedPackage, ...]:
    from packaging.version import Version

    users: dict[tuple[str, str], list[Target]] = {}
    for target in targets:
        for pin in sets[target]:
            users.setdefault((pin.name, pin.version), []).append(target)
    order = sorted(users, key=lambda key: Version(key[1]), reverse=True)
    return tuple(
        LockedPackage(
            name=name,
            version=version,
            targets=tuple(map(target_name, users[name, version])),
            marker=marker_for(users[name, version], targets),
            files=_files(name, version, users[name, version], tools),
        )
        for name, version in sorted(order, key=lambda key: key[0])
    )


def _files(name: str, version: str, targets: Sequence[Target], tools: Tools) -> tuple[LockedFile, ...]:
    from packaging.version import Version

    found: dict[str, LockedFile] = {}
    for target in targets:
        wheel = tools.catalogue.wheel(name, Version(version), target)
        if wheel is None:
            raise UsageProblem(f"{name}=={version} has no wheel for {target_name(target)} any more; run it again.")
        if wheel.filename not in found:
            found[wheel.filename] = _locked(wheel)
    return tuple(found[filename] for filename in sorted(found))


def _locked(wheel: IndexFile) -> LockedFile:
    return LockedFile(
        filename=wheel.filename,
        url=without_secrets(wheel.url),
        sha256=wheel.sha256 or _hash(wheel),
        size=wheel.size,
        uploaded=wheel.uploaded.isoformat() if wheel.uploaded else "",
    )


def _hash(wheel: IndexFile) -> str:
    """The SHA-256 of a wheel whose index tells none, where it lies on this machine.

    Raises:
        UsageProblem: it does not.
    """
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    parts = urlsplit(wheel.url)
    if parts.scheme != "file":
        raise UsageProblem(f"The index tells no SHA-256 of {wheel.filename}, and a lock needs one of each wheel.")
    return hash_path(Path(url2pathname(parts.path)))
