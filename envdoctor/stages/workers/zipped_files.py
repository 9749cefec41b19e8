"""Files that are zipped behind a .tflite model, as its metadata has labels and vocabularies: taken off and put back.

The archive counts its offsets from the beginning of the whole file (PKWARE's APPNOTE, 4.4.24 and 4.4.16), so behind a
model of another size they have to be written anew. Nothing is unpacked.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from .stage import Problem

_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_END_MARK, _ENTRY_MARK, _FILE_MARK = b"PK\5\6", b"PK\1\2", b"PK\3\4"
#: An archive's comment has at most so many bytes; the mark of its end lies before it.
_LONGEST_COMMENT = 0xFFFF
_IN_ZIP64 = 0xFFFFFFFF
#: Where, in an entry and at the end, the offset stands.
_ENTRY_OFFSET, _END_OFFSET = 42, 16


@dataclass(frozen=True)
class Behind:
    """An archive behind a model.

    Attributes:
        data: its bytes, from the first file on.
        start: where they began.
        directory: where the directory lies in `data`.
        count: the number of files.
    """

    data: bytes
    start: int
    directory: int
    count: int

    def at(self, start: int) -> bytes:
        """The bytes of the archive for a file where it begins at `start`."""
        moved, place = bytearray(self.data), self.directory
        for _ in range(self.count):
            fields = _ENTRY.unpack_from(moved, place)
            struct.pack_into("<L", moved, place + _ENTRY_OFFSET, fields[16] - self.start + start)
            place += _ENTRY.size + sum(fields[10:13])
        end = moved.rindex(_END_MARK)
        struct.pack_into("<L", moved, end + _END_OFFSET, self.directory + start)
        return bytes(moved)


def find(data: bytes) -> Behind | None:
    """The archive at the end of a file; None if there is none.

    Raises:
        Problem: there is one, and it is damaged or of a kind that can't be moved (more than 4 GiB).
    """
    end = data.rfind(_END_MARK, max(0, len(data) - _LONGEST_COMMENT - _END.size))
    if end < 0 or end + _END.size > len(data):
        return None
    *_, count, size, offset, comment = _END.unpack_from(data, end)
    if end + _END.size + comment != len(data):
        return None
    shift = end - size - offset  # of archives that count from their own beginning
    directory = offset + shift
    if _IN_ZIP64 in {size, offset} or directory < 0:
        raise Problem(
            "file-truncated", "the files that are zipped behind the model can't be read; remove or renew them."
        )
    starts = _starts(data, directory, end, count)
    start = min(starts, default=directory)
    return Behind(data[start + shift :], start, directory - start - shift, count)


def _starts(data: bytes, directory: int, end: int, count: int) -> list[int]:
    """Where each file begins, as the directory says."""
    starts, place = [], directory
    for _ in range(count):
        if place + _ENTRY.size > end or data[place : place + 4] != _ENTRY_MARK:
            raise Problem(
                "file-truncated", "the directory of the files zipped behind the model is damaged; renew them."
            )
        fields = _ENTRY.unpack_from(data, place)
        starts.append(fields[16])
        place += _ENTRY.size + sum(fields[10:13])
    return starts
