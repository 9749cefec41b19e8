"""What the installers of uv, Poetry, PDM and Pipenv take of their locks on a target, and what keeps them from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.availability.candidates import best_wheel, refuses_python
from envdoctor.core.availability import CellReason, Pin, ReasonKind
from envdoctor.core.errors import NetworkProblem, Unreadable
from envdoctor.core.finding import Severity
from envdoctor.index.project import FileKind
from envdoctor.locks.reading import Selection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.availability.catalogue import Catalogue
    from envdoctor.core.target import Target
    from envdoctor.index.project import IndexFile
    from envdoctor.locks.tool_locks import Locked, ToolLock


def select_locked(lock: ToolLock, target: Target, catalogue: Catalogue) -> Selection:
    """The wheels that are taken there, by the addresses or the hashes that the lock names.

    Raises:
        UsageProblem: a marker of the lock is none, or what one package needs is not in it.
    """
    files: list[tuple[Pin, IndexFile]] = []
    reasons: list[CellReason] = []
    if lock.requires_python and refuses_python(lock.requires_python, target):
        message = f"The lock is for Python {lock.requires_python}: {lock.tool} refuses it there."
        reasons.append(_reason(ReasonKind.NO_VERSION, "lock", message))
    for package in lock.choose(target):
        found = _file(package, target, catalogue)
        if isinstance(found, CellReason):
            reasons.append(found)
        else:
            files.append((Pin(name=package.name, version=package.version, filename=found.filename), found))
    return Selection(files=tuple(files), reasons=tuple(reasons))


def _file(package: Locked, target: Target, catalogue: Catalogue) -> IndexFile | CellReason:
    named = f"{package.name} {package.version}".strip()
    if package.place or not package.version:
        message = f"{named} is locked to {package.place or 'no version'}."
        return _reason(ReasonKind.NOT_LOOKED_AT, package.name, message)
    try:
        files = package.files or _on_index(package, catalogue)
    except (NetworkProblem, Unreadable, ValueError) as error:
        return _reason(ReasonKind.NOT_LOOKED_AT, package.name, f"{named}: {error}")
    if not files:
        message = f"{named}: none of the files that the lock names is on your index."
        return _reason(ReasonKind.NOT_LOOKED_AT, package.name, message)
    wheel = best_wheel(files, target)
    if wheel is not None:
        return wheel
    if any(file.kind is FileKind.SDIST for file in files):
        message = f"{named} has no wheel there in the lock: an installer builds it from source."
        return _reason(ReasonKind.SOURCE_ONLY, package.name, message)
    return _reason(ReasonKind.OTHER_WHEELS, package.name, f"{named} has no wheel there in the lock.")


def _on_index(package: Locked, catalogue: Catalogue) -> Sequence[IndexFile]:
    from packaging.version import Version

    files = catalogue.releases(package.name).get(Version(package.version), ())
    return [
        file for file in files if not package.hashes or file.sha256 is None or file.sha256.lower() in package.hashes
    ]


def _reason(kind: ReasonKind, subject: str, message: str) -> CellReason:
    return CellReason(kind=kind, severity=Severity.ERROR, subject=subject, message=message)
