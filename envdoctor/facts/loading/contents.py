"""An installed distribution as what its wheel would be, so that the judge of wheels can look at it."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.binaries.python_abi import module_abi
from envdoctor.support.files import read_regular
from envdoctor.wheels.contents import Effort, NativeFile, WheelContents, import_names
from envdoctor.wheels.directory import STORED, Member
from envdoctor.wheels.metadata import WheelMetadata

if TYPE_CHECKING:
    from envdoctor.facts import Facts
    from envdoctor.facts.natives import NativeFile as InstalledFile
    from envdoctor.facts.packages import Distribution

_LARGEST_MODULE = 64 << 20


def installed_contents(facts: Facts, distribution: Distribution) -> WheelContents:
    """What a distribution has in site-packages; CRCs and offsets, which only an archive has, are 0.

    Raises:
        FactUnavailable: the environment can't be read.
    """
    records = [one for one in facts.records.records if one.distribution.metadata == distribution.metadata]
    paths = [posixpath.normpath(path) for record in records for path in record.paths]
    natives = [one for one in facts.natives.files if one.distribution.metadata == distribution.metadata]
    files = tuple(_native(one, distribution.root) for one in natives)
    tags = next((tags for one, tags in facts.natives.wheel_tags if one.metadata == distribution.metadata), ())
    members = {path: member_of(path) for path in dict.fromkeys([*paths, *(one.path for one in files)])}
    metadata = WheelMetadata(
        folder="", name=distribution.name, version=distribution.version, requires=distribution.requires, tags=tags
    )
    return WheelContents(
        metadata=metadata,
        members=members,
        imports=import_names(members),
        natives=files,
        effort=Effort(size=0, bytes_read=0, reads=0),
    )


def read_text(root: str, member: str) -> str:
    """The text of an installed module.

    Raises:
        Unreadable: it is gone, or not to be read.
    """
    from envdoctor.core.errors import Unreadable

    try:
        return read_regular(f"{root}/{member}", _LARGEST_MODULE).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise Unreadable(f"{member}: {error.strerror or error}") from None


def _native(file: InstalledFile, root: str) -> NativeFile:
    path = Path(os.path.relpath(file.path, root)).as_posix()
    return NativeFile(
        member=path,
        path=path,
        size=file.size,
        library=file.library,
        problem="" if file.library else file.problem,
        python=module_abi(posixpath.basename(path), file.library),
    )


def member_of(path: str) -> Member:
    """An installed file as a member of a wheel."""
    return Member(name=path, crc=0, size=0, compressed_size=0, method=STORED, offset=0, mode=0)
