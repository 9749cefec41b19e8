"""Reading a lock that anybody wrote (PEP 751), and what an installer would take of it on a target."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from envdoctor.core.availability import CellReason, Pin, ReasonKind
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.core.finding import Severity
from envdoctor.index.project import FileKind, IndexFile
from envdoctor.support.files import read_regular
from envdoctor.support.toml import parse_toml

if TYPE_CHECKING:
    from pathlib import Path

    from packaging.pylock import Package, PackageWheel, Pylock

    from envdoctor.core.target import Target

_MOST_BYTES = 64 << 20
_MOST_WHEEL = 4 << 30
_SHAKES = frozenset({"shake_128", "shake_256"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What an installer takes of a lock on one target: wheels, and what keeps it from taking others."""

    files: tuple[tuple[Pin, IndexFile], ...] = ()
    reasons: tuple[CellReason, ...] = ()


def read_lock(file: Path) -> Pylock:
    """A lock, if it is one by PEP 751.

    Raises:
        UsageProblem: it can't be read, or breaks a rule; which, and where.
    """
    from packaging.pylock import Pylock, PylockUnsupportedVersionError, PylockValidationError

    try:
        return Pylock.from_dict(parse_toml(read_regular(file, _MOST_BYTES).decode("utf-8")))
    except OSError as error:
        raise UsageProblem(f"{file} can't be read: {error.strerror or error}.") from None
    except (UnicodeDecodeError, Unreadable) as error:
        raise UsageProblem(f"{file} is no TOML: {error}.") from None
    except (PylockValidationError, PylockUnsupportedVersionError) as error:
        raise UsageProblem(f"{file} is no lock by PEP 751: {error}.") from None


def is_lock(file: Path) -> bool:
    """Whether a file's name says that it is a lock."""
    from packaging.pylock import is_valid_pylock_path

    return is_valid_pylock_path(file)


def select(lock: Pylock, target: Target, folder: Path) -> Selection:
    """What an installer takes there; a lock that is not for the target selects nothing, with the reason.

    Args:
        lock: by `read_lock`.
        target: where it is to be installed.
        folder: of the lock, from which paths in it start.
    """
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
    from packaging.pylock import PackageWheel, PylockSelectError

    files: list[tuple[Pin, IndexFile]] = []
    reasons: list[CellReason] = []
    try:
        for package, source in lock.select(environment=_environment(target), tags=target.tags):
            if not isinstance(source, PackageWheel):
                reasons.append(_unread(package, source))
            elif file := _file(source, folder):
                files.append((Pin(name=package.name, version=file.version, filename=file.filename), file))
                reasons += _damage(source, file)
            else:
                where = f"{package.name}: its wheel lies at no address that can be read."
                reasons.append(_reason(ReasonKind.NOT_LOOKED_AT, package.name, where))
    except PylockSelectError as error:
        kind = ReasonKind.OTHER_WHEELS if "wheel" in str(error) else ReasonKind.NO_VERSION
        reasons.append(_reason(kind, "lock", f"An installer refuses the lock there: {str(error).rstrip('.')}."))
    except (UndefinedComparison, UndefinedEnvironmentName, ValueError) as error:  # int() takes 4,300 digits
        reasons.append(_reason(ReasonKind.NOT_LOOKED_AT, "lock", f"A marker of it can't be evaluated: {error}"))
    return Selection(files=tuple(files), reasons=tuple(reasons))


def _environment(target: Target) -> Any:  # noqa: ANN401  (packaging's typed dictionary)
    return target.markers


def _file(wheel: PackageWheel, folder: Path) -> IndexFile | None:
    """The wheel as an index would list it; None for an address that is no place over HTTP or on the disk."""
    try:
        url = wheel.url or (folder / str(wheel.path)).resolve().as_uri()
        scheme = urlsplit(url).scheme
    except ValueError:  # half of an IPv6 address, a NUL
        return None
    if scheme not in {"http", "https", "file"}:
        return None
    return IndexFile(
        filename=wheel.filename,
        url=url,
        kind=FileKind.WHEEL,
        version=wheel.filename.split("-")[1],
        sha256=wheel.hashes.get("sha256"),
        uploaded=wheel.upload_time,
        size=wheel.size,
    )


def _damage(wheel: PackageWheel, file: IndexFile) -> list[CellReason]:
    """Where a wheel on this disk is not the one that was locked; installers compare size and hashes too."""
    parts = urlsplit(file.url)
    if parts.scheme != "file":
        return []
    path = url2pathname(parts.path)
    try:
        content = read_regular(path, _MOST_WHEEL)
    except OSError as error:
        return [_reason(ReasonKind.UNREADABLE, file.filename, f"{file.filename}: {error.strerror or error}.")]
    wrong = [
        algorithm
        for algorithm, told in wheel.hashes.items()
        if algorithm in hashlib.algorithms_guaranteed - _SHAKES and hashlib.new(algorithm, content).hexdigest() != told
    ]
    if wheel.size is not None and wheel.size != len(content):
        wrong.append("size")
    said = f"{file.filename} is not the wheel that was locked: another {' and '.join(wrong)}."
    return [_reason(ReasonKind.UNREADABLE, file.filename, said)] if wrong else []


def _unread(package: Package, source: object) -> CellReason:
    """Something that must be built, or is no file of an index: what it will be can't be told without running it."""
    from packaging.pylock import PackageSdist

    version = f" {package.version}" if package.version else ""
    if isinstance(source, PackageSdist):
        message = f"{package.name}{version} has no wheel there in the lock: an installer builds it from source."
        return _reason(ReasonKind.SOURCE_ONLY, package.name, message)
    what = {"PackageVcs": "a repository", "PackageDirectory": "a folder", "PackageArchive": "an archive"}
    place = what.get(type(source).__name__, "a source")
    return _reason(ReasonKind.NOT_LOOKED_AT, package.name, f"{package.name}{version} is locked to {place}.")


def _reason(kind: ReasonKind, subject: str, message: str) -> CellReason:
    return CellReason(kind=kind, severity=Severity.ERROR, subject=subject, message=message)
