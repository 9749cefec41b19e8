"""Rules about RECORD, by which files are verified and removed again (PEP 376, PEP 427)."""

from __future__ import annotations

import base64
import binascii
import collections
import csv
import functools
import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

from envdoctor.support.text import plural
from envdoctor.wheels.rules import Part, Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.wheels.reviewed import ReviewedWheel

_DRIVE = re.compile(r"[A-Za-z]:")
_STRONG = {"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512", "blake2b", "blake2s"}
_FIX = "Write RECORD anew: `python -m wheel unpack` the wheel, then `python -m wheel pack` it."
_COLUMNS = 3


class _Row(NamedTuple):
    path: str
    digest: str
    size: str


@functools.lru_cache(maxsize=4)
def _parsed(text: str) -> tuple[tuple[_Row, ...], tuple[str, ...]]:
    """The rows, and the lines that are none; an error of the format is a line that is none."""
    rows, malformed = [], []
    try:
        for columns in csv.reader(text.splitlines()):
            if len(columns) == _COLUMNS and (not columns[2] or columns[2].isdecimal()):
                rows.append(_Row(*columns))
            elif columns:
                malformed.append(",".join(columns))
    except csv.Error as error:
        malformed.append(str(error))
    return tuple(rows), tuple(malformed)


def _rows(wheel: ReviewedWheel) -> tuple[_Row, ...]:
    return _parsed(wheel.record_text)[0]


def _excused(wheel: ReviewedWheel) -> set[str]:
    """RECORD and its signatures have no hash (PEP 427)."""
    return {wheel.own(name) for name in ("RECORD", "RECORD.jws", "RECORD.p7s")}


@rule("record-absent", needs=Part.RECORD, fix=_FIX)
def record_absent(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """No RECORD, which pip 26.3 and uv 0.13.9 refuse, or an empty one, which both install."""
    if not wheel.record_text.strip():
        yield Sighting(message=f"{wheel.own('RECORD')} is absent or empty", files=(wheel.own("RECORD"),))


@rule("record-row-malformed", needs=Part.RECORD, fix=_FIX)
def record_malformed(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A line of RECORD that is not path, hash and size: uv 0.13.9 refuses the wheel, pip 26.3 installs it."""
    malformed = _parsed(wheel.record_text)[1]
    if malformed:
        message = f"{plural(len(malformed), 'line')} of RECORD without path, hash and size: {malformed[0][:120]}"
        yield Sighting(message=message, files=(wheel.own("RECORD"),), excerpt="\n".join(malformed[:20]))


@rule("record-path", needs=Part.RECORD, fix=_FIX)
def record_path(wheel: ReviewedWheel) -> Iterator[Sighting]:
    r"""A path of RECORD that is absolute, leads out by `..`, is written with `\`, or is that of site-packages itself.

    Uninstalling removes what RECORD lists: such a row names a file that is not the wheel's; `./` all that is installed.
    """
    found = tuple(row.path for row in _rows(wheel) if _leads_out(row.path))
    if found:
        yield Sighting(message=f"RECORD has paths that are not of files in the wheel: {listed(found)}", files=found)


def _leads_out(path: str) -> bool:
    odd = "\\" in path or bool(_DRIVE.match(path)) or not path.strip("./")
    return odd or path.startswith("/") or ".." in path.split("/")


@rule("record-duplicate", needs=Part.RECORD, fix=_FIX)
def record_duplicate(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A file that RECORD lists more than once."""
    counted = collections.Counter(row.path for row in _rows(wheel))
    found = tuple(path for path, count in counted.items() if count > 1)
    if found:
        yield Sighting(message=f"RECORD lists more than once: {listed(found)}", files=found)


@rule("record-hashes-itself", needs=Part.RECORD, fix=_FIX)
def record_itself(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A hash of RECORD in RECORD, which can't be right."""
    found = tuple(row.path for row in _rows(wheel) if row.path in _excused(wheel) and row.digest)
    if found:
        yield Sighting(message=f"RECORD gives a hash for {listed(found)}, which has none (PEP 427)", files=found)


@rule("record-lists-not-itself", needs=Part.RECORD, fix=_FIX)
def record_lists_not_itself(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """RECORD lists every file but itself; PEP 427 wants it there, without hash and size."""
    rows = {row.path for row in _rows(wheel)}
    if rows and wheel.own("RECORD") not in rows:
        yield Sighting(message="RECORD does not list itself", files=(wheel.own("RECORD"),))


@rule("record-hash-absent", needs=Part.RECORD, fix=_FIX)
def record_hash_absent(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A file without a hash: nobody can tell whether it is the one that was built."""
    hashless = (row.path for row in _rows(wheel) if not row.digest and row.path not in _excused(wheel))
    found = tuple(path for path in hashless if not path.endswith("/"))  # folders have none
    if found:
        yield Sighting(message=f"RECORD gives no hash for {listed(found)}", files=found)


@rule("record-hash-form", needs=Part.RECORD, fix=_FIX)
def record_hash_form(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A hash that is not `ALGORITHM=` and URL-safe base64 without padding, such as one in hexadecimal digits."""
    found = tuple(row for row in _rows(wheel) if row.digest and not _digest(row.digest))
    if found:
        message = f"RECORD writes hashes in another form than algorithm=base64: {listed([row.path for row in found])}"
        excerpt = "\n".join(",".join(row) for row in found[:20])
        yield Sighting(message=message, files=tuple(row.path for row in found), excerpt=excerpt)


@rule("record-hash-weak", needs=Part.RECORD, fix=_FIX)
def record_hash_weak(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A hash weaker than SHA-256, which PEP 427 does not allow."""
    found = tuple(row.path for row in _rows(wheel) if row.digest and _is_weak(row.digest))
    if found:
        weak = sorted({row.digest.partition("=")[0] for row in _rows(wheel) if row.digest and _is_weak(row.digest)})
        yield Sighting(message=f"RECORD uses {', '.join(weak)}, weaker than SHA-256: {listed(found)}", files=found)


def _is_weak(digest: str) -> bool:
    algorithm = digest.partition("=")[0]
    return algorithm in hashlib.algorithms_available and algorithm not in _STRONG


def _digest(text: str) -> tuple[str, bytes] | None:
    """Algorithm and value; None where it is not of the form, or not of the algorithm's length."""
    algorithm, equals, value = text.partition("=")
    if not equals or algorithm not in hashlib.algorithms_guaranteed or not re.fullmatch(r"[A-Za-z0-9_-]+", value):
        return None
    try:
        found = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except binascii.Error:
        return None
    size = hashlib.new(algorithm, usedforsecurity=False).digest_size
    return (algorithm, found) if len(found) == size and size else None


@rule("record-size-differs", needs=Part.RECORD, fix=_FIX)
def record_size(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A file of another size than RECORD says: it was changed after the build."""
    members = wheel.members
    sized = [row for row in _rows(wheel) if row.size and row.path in members and row.path not in _excused(wheel)]
    found = tuple(row.path for row in sized if int(row.size) != members[row.path].size)
    if found:
        first = next(row for row in sized if row.path == found[0])
        message = f"{listed(found)}: RECORD says {first.size} bytes, and it has {members[first.path].size}"
        yield Sighting(message=message, files=found)


@rule("record-hash-differs", needs=Part.WHOLE, fix=_FIX)
def record_hash(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A file that is not the one that was hashed: it was changed after the build, or damaged."""
    found = []
    for row in _rows(wheel):
        digest = _digest(row.digest) if row.path in wheel.members and row.path not in _excused(wheel) else None
        if digest and wheel.digest(row.path, digest[0]) != digest[1]:
            found.append(row.path)
    if found:
        message = f"RECORD gives another hash than the content has: {listed(found)}"
        yield Sighting(message=message, files=tuple(found))


@rule("record-file-unlisted", needs=Part.RECORD, fix=_FIX)
def record_unlisted(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A file that RECORD does not list: pip 26.3 and uv 0.13.9 install it without a word."""
    if not wheel.record_text.strip():
        return
    rows = {row.path for row in _rows(wheel)}
    found = tuple(name for name in wheel.members if name not in rows and name not in _excused(wheel))
    if found:
        yield Sighting(message=f"RECORD does not list {listed(found)}", files=found)


@rule("record-file-absent", needs=Part.RECORD, fix=_FIX)
def record_file_absent(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A file that RECORD lists and the wheel does not have."""
    rows = (row.path for row in _rows(wheel) if row.path not in _excused(wheel) and not _leads_out(row.path))
    found = tuple(path for path in rows if path not in wheel.members and not path.endswith("/"))
    if found:
        yield Sighting(message=f"RECORD lists {listed(found)}, which the wheel does not have", files=found)
