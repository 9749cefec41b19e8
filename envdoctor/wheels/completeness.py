"""Whether a wheel has all of its parts: its RECORD, its directory and the headers of its members must agree.

pip and uv install what the directory lists, so that a member whose entry is lost is missing without a word. RECORD
lists every file (PEP 427, "The .dist-info directory"), and tells.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.support.text import plural
from envdoctor.wheels.metadata import read_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.wheels.archive import WheelArchive
    from envdoctor.wheels.metadata import RecordRow, WheelMetadata

_LARGEST_REMOTE_RECORD = 1 << 20  # bytes, compressed, of 20,000 files
_SIGNATURES = ("RECORD", "RECORD.jws", "RECORD.p7s")
_OWN = ("METADATA", "WHEEL")
_NAMED = 3


def check_completeness(archive: WheelArchive, metadata: WheelMetadata, *, in_parts: bool) -> str:
    """Compares them.

    Args:
        archive: the wheel.
        metadata: of it.
        in_parts: read no more than is worth its price, since each read is a request.

    Returns:
        What was not compared, as a sentence; "" if all was.

    Raises:
        Unreadable: the wheel is damaged.
    """
    record = archive.members.get(f"{metadata.folder}/RECORD")
    if record is None:
        raise Unreadable(f"the wheel is damaged: it has no {metadata.folder}/RECORD")
    is_compared = not in_parts or record.compressed_size <= _LARGEST_REMOTE_RECORD
    if is_compared:
        _compare(archive, metadata, read_record(archive, metadata))
    if not in_parts:
        archive.check_headers()
    left = len(archive.members) - len(archive.looked_at)
    parts = [] if is_compared else ["its RECORD"]
    parts += [f"the local headers of {plural(left, 'file')}"] if left else []
    return f"The wheel was read in parts: {' and '.join(parts)} were not compared with its directory." if parts else ""


def _compare(archive: WheelArchive, metadata: WheelMetadata, rows: tuple[RecordRow, ...]) -> None:
    listed = {_archive_path(archive, row.path): row for row in rows}
    if unlisted := [name for name in _OWN if f"{metadata.folder}/{name}" not in listed]:
        raise Unreadable(f"the wheel is damaged: its RECORD does not list {' and '.join(unlisted)}")
    if missing := [path for path in listed if path not in archive.members and not _may_be_absent(path, metadata)]:
        raise Unreadable(
            f"the wheel is damaged: its RECORD lists {plural(len(missing), 'file')} that the archive does not have "
            f"({', '.join(missing[:_NAMED])}{', ...' if missing[_NAMED:] else ''})"
        )
    if different := next(_different_sizes(archive, metadata, listed), None):
        raise Unreadable(f"the wheel is damaged: {different} has another size than its RECORD says")


def _different_sizes(archive: WheelArchive, metadata: WheelMetadata, listed: dict[str, RecordRow]) -> Iterator[str]:
    """Files whose sizes differ; those of the .dist-info folder are edited by hand often enough."""
    for path, row in listed.items():
        known = path in archive.members and row.size is not None and not path.startswith(f"{metadata.folder}/")
        if known and archive.members[path].size != row.size:
            yield path


def _archive_path(archive: WheelArchive, path: str) -> str:
    """A path of RECORD as the directory has it: old tools on Windows wrote other slashes, and names without UTF-8."""
    path = posixpath.normpath(path.replace("\\", "/")) + "/" * path.endswith("/")
    other = path.encode("utf-8", "surrogateescape").decode("cp437")
    return other if path not in archive.members and other in archive.members else path


def _may_be_absent(path: str, metadata: WheelMetadata) -> bool:
    """Folders, signatures, and what Python makes itself."""
    return path.endswith(("/", ".pyc")) or path in {f"{metadata.folder}/{name}" for name in _SIGNATURES}
