"""`matrix --has`: which versions of a package have a module, or a name in one."""

from __future__ import annotations

import functools
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.availability.cells import TOO_LATE
from envdoctor.availability.table import rows
from envdoctor.availability.tools import open_tools
from envdoctor.core.errors import EnvDoctorError, UsageProblem
from envdoctor.core.holdings import Holding, HoldingCell, HoldingTable
from envdoctor.core.request import Request
from envdoctor.doctor.matrix import understood
from envdoctor.environments.cache import open_cache
from envdoctor.executors.local import LocalExecutor
from envdoctor.index.access import Access
from envdoctor.support.parallel import in_parallel
from envdoctor.support.target_names import target_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from packaging.version import Version

    from envdoctor.availability.tools import Tools
    from envdoctor.core.matrix_request import MatrixRequest
    from envdoctor.core.target import Target

_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_WORKERS = 6


def holdings(
    request: MatrixRequest,
    names: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> HoldingTable:
    """Asks the wheel of each version on each target, by its own files alone; nothing is installed or run.

    Args:
        request: what is asked; of one package.
        names: modules and names in them, such as `mediapipe.solutions`.
        progress: told how many cells are done, of how many.
        say: told in a sentence before much is read over the network.

    Raises:
        UsageProblem: a text is not understood, or there is no such package or version.
        NetworkProblem: the index did not answer.
        Unreadable: an index page is damaged.
    """
    if len(request.requirements) != 1 or request.verify or request.resolve_only or request.explain:
        raise UsageProblem("--has asks about one package; leave out further ones, --verify, --resolve-only, --explain.")
    if odd := next((name for name in names if not _NAME.fullmatch(name)), None):
        raise UsageProblem(f"--has {odd!r} is no name of a module, such as mediapipe.solutions.")
    plan = understood(request)
    cache = open_cache(Request(cache=request.cache))
    access = Access(offline=request.offline, most=request.max_download, say=say)
    tools = open_tools(LocalExecutor(), cache.root, access, as_of=plan.terms.as_of)
    package = plan.requirements[0].name
    versions = rows(tools.catalogue, plan.requirements[0], pre_releases=request.pre_releases)
    asked = [(version, target) for version in versions for target in plan.targets]
    cells = []
    cell_of = functools.partial(_cell, tools, package, names, time.monotonic() + request.time_limit)
    for cell in in_parallel(cell_of, asked, _WORKERS, "names"):
        cells.append(cell)
        if progress:
            progress(len(cells), len(asked))
    return HoldingTable(
        package=tools.catalogue.project(package).name,
        names=tuple(names),
        versions=tuple(map(str, versions)),
        targets=tuple(map(target_name, plan.targets)),
        cells=tuple(cells),
        places=tools.settings.described,
        effort=tools.effort,
    )


def _cell(tools: Tools, package: str, names: Sequence[str], end: float, asked: tuple[Version, Target]) -> HoldingCell:
    version, target = asked
    unknown = dict.fromkeys(names, Holding.UNKNOWN)
    cell = HoldingCell(version=str(version), target=target_name(target), holdings=unknown)
    if time.monotonic() >= end:
        return replace(cell, problem=TOO_LATE)
    wheel = tools.catalogue.wheel(package, version, target)
    if wheel is None:
        return replace(cell, problem="there is no wheel for it.")
    try:
        return replace(cell, holdings=tools.inspector.holdings(wheel, names, target))
    except EnvDoctorError as error:
        return replace(cell, problem=f"{wheel.filename}: {error}")
