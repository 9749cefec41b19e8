"""`sweep`: many wheels, models, releases or hosts, one after the other or at once, kept in the history."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.errors import UsageProblem
from envdoctor.core.sweep import SweepItem
from envdoctor.sweeps.database import default_database, open_database
from envdoctor.sweeps.sweeping import Keeping, Reuse, item_key, sweep
from envdoctor.sweeps.work import Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from envdoctor.core.sweep import SweepReport
    from envdoctor.sweeps.work import Done, Judge

    Progress = Callable[[int, int], None]

#: Files that may be models: what `envdoctor model` reads, and those of which it tells what else to ask.
MODEL_SUFFIXES = frozenset({".tflite", ".lite", ".task", ".onnx", ".keras", ".h5", ".pt2"})
#: Workers that wait for a network at the same time.
_WAITING = 8
#: Hours that a verdict which rests on an index holds.
_A_WEEK = 168.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepOptions:
    """How to sweep.

    Attributes:
        database: the file of the history; None for the user's own.
        workers: at once; None for one a processor, or some more where they wait for a network.
        scheduler: of Dask, whose workers do it; empty for this machine.
        fresh: judge again what is known.
        retry: judge again what could not be judged.
        max_age: hours for which what rests on an index holds; None for a week (20 hours in a sweep of an index).
        time_limit: seconds for an item.
        memory_limit: bytes for a worker.
    """

    database: Path | None = None
    workers: int | None = None
    scheduler: str = ""
    fresh: bool = False
    retry: bool = False
    max_age: float | None = None
    time_limit: float = 300.0
    memory_limit: int = 2 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be swept.

    Attributes:
        kind: as the history calls it.
        items: what to look at.
        judge: how.
        waits: an item spends its time waiting for a network, so that threads do.
        notes: sentences that a reader should not miss.
    """

    kind: str
    items: Sequence[SweepItem]
    judge: Judge
    waits: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelsRequest:
    """What wheels to look at, and for what; texts are as typed.

    Attributes:
        paths: wheels, and folders in which to look for some.
        files: requirement files, each line of which is looked at.
        platforms: names joined by commas; empty for this machine.
        pythons: names and ranges; empty for this one.
        alone: judge each wheel without those that it requires.
        offline: ask no network.
        cache: the folder to keep answers in.
    """

    paths: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    platforms: str = ""
    pythons: str = ""
    alone: bool = False
    offline: bool = False
    cache: Path | None = None


def sweep_wheels(request: WheelsRequest, options: SweepOptions, progress: Progress | None = None) -> SweepReport:
    """Judges every wheel on every target that takes it.

    Raises:
        UsageProblem: a path or a name is not understood, there is nothing to look at, or the history can't be used.
    """
    from envdoctor.doctor.sweep_judges import WheelQuestion, judge_wheel, named
    from envdoctor.locks.asked import read_asked

    targets = _targets(request.platforms, request.pythons)
    names = tuple(name for name, _, _ in targets)
    asked = WheelQuestion(
        subject="", targets=targets, alone=request.alone, offline=request.offline, cache=request.cache
    )
    items = []
    for path in found_files(request.paths, frozenset({".whl"})):
        package, version = named(path.name) or (path.name, "")
        items.append(
            SweepItem(
                name=str(path),
                key=item_key("wheels", _identity(path), targets, request.alone),
                question=replace(asked, subject=str(path)),
                subject=package,
                version=version,
                targets=names,
            )
        )
    for line in dict.fromkeys(line for file in request.files for line in read_asked(file)[0]):
        key = item_key("wheels", line, targets, request.alone)
        items.append(SweepItem(name=line, key=key, question=replace(asked, subject=line), subject=line, targets=names))
    return swept(Plan(kind="wheels", items=items, judge=judge_wheel), _aged(options, request), progress)


def sweep_models(
    paths: Sequence[Path], goals: Sequence[str], options: SweepOptions, progress: Progress | None = None
) -> SweepReport:
    """Judges every model for every goal, by its file alone: nothing is run.

    Raises:
        UsageProblem: a goal is unknown, there is nothing to look at, or the history can't be used.
    """
    from envdoctor.doctor.sweep_judges import judge_model
    from envdoctor.tflite.readers import find_reader

    goals = tuple(dict.fromkeys(goals))
    for goal in goals:
        find_reader(goal)
    items = [
        SweepItem(
            name=str(path),
            key=item_key("models", _identity(path), goals),
            question=(str(path), goals),
            subject=path.name,
            targets=goals,
        )
        for path in found_files(paths, MODEL_SUFFIXES)
    ]
    return swept(Plan(kind="models", items=items, judge=judge_model), replace(options, max_age=None), progress)


def _aged(options: SweepOptions, request: WheelsRequest) -> SweepOptions:
    """What is judged alone stays true; what rests on an index does not for ever."""
    if options.max_age is not None or (request.alone and not request.files):
        return options
    return replace(options, max_age=_A_WEEK)


def found_files(paths: Iterable[Path], suffixes: frozenset[str]) -> Iterator[Path]:
    """Files that are named, and those with these suffixes in folders that are; sorted, links to folders not followed.

    A folder that is called as a wheel is told like one, for its judgment to refuse, and not entered.

    Raises:
        UsageProblem: there is no such file or folder, or a folder can't be listed.
    """

    def refuse(error: OSError) -> None:
        raise UsageProblem(f"{error.filename} can't be listed: {error.strerror}.")

    def is_named_so(path: Path) -> bool:
        return path.suffix.lower() in suffixes & {".whl"}

    for path in paths:
        if not path.is_dir() or is_named_so(path):
            if not path.exists():
                raise UsageProblem(f"There is no file or folder {path}.")
            yield path
            continue
        for folder, below, names in os.walk(path, onerror=refuse):
            refused = [name for name in below if is_named_so(Path(name))]
            below[:] = sorted(set(below).difference(refused))
            found = [name for name in names if Path(name).suffix.lower() in suffixes]
            yield from (Path(folder, name) for name in sorted([*found, *refused]))


def _identity(path: Path) -> tuple[str, int, int]:
    """What tells whether a file is the one that was looked at: reading 100,000 wheels for a hash would cost more."""
    try:
        told = path.stat()
    except OSError:  # a link to nothing; the judgment says so
        return str(path.absolute()), -1, -1
    return str(path.absolute()), told.st_size, told.st_mtime_ns


def _targets(platforms: str, pythons: str) -> tuple[tuple[str, str, str], ...]:
    """Printed name, platform and Python of each; `here` stays itself, since its libraries can be looked at."""
    from envdoctor.availability.here import target_here
    from envdoctor.support.python_names import parse_pythons
    from envdoctor.support.target_names import HERE, parse_columns, target_name

    base = target_here()
    interpreters = parse_pythons(pythons) if pythons else (base.interpreter,)
    found: dict[str, tuple[str, str, str]] = {}
    for word in filter(None, map(str.strip, (platforms or HERE).split(","))):
        for target in parse_columns(word, interpreters, base):
            name = target_name(target)
            found[name] = (name, HERE, target.interpreter.name) if word == HERE else (name, name, "")
    if not found:
        raise UsageProblem(f"{platforms!r} names no platform.")
    return tuple(found.values())


def swept(plan: Plan, options: SweepOptions, progress: Progress | None) -> SweepReport:
    """Sweeps.

    Raises:
        UsageProblem: there is nothing to look at, or the history can't be used.
    """
    if not plan.items and not plan.notes:
        raise UsageProblem("There is nothing to look at: no file of that kind in the folders, no line in the files.")
    reuse = Reuse(
        fresh=options.fresh,
        retry=options.retry,
        retry_unknown=options.max_age is not None,
        max_age=None if options.max_age is None else timedelta(hours=options.max_age),
    )
    with open_database(options.database or default_database(), write=True) as database:
        keeping = Keeping(database=database, reuse=reuse)
        report = sweep(plan.kind, plan.items, lambda todo: _pooled(plan, options, todo), keeping, progress)
    return replace(report, notes=plan.notes)


def _pooled(plan: Plan, options: SweepOptions, todo: Sequence[SweepItem]) -> Iterator[tuple[SweepItem, Done]]:
    limits = Limits(seconds=options.time_limit, memory=options.memory_limit)
    if options.scheduler:
        from envdoctor.sweeps.dask_workers import in_dask

        return in_dask(plan.judge, todo, options.scheduler, limits)
    if plan.waits:
        from envdoctor.sweeps.threads import in_threads

        return in_threads(plan.judge, todo, options.workers or _WAITING, limits)
    from envdoctor.sweeps.processes import in_processes

    return in_processes(plan.judge, todo, options.workers or os.cpu_count() or 1, limits)
