"""`sweep index`: the releases of some packages since a day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from envdoctor.availability.here import target_here
from envdoctor.availability.table import parse_as_of
from envdoctor.availability.tools import open_tools
from envdoctor.core.errors import NetworkProblem, Unreadable, UsageProblem
from envdoctor.core.matrix_request import MatrixRequest
from envdoctor.core.request import Request
from envdoctor.core.sweep import SweepItem
from envdoctor.doctor.sweep import Plan, swept
from envdoctor.doctor.sweep_judges import ReleaseQuestion, judge_release
from envdoctor.environments.cache import open_cache
from envdoctor.executors.local import LocalExecutor
from envdoctor.index.access import Access
from envdoctor.locks.asked import read_asked
from envdoctor.support.parallel import in_parallel
from envdoctor.support.python_names import parse_pythons
from envdoctor.support.requirement import normal_name
from envdoctor.support.target_names import HERE, parse_columns, target_name
from envdoctor.sweeps.sweeping import item_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from packaging.version import Version

    from envdoctor.availability.catalogue import Catalogue
    from envdoctor.core.sweep import SweepReport
    from envdoctor.doctor.sweep import SweepOptions
    from envdoctor.index.project import IndexFile

_PYTHONS = "3.10-3.14"
#: Pages of the index that are asked for at once.
_PAGES = 8
#: Hours for which a verdict holds whose release is the same: what it requires may have other releases the next day.
_HOLDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRequest:
    """What releases to look at, and for what; texts are as typed.

    Attributes:
        packages: a file with a requirement a line, which may restrict the versions.
        since: a day or a time; only releases whose first file was uploaded from then on.
        platforms: names joined by commas; empty for this machine.
        pythons: names and ranges; empty for those that a platform's name says, else the supported ones.
        offline: ask no network.
        cache: the folder to keep answers in.
    """

    packages: Path
    since: str
    platforms: str = ""
    pythons: str = ""
    offline: bool = False
    cache: Path | None = None


def sweep_index(
    request: IndexRequest, options: SweepOptions, progress: Callable[[int, int], None] | None = None
) -> SweepReport:
    """Judges each release on each target; a package that can't be asked about has a row that says why.

    Raises:
        UsageProblem: a text is not understood, the file names no package, or the history can't be used.
    """
    since = _moment(request.since)
    targets = parse_columns(request.platforms or HERE, parse_pythons(request.pythons or _PYTHONS), target_here())
    names = tuple(map(target_name, targets))
    lines = tuple(dict.fromkeys(read_asked(request.packages)[0]))
    if not lines:
        raise UsageProblem(f"{request.packages} names no package; write one a line.")
    tools = open_tools(LocalExecutor(), open_cache(Request(cache=request.cache)).root, Access(offline=request.offline))
    asked = MatrixRequest(
        requirements=(),
        platforms=request.platforms,
        pythons=request.pythons,
        offline=request.offline,
        cache=request.cache,
    )

    def listed(line: str) -> tuple[SweepItem, ...]:
        try:
            return tuple(_releases(line, tools.catalogue, since, asked, names))
        except (NetworkProblem, Unreadable) as error:
            return (_untold(line, error, names),)

    found = list(in_parallel(listed, lines, _PAGES, "pages"))
    notes = tuple(
        f"{line}: no release since {request.since}." for line, items in zip(lines, found, strict=True) if not items
    )
    items = [item for of_package in found for item in of_package]
    plan = Plan(kind="index", items=items, judge=judge_release, notes=notes)
    return swept(plan, replace(options, max_age=options.max_age or _HOLDS), progress)


def _moment(text: str) -> datetime:
    """The beginning of a day, or the very time; the inverse of `--as-of`, which means its end."""
    from datetime import timedelta

    moment = parse_as_of(text)
    return moment if "T" in text else moment - timedelta(days=1)


def _releases(
    line: str, catalogue: Catalogue, since: datetime, asked: MatrixRequest, targets: tuple[str, ...]
) -> Iterator[SweepItem]:
    requirement = Requirement(line)
    name, specifier = normal_name(requirement.name), requirement.specifier
    releases = catalogue.releases(requirement.name)
    if not releases:
        raise Unreadable(f"There is no package {name} on the index.")
    if any(file.uploaded is None for files in releases.values() for file in files):
        raise Unreadable(f"The index does not tell when the files of {name} were uploaded (PEP 700).")
    for version, files in sorted(releases.items()):
        if not specifier.contains(version) or min(_uploads(files)) < since:
            continue
        yield _release(name, version, files, asked, targets)


def _uploads(files: tuple[IndexFile, ...]) -> Iterator[datetime]:
    return (file.uploaded for file in files if file.uploaded is not None)


def _release(
    name: str, version: Version, files: tuple[IndexFile, ...], asked: MatrixRequest, targets: tuple[str, ...]
) -> SweepItem:
    """A release; it is another question when a file was added, taken away or yanked."""
    line = f"{name}=={version}"
    content = sorted((file.filename, repr(file.sha256), str(file.yanked)) for file in files)
    return SweepItem(
        name=line,
        key=item_key("index", line, content, targets),
        question=ReleaseQuestion(
            request=replace(asked, requirements=(line,)), released=min(_uploads(files)).isoformat()
        ),
        subject=name,
        version=str(version),
        targets=targets,
    )


def _untold(line: str, error: NetworkProblem | Unreadable, targets: tuple[str, ...]) -> SweepItem:
    name = normal_name(Requirement(line).name)
    return SweepItem(
        name=line,
        key=item_key("index", line, str(error)),
        question=ReleaseQuestion(request=MatrixRequest(requirements=(line,)), problem=error),
        subject=name,
        targets=targets,
    )
