"""Whether a wheel has all of its parts: its RECORD, its directory and the headers of its members must agree.

pip and uv install what the directory lists, so that a member whose entry is lost is missing without a word. RECORD
lists every file (PEP 427, "The .dist-info directory"), and tells. What no import needs, a licence or a file of the
environment's, makes no wheel damaged: it is left to the rules about a wheel's making.
"""

from __future__ import annotations

import itertools
import posixpath
import re
from collections import Counter
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.frozen import frozen
from envdoctor.support.text import plural
from envdoctor.wheels.metadata import read_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envdoctor.wheels.archive import WheelArchive
    from envdoctor.wheels.metadata import RecordRow, WheelMetadata

_LARGEST_REMOTE_RECORD = 1 << 20  # bytes, compressed, of 20,000 files
_OWN = ("METADATA", "WHEEL")
_NAMED = 3
_TAKEN = "; pip and uv install it all the same"
_HEADERS_READ = 20
_NATIVE = (".so", ".dylib", ".dll", ".pyd")
_NOT_IMPORTED = re.compile(r"[^/]+\.dist-info/.*|[^/]+\.data/(?:data|headers|scripts)/.*")


@frozen
class Completeness:
    """What the comparison showed.

    Attributes:
        damage: what disagrees, as the part of a sentence; "" if nothing does.
        not_compared: what was not compared, as a sentence; "" if all was.
    """

    damage: str = ""
    not_compared: str = ""


def check_completeness(archive: WheelArchive, metadata: WheelMetadata, *, in_parts: bool) -> Completeness:
    """Compares them.

    Args:
        archive: the wheel.
        metadata: of it.
        in_parts: read no more than is worth its price, since each read is a request.

    Raises:
        Unreadable: a local header is damaged, so that nothing of the wheel can be trusted.
    """
    record = archive.members.get(f"{metadata.folder}/RECORD")
    is_compared = record is None or not in_parts or record.compressed_size <= _LARGEST_REMOTE_RECORD
    damage = _damage(archive, metadata) if is_compared else ""
    if not in_parts:
        archive.check_headers(archive.members)
    left = len(archive.members) - len(archive.looked_at)
    parts = [] if is_compared else ["its RECORD"]
    parts += [f"the local headers of {plural(left, 'file')}"] if left else []
    said = f"The wheel was read in parts: {' and '.join(parts)} were not compared with its directory." if parts else ""
    return Completeness(damage=f"the wheel is damaged: {damage}" if damage else "", not_compared=said)


def _damage(archive: WheelArchive, metadata: WheelMetadata) -> str:
    if f"{metadata.folder}/RECORD" not in archive.members:
        return f"it has no {metadata.folder}/RECORD"
    try:
        rows = read_record(archive, metadata)
    except Unreadable as error:
        return str(error)
    listed = {_archive_path(archive, row.path): row for row in rows}
    if unlisted := [name for name in _OWN if f"{metadata.folder}/{name}" not in listed]:
        return f"its RECORD does not list {' and '.join(unlisted)}{_TAKEN}"
    if missing := _missing(archive, listed):
        return (
            f"its RECORD lists {plural(len(missing), 'file')} that the archive does not have "
            f"({', '.join(missing[:_NAMED])}{', ...' if missing[_NAMED:] else ''}){_TAKEN}"
        )
    # Where both headers say one size, RECORD is wrong; that is no damage, and the rules about a wheel's making tell it.
    archive.check_headers(itertools.islice(_different_sizes(archive, metadata, listed), _HEADERS_READ))
    return ""


def _missing(archive: WheelArchive, listed: Iterable[str]) -> list[str]:
    """What RECORD lists, the archive has not, and an import may need.

    A native file in RECORD alone beside one in the archive alone was renamed in the making: that imports by the old
    name fail is judged with them.
    """
    names = set(listed)
    missing = [path for path in names if path not in archive.members and not _may_be_absent(path)]
    lost, unlisted = _natives(missing), _natives(set(archive.members) - names)
    renamed = {folder for folder, count in lost.items() if count <= unlisted[folder]}
    return sorted(path for path in missing if not (path.endswith(_NATIVE) and posixpath.dirname(path) in renamed))


def _natives(paths: Iterable[str]) -> Counter[str]:
    """How many native files a folder has among these."""
    return Counter(posixpath.dirname(path) for path in paths if path.endswith(_NATIVE))


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


def _may_be_absent(path: str) -> bool:
    """Folders, what Python makes itself, what no import needs, and paths that are not the wheel's."""
    outside = path.startswith(("/", "../")) or path[1:2] == ":"
    return outside or path.endswith(("/", ".pyc")) or bool(_NOT_IMPORTED.fullmatch(path))
