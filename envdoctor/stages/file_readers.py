"""What the readers of compiled files share: a file is mapped, and each reader looks whether it is one of its own."""

from __future__ import annotations

import dataclasses
import zipfile
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import file_formats
from envdoctor.support.fields import Fields, only_zeros, zeros_at_start
from envdoctor.tflite.reader import map_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from envdoctor.core.file_identity import FileIdentity

    #: Takes a file and its bytes; None if it is none of its own. Raises Unreadable if it is, and damaged.
    FileReader = Callable[[Path, Fields], FileIdentity | None]

#: Files are looked at for zeros in so many blocks; a smaller block says nothing, nor does what fills up a page.
_BLOCKS, _LEAST, _LARGEST_PAGE = 40, 512, 1 << 14
#: How data are aligned at most.
_ALIGNED = 64


def identify_by(path: Path, readers: Iterable[FileReader]) -> FileIdentity | None:
    """What the first reader that knows a file says of it; None for a folder, an empty file, or if none knows it.

    Raises:
        Unreadable: it is damaged; the message begins with its path.
    """
    try:
        data = map_file(path)
    except Unreadable:
        return None  # whoever looks at it next tells that
    fields = Fields(data)
    try:
        found = next((found for read in readers if (found := read(path, fields)) is not None), None)
    except (Unreadable, RecursionError, ValueError, zipfile.BadZipFile) as error:
        words = str(error).removeprefix(f"{path} is damaged: ").removeprefix(f"{path} is ")
        raise Unreadable(f"{path} is damaged: {words}") from error
    if found is None or not found.checked:
        return found
    found = dataclasses.replace(found, checked=_whole_to(fields, found.checked))
    if found.summed:
        return found
    doubt = _hole(fields, file_formats()[found.format].get("padding", _LEAST))
    if not doubt:
        return found
    return dataclasses.replace(found, checked="", unknown=(*found.unknown, doubt))


def _whole_to(fields: Fields, words: str) -> str:
    """How it is known that a file is whole, where what it tells of itself ends before it does: the rest is told."""
    rest = fields.data[fields.end :]
    if not fields.end or (len(rest) < _ALIGNED and only_zeros(rest)):
        return words
    return f"{words} up to byte {fields.end:,}; what follows, {len(rest):,} bytes, is no part of it"


def _hole(fields: Fields, least: int) -> str:
    """What a long run of zeros makes doubtful; empty where there is none: the sizes in a header don't tell of it."""
    data = fields.data
    size = max(least, len(data) // _BLOCKS)
    half, end = size // 2, 0  # of a hole that begins anywhere, one such block is zeros
    for start in range(0, len(data) - half + 1, half):
        if start < end or not only_zeros(data[start : start + half]):
            continue
        before = bytes(data[max(end, start - half) : start])
        first = start - len(before) + len(before.rstrip(b"\0"))
        end = start + zeros_at_start(data[start:])
        if end - first < size or _is_own(first, end, fields.areas):
            continue
        page = 1 << (end - first).bit_length()
        if page > _LARGEST_PAGE or end % page:
            where = "it ends in zeros" if end == len(data) else f"its bytes {first:,} to {end:,} are zeros"
            return f"whether it is whole: {where}, as what a download or a full disk broke off, or has weights of zeros"
    return ""


def _is_own(first: int, end: int, areas: list[tuple[int, int]]) -> bool:
    """Whether zeros fill one of several data, give or take how such are aligned: no accident begins and ends there."""
    return len(areas) > 1 and any(0 <= start - first < _ALIGNED and 0 <= end - stop < _ALIGNED for start, stop in areas)
