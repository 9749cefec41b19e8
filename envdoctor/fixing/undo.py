"""Puts the versions of before back: removes what was added, installs again what was changed or removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.fixing import Change, FixPlan, Step, StepKind
from envdoctor.facts.packages.installers import installers, pip_serves
from envdoctor.fixing.changes import versions_now
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from envdoctor.fixing.log import Log
    from envdoctor.fixing.world import World


def undo_plan(log: Log, world: World) -> FixPlan:
    """What undoes the changes of a log, from whatever is there now.

    Raises:
        FactUnavailable: the environment can't be read.
    """
    python, packages = world.facts.python, world.facts.packages
    told = log.changes()
    now = versions_now(packages, told)
    half_done = any(row.state != "done" for row in log.steps)
    back = [
        Change(name=name, before=now[name], after=one.before, undo=_again(now[name], one), editable=one.editable)
        for name, one in told.items()
        if now[name] != one.before or (half_done and one.before) or (one.editable and one.before != one.after)
    ]
    pip, uv, _ = installers(python)
    installer = pip if pip_serves(packages) else uv
    goes = [one.name for one in back if not one.after]
    comes = [one for one in back if one.after and told[one.name].undo]
    lost = [one for one in back if one.after and not told[one.name].undo]
    commands = [(*installer.removes, *goes)] if goes else []
    if comes:
        words = [word for one in comes for word in _words(told[one.name])]
        commands.append((*installer.reinstalls, *words))
    notes = [f"{one.name} {one.after} can't be put back: where it came from is gone" for one in lost]
    notes += _changed_since(told, now)
    count = len(back) - len(lost)
    done = f"put back the versions of {plural(count, 'distribution')}" if count else "nothing can be put back"
    step = Step(
        kind=StepKind.PACKAGES,
        title=f"{installer.name}: {done}",
        commands=tuple(map(world.called, commands)),
        changes=tuple(one for one in back if one not in lost),
        undo="`envdoctor fix` makes the change again",
        notes=tuple(notes),
    )
    return FixPlan(python=python.executable, prefix=python.prefix, steps=(step,) if commands or notes else ())


def _again(now: str, told: Change) -> str:
    """What would bring back what an undo takes away: the fix, which is made again."""
    return f"{told.name}=={now}" if now else ""


def _words(told: Change) -> tuple[str, ...]:
    """What an installer is told to put back."""
    return ("-e", told.undo.removeprefix("-e ")) if told.editable else (told.undo,)


def _changed_since(told: dict[str, Change], now: dict[str, str]) -> list[str]:
    """What is now neither as before the fix nor as after it."""
    others = [one for one in told.values() if now[one.name] not in {one.before, one.after}]
    return [f"{one.name} was changed since, to {now[one.name] or 'nothing'}" for one in others]


def not_restored(log: Log, world: World) -> tuple[str, ...]:
    """What has another version than before the fix, as sentences; empty if all is as it was."""
    told = log.changes()
    now = versions_now(world.facts.packages, told)
    return tuple(
        f"{name}: {now[name] or 'absent'} in place of {one.before or 'nothing'}"
        for name, one in told.items()
        if now[name] != one.before
    )
