"""What an index offers of one project: files, and what is said of each."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace
from datetime import datetime  # noqa: TC003  (resolved at run time to be kept)
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.tags import Tag
    from packaging.version import Version

_MOST_TAGS = 2000  # that one name may stand for; real ones stand for a dozen
_SDIST_ENDINGS = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")
#: Of all that lies on indexes; eggs and installers are of no use and show what a page is all the same.
ARCHIVE_ENDINGS = (".whl", *_SDIST_ENDINGS, ".egg", ".exe", ".msi", ".rpm", ".dmg", ".deb", ".tar", ".tar.z")


class FileKind(enum.Enum):
    """What an installer can do with a file."""

    WHEEL = "wheel"
    SDIST = "sdist"


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexFile:
    """One file of a project, as an index lists it.

    Attributes:
        filename: the name that says project, version and tags (PEP 427, PEP 625).
        url: absolute, ``http(s):`` or ``file:``; without credentials.
        kind: wheel or source distribution.
        version: as written in the file name.
        sha256: as the index claims; None if it names no SHA-256.
        requires_python: the specifier that the running Python must meet (PEP 503); None for any.
        yanked: None if not; else the reason, which may be empty (PEP 592).
        uploaded: when, UTC; None if the index does not tell (PEP 700).
        size: bytes; None if the index does not tell.
        metadata: the SHA-256 of a metadata file beside it, "" if there is one without a hash, None if there is none
            (PEP 658, PEP 714).
    """

    filename: str
    url: str
    kind: FileKind
    version: str
    sha256: str | None = None
    requires_python: str | None = None
    yanked: str | None = None
    uploaded: datetime | None = None
    size: int | None = None
    metadata: str | None = None

    @property
    def tags(self) -> frozenset[Tag]:
        """The compatibility tags in a wheel's name (PEP 425); empty for a source distribution, or if they are none."""
        return _tags(self.filename) if self.kind is FileKind.WHEEL else frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """Everything that the user's indexes and links offer of one project.

    Attributes:
        name: normalized (PEP 503).
        files: of all places, in the order of the places.
        places: where files came from, credentials hidden.
        refused: places that refused to answer; there could be more files there.
    """

    name: str
    files: tuple[IndexFile, ...]
    places: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def versions(self) -> tuple[Version, ...]:
        """Every version with a file, oldest first."""
        return tuple(sorted({_version(file.version) for file in self.files}))

    def of_version(self, version: Version) -> Iterator[IndexFile]:
        """The files of one version."""
        return (file for file in self.files if _version(file.version) == version)

    def as_of(self, moment: datetime) -> Project:
        """The files that were there at `moment`; one without an upload time is not, since nothing proves it was."""
        kept = tuple(file for file in self.files if file.uploaded is not None and file.uploaded < moment)
        return replace(self, files=kept)


def classify(filename: str, project: str) -> tuple[FileKind, str] | None:
    """Kind and version that a file name states, or None if it is no wheel or sdist of `project` that pip would take."""
    from packaging.utils import canonicalize_name

    if filename.endswith(".whl"):
        parts = filename[:-4].split("-")
        if len(parts) not in {5, 6} or canonicalize_name(parts[0]) != project:
            return None
        kind, version = FileKind.WHEEL, parts[1]
    else:
        ending = next((ending for ending in _SDIST_ENDINGS if filename.endswith(ending)), None)
        name, _, version = filename.removesuffix(ending or "").rpartition("-")
        if ending is None or canonicalize_name(name) != project:
            return None
        kind = FileKind.SDIST
    return (kind, version) if _is_version(version) else None


def _is_version(text: str) -> bool:
    from packaging.version import InvalidVersion

    try:
        _version(text)
    except InvalidVersion:
        return False
    return True


@lru_cache(maxsize=1 << 16)
def _version(text: str) -> Version:
    from packaging.version import Version

    return Version(text)


@lru_cache(maxsize=1 << 17)
def _tags(filename: str) -> frozenset[Tag]:
    from packaging.tags import InvalidTag, parse_tag

    parts = filename[:-4].rsplit("-", 3)[1:]
    if math.prod(part.count(".") + 1 for part in parts) > _MOST_TAGS:
        return frozenset()
    try:
        return parse_tag("-".join(parts))
    except InvalidTag:  # old indexes have wheels for "py2.7"; no installer takes them
        return frozenset()
