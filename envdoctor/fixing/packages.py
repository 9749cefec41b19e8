"""The step that pip or uv does: all fixes in one command, with versions that were tried on a copy before."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.errors import EnvDoctorError, EnvironmentProblem
from envdoctor.core.fixing import Mending, Step, StepKind
from envdoctor.facts.packages.installers import Deed, installers, pip_serves
from envdoctor.fixing.changes import changes_of, commands_of, summed_up, undo_words, versions_now, with_undo
from envdoctor.fixing.copying import copied, metadata_copied, nothing_starts, site_folder, without_copy
from envdoctor.fixing.judging import breaks, lost_names, mended, mended_too, news_of, unanswered
from envdoctor.fixing.uses import project_files
from envdoctor.support.requirement import normal_name, required_name
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from envdoctor.core.finding import Finding
    from envdoctor.core.fixing import Argv, Change
    from envdoctor.core.report import Report
    from envdoctor.facts.locked import Locked
    from envdoctor.facts.packages.installers import Installer, Operation
    from envdoctor.fixing.judging import Harm
    from envdoctor.fixing.resolving import Resolution
    from envdoctor.fixing.world import World

Asked = tuple["Operation", "Finding"]

#: How often another version is tried where the first breaks something.
_TRIES = 4
#: pip ends in a traceback where it meets a damaged package; what it refuses itself it calls "ERROR: ...".
_PIP_CRASHED = re.compile(r"with status 1: \w*[a-z]Error\b")


@dataclass(slots=True)
class _State:
    """What is left of the work, and what was learned on the way."""

    asked: list[Asked]
    constraints: list[str] = field(default_factory=list)
    left_out: list[tuple[list[Asked], str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def leave_out(self, names: Iterable[str], why: str) -> bool:
        """Take what concerns distributions out of the work; whether there was any such."""
        keys = set(names)
        out = [one for one in self.asked if normal_name(one[0].name) in keys]
        # A fix is done as a whole or not at all.
        findings = [finding for _, finding in out]
        out = [one for one in self.asked if one[1] in findings]
        if out:
            self.left_out.append((out, why))
            self.asked = [one for one in self.asked if one not in out]
        return bool(out)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """What came of trying commands on a copy: why they failed, why it can't be judged, what they break and mend too."""

    failed: str = ""
    unjudged: str = ""
    harms: tuple[Harm, ...] = ()
    notes: tuple[str, ...] = ()
    gone: tuple[Finding, ...] = ()


class PackagePlanner:
    """Makes the steps for pip or uv."""

    def __init__(self, world: World, before: Report, manual: Sequence[Finding] = ()) -> None:
        """`before`: what a check of the environment says; `manual`: what is wanted, and has no command of its own."""
        self._world = world
        self._before = before
        self._manual = manual
        self._bare = ""  # the interpreter of a copy that uv is asked about
        self._code, self._is_whole = ((), True) if world.project is None else project_files(world.project)

    def steps(self, asked: Sequence[Asked]) -> Iterator[Step]:
        """One step that is tried, and one for each part that is not offered, with why."""
        if not asked:
            return
        installer = self._installer(asked)
        refusal = self._refusal()
        if refusal:
            yield _refused(asked, installer, self._world, refusal)
            return
        facts, state = self._world.facts, _State(asked=list(asked))
        unreadable = [Path(one.metadata).name for one in facts.packages.distributions if one.problem]
        state.constraints += [
            f"{one.name}{one.versions}" for one, _ in asked if one.over and facts.packages.find(one.name) is None
        ]  # what can't be read has the version that its folder's name says
        state.constraints += [f"{name}{limit.versions}" for name, limit in facts.locked.limits.items()]
        try:
            with metadata_copied(facts.python, self._world.executor, unreadable) as self._bare:
                step = self._tried(state, installer)
        except EnvironmentProblem as error:
            yield _refused(asked, installer, self._world, str(error))
            return
        prefix = facts.python.prefix
        if step is not None:
            notes = tuple(without_copy(note, prefix) for note in step.notes)
            yield replace(step, notes=notes, unjudged=without_copy(step.unjudged, prefix))
        for out, why in state.left_out:
            yield _refused(out, installer, self._world, without_copy(why, prefix))

    def _installer(self, asked: Sequence[Asked]) -> Installer:
        pip, uv, _ = installers(self._world.facts.python)
        mends_pip = any(normal_name(one.name) == "pip" for one, _ in asked)  # which can't do it itself
        has_pip = pip_serves(self._world.facts.packages) and not mends_pip
        return pip if has_pip and any(one.installer == "pip" for one, _ in asked) else uv

    def _refusal(self) -> str:
        """Why nothing may be installed into the environment at all; "" if it may."""
        try:
            folder = site_folder(self._world.facts.python)
        except EnvDoctorError as error:
            return str(error)
        if not os.access(folder, os.W_OK):
            return f"{folder} can't be written by you; run it as its owner, or make an environment of your own."
        return ""

    def _tried(self, state: _State, installer: Installer) -> Step | None:
        """The step, once a copy of the environment takes no harm from it."""
        trial = _Trial()
        for _ in range(_TRIES):
            resolution = self._solved(state)
            if resolution is None:
                return None
            changes = changes_of([one for one, _ in state.asked], resolution, self._world.facts)
            changes = with_undo(changes, self._world.resolver, self._bare)
            commands = commands_of([one for one, _ in state.asked], changes, installer)
            step = self._step(state, installer, commands, changes)
            if not commands:
                return None
            trial = self._rehearse(step)
            if installer.name == "pip" and _PIP_CRASHED.search(trial.failed):
                installer = installers(self._world.facts.python)[1]
                continue
            if trial.failed and not (installer.name == "pip" and self._learn_of_pip(state, changes)):
                break
            if trial.failed:
                continue
            if not trial.harms:
                notes = (*dict.fromkeys((*_of_project(self._world.facts.locked, changes), *state.notes)), *trial.notes)
                return replace(step, mends=(*step.mends, *trial.gone), unjudged=trial.unjudged, notes=notes)
            self._learn(state, trial.harms, changes)
        why = trial.failed or trial.harms[0].words
        state.leave_out([normal_name(one.name) for one, _ in state.asked], why)
        return None

    def _solved(self, state: _State) -> Resolution | None:
        """Versions that meet all that is left, and what others require; None if nothing is left."""
        while state.asked:
            resolution = self._resolve(state, state.asked)
            if resolution.problem:
                names = [normal_name(one.name) for one, _ in state.asked]
                state.leave_out(names, f"the versions could not be worked out: {resolution.problem}")
                return None
            if resolution.ok:
                held = self._held(resolution, state)
                if not held:
                    return self._without_moot(resolution, state)
                state.constraints += held
                continue
            self._fall_back(state, resolution.conflict)
        return None

    def _without_moot(self, resolution: Resolution, state: _State) -> Resolution:
        """The same without what only versions require that are changed anyway; the new ones bring what they need."""
        moved = {name for name, (before, after) in resolution.versions.items() if before and before != after}
        needed = [
            (one, by)
            for one, by in state.asked
            if normal_name(by.subject) not in moved or normal_name(one.name) in moved or one.deed is not Deed.INSTALL
        ]
        leaner = self._resolve(state, needed)
        return leaner if leaner.ok and not self._held(leaner, state) else resolution

    def _resolve(self, state: _State, asked: Sequence[Asked]) -> Resolution:
        installs = [one for one, _ in asked if one.deed is Deed.INSTALL]
        words: dict[str, list[str]] = {}
        for one in installs:
            words.setdefault(normal_name(one.name), []).extend(part for part in one.versions.split(",") if part)
        wanted = [f"{name}{','.join(dict.fromkeys(parts))}" for name, parts in words.items()]
        newest = [normal_name(one.name) for one in installs if one.upgrade]
        facts = self._world.facts
        pins = facts.locked.versions.items()
        locked = [f"{name}=={pin}" for name, pin in pins if pin and facts.packages.find(name) is None]
        if locked:  # what comes along is as the project's lock has it, where that can be
            found = self._world.resolver.resolve(self._bare, wanted, (*state.constraints, *locked), newest)
            if found.ok:
                return found
        return self._world.resolver.resolve(self._bare, wanted, state.constraints, newest)

    def _held(self, resolution: Resolution, state: _State) -> list[str]:
        """What installed distributions that stay as they are require of those that change, where it would be broken."""
        removed = {normal_name(one.name) for one, _ in state.asked if one.deed is Deed.REMOVE}
        held = []
        for name, (before, after) in resolution.versions.items():
            for by, specifier in self._world.facts.requirements.wanted.get(name, ()):
                stays = by.key not in resolution.versions and by.key not in removed
                if stays and after and breaks(specifier, before, after):
                    held.append(f"{name}{specifier}")
            found = self._world.facts.packages.find(name)
            if before != after and found is not None and found.installer == "conda":
                held.append(f"{name}=={before}")
                state.notes += [f"{found.title} is conda's, and stays as it is: change it with conda"]
        return [line for line in dict.fromkeys(held) if line not in state.constraints]

    def _fall_back(self, state: _State, conflict: str) -> None:
        """Leave out what can't be had together: as little as a few questions tell."""
        limits = self._world.facts.locked.asks(map(required_name, conflict.split()))
        conflict = "; ".join(dict.fromkeys((*limits, *state.notes, conflict)))
        names = list(dict.fromkeys(normal_name(one.name) for one, _ in state.asked if one.deed is Deed.INSTALL))
        possible = {}
        for name in names:
            without = self._resolve(state, [one for one in state.asked if normal_name(one[0].name) != name])
            if without.ok:
                possible[name] = len(self._held(without, state))
        if possible:  # best that after which nobody has what it does not want
            why = "it can't be installed with the others" if len(names) > 1 else "no version can be installed"
            state.leave_out([min(possible, key=possible.__getitem__)], f"{why}: {conflict}")
            return
        good: list[str] = []
        for name in names:
            tried = [one for one in state.asked if normal_name(one[0].name) in {*good, name}]
            good += [name] if self._resolve(state, tried).ok else []
        state.leave_out([name for name in names if name not in good], f"they can't be installed together: {conflict}")

    def _rehearse(self, step: Step) -> _Trial:
        """Run the commands on a copy of the environment, and judge what that comes to."""
        commands, changes, mends = step.commands, step.changes, step.mends
        self._world.say(f"trying {plural(len(changes), 'change')} on a copy of the environment")
        python = self._world.facts.python
        try:
            with copied(python, self._world.executor, self._world.cache) as copy:
                with nothing_starts(Path(copy).parent.parent):
                    failed = self._world.failure_on(copy, commands)
                return _Trial(failed=failed) if failed else self._judge(Path(copy), changes, mends)
        except EnvDoctorError as error:
            return _Trial(unjudged=str(error))

    def _judge(self, copy: Path, changes: Sequence[Change], mends: Sequence[Finding]) -> _Trial:
        changed = [normal_name(one.name) for one in changes]
        facts = self._world.facts_of(copy)
        now = versions_now(facts.packages, changed)
        if odd := [f"{one.name} is {now[one.name] or 'absent'}" for one in changes if now[one.name] != one.after]:
            return _Trial(failed=f"tried on a copy, it came to other versions than planned: {', '.join(odd)}")
        after = self._world.check(copy)
        told = [mended(one, self._before, after) for one in mends]
        if told and not any(one.mending is Mending.FIXED for one in told):
            return _Trial(failed=f"tried on a copy, it does not mend {mends[0].code}: {mends[0].message}")
        harms, then = news_of(self._before, after, changed)
        harms += lost_names(self._world.facts, facts, changed, self._code)
        silent = unanswered(self._before, after)
        unjudged = f"the result could not be judged as a whole ({silent[0]})" if silent else ""
        left = [one.finding for one in told if one.mending is not Mending.FIXED]
        notes = tuple(f"tried on a copy, it does not mend {one.code}: {one.message}" for one in left)
        notes += tuple(f"what fails then is another fault: {one.code}: {one.message}" for one in then)
        if not self._is_whole:
            notes += (f"not all code below {self._world.project} was looked at; name its folder with --code",)
        gone = mended_too(self._manual, self._before, after, changed)
        return _Trial(unjudged=unjudged, harms=tuple(harms), notes=notes, gone=gone)

    def _learn_of_pip(self, state: _State, changes: Sequence[Change]) -> bool:
        """Ask for versions that pip takes: it honours upper bounds on Python, which uv disregards."""
        refused = {one.name: self._world.instead_for_pip(one.name, one.after) for one in changes if one.after}
        lines = {f"{name}<={good}": name for name, good in refused.items() if good}
        state.constraints += lines
        versions = {one.name: one.after for one in changes}
        state.notes += [f"{name} {versions[name]} was left: pip refuses it for this Python" for name in lines.values()]
        return bool(lines)

    def _learn(self, state: _State, harms: Sequence[Harm], changes: Sequence[Change]) -> None:
        """Ask for other versions of what does harm; without one, leave it out."""
        versions = {normal_name(one.name): one for one in changes}
        for harm in harms:
            movable = [name for name in harm.culprits if versions[name].after != versions[name].before]
            if not movable or not all(versions[name].after for name in movable):
                asked = [normal_name(one.name) for one, _ in state.asked]
                if not state.leave_out(harm.culprits or asked, harm.words):
                    state.leave_out(asked, harm.words)
                return
            for name in movable:
                after = versions[name].after
                good = self._world.newest_with(name, harm.names, after) if harm.names else ""
                line = f"{name}<={good}" if good else f"{name}!={after}"
                if harm.names and not good:
                    state.leave_out([name], harm.words)
                elif line not in state.constraints:
                    state.constraints.append(line)
                    state.notes.append(f"{name} {after} was left: {harm.words}")

    def _step(
        self, state: _State, installer: Installer, commands: tuple[Argv, ...], changes: tuple[Change, ...]
    ) -> Step:
        lost = [one for one in changes if one.lost]
        return Step(
            kind=StepKind.PACKAGES,
            title=f"{installer.name}: {summed_up(changes)}",
            commands=tuple(map(self._world.called, commands)),
            mends=tuple(dict.fromkeys(finding for _, finding in state.asked)),
            changes=changes,
            safe=all(not one.before or one.before == one.after for one in changes) and not lost,
            undo=undo_words(changes, self._world.facts.python.executable),
        )


def _of_project(locked: Locked, changes: Sequence[Change]) -> Iterator[str]:
    """What the project's files say of changes, and what of these its lock does not have."""
    yield from locked.asks(one.name for one in changes)
    moved = {normal_name(one.name): one.after for one in changes if one.after != one.before}
    if any(after and locked.versions.get(name) == after for name, after in moved.items()):
        yield locked.alike()
    yield from filter(None, (locked.parts(name, (after and f"=={after}") or None) for name, after in moved.items()))


def _refused(asked: Sequence[Asked], installer: Installer, world: World, why: str) -> Step:
    """What the findings' own fixes say, which is not offered."""
    findings = dict.fromkeys(finding for _, finding in asked)
    commands = dict.fromkeys(command for one in findings if one.fix for command in one.fix.commands)
    names = ", ".join(dict.fromkeys(one.name for one, _ in asked))
    return Step(
        kind=StepKind.PACKAGES,
        title=f"{installer.name}: {names}",
        commands=tuple(map(world.called, commands)),
        mends=tuple(findings),
        refused=why,
    )
