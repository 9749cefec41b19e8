"""What `lock` and `guard` are asked: requirement lines, targets and terms, from texts and files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.availability.candidates import refuses_python
from envdoctor.availability.table import parse_requirements
from envdoctor.core.errors import UsageProblem
from envdoctor.core.matrix_request import MatrixRequest
from envdoctor.doctor.matrix import understood
from envdoctor.locks.asked import python_of_project, read_asked
from envdoctor.locks.markers import check_targets

if TYPE_CHECKING:
    from envdoctor.core.lock import LockRequest
    from envdoctor.core.target import Target
    from envdoctor.doctor.matrix import Plan

_MOST_TARGETS = 100
_FILES = (".toml", ".txt")


def understood_lock(request: LockRequest) -> tuple[tuple[str, ...], Plan]:
    """The requirement lines of a request, its files' included, and its targets and terms.

    Raises:
        UsageProblem: a text or a file is not understood, or no marker tells two targets apart.
    """
    request = _with_files(request)
    files = [read_asked(file, request.extras, request.groups) for file in request.files]
    direct = [str(one) for one in parse_requirements(request.requirements)] if request.requirements else []
    lines = (*direct, *(line for own in files for line in own.requirements))
    if not lines:
        named = ", ".join(map(str, request.files))
        raise UsageProblem(f"{named} asks for nothing." if named else "Name requirements, or a file of them by -r.")
    asked = MatrixRequest(
        requirements=lines,
        platforms=request.platforms,
        pythons=request.pythons,
        as_of=request.as_of,
        constraints=request.constraints,
    )
    plan = understood(asked)
    limits = tuple(line for own in files for line in own.constraints)
    plan = replace(
        plan,
        targets=_of_projects(plan.targets, request),
        terms=replace(plan.terms, constraints=(*plan.terms.constraints, *limits)),
    )
    if len(plan.targets) > _MOST_TARGETS:
        raise UsageProblem(f"That is {len(plan.targets)} targets, and {_MOST_TARGETS} are the limit; name fewer.")
    check_targets(plan.targets)
    return lines, plan


def _with_files(request: LockRequest) -> LockRequest:
    """The same with the files among its requirements in their place: `requirements.txt` is an index's project, too."""
    named = [
        one for one in request.requirements if one.endswith(_FILES) or (one.endswith(".in") and Path(one).is_file())
    ]
    left = tuple(one for one in request.requirements if one not in named)
    return replace(request, requirements=left, files=(*request.files, *map(Path, named)))


def _of_projects(targets: tuple[Target, ...], request: LockRequest) -> tuple[Target, ...]:
    """The targets whose Python the projects ask for; where Pythons were named, all of them must be.

    Raises:
        UsageProblem: one is not, or none is left.
    """
    for file in request.files:
        asked = python_of_project(file)
        left = tuple(target for target in targets if not asked or not refuses_python(asked, target))
        out = ", ".join(dict.fromkeys(target.interpreter.name for target in targets if target not in left))
        if out and (request.pythons or not left):
            raise UsageProblem(f"{file} asks for Python {asked}, which leaves {out} out; name others by --python.")
        targets = left
    return targets
