"""Networks packed for Sony's IMX500 (.rpk): parts of a mebibyte between `9464` and `3695`, then a cpio archive.

All numbers are big-endian. Layout and `network_info.txt`: 17 files of github.com/raspberrypi/imx500-models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.support.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BEGIN, _END, _PART, _HEADER, _BLOCK = b"9464", b"3695", 1 << 20, 64, 512
_MEMBER, _FIELDS, _SIZE_AT, _NAME_AT, _LAST = b"070701", 110, 54, 94, "TRAILER!!!"
_INFO, _LONGEST, _MOST = "network_info.txt", 1 << 16, 64


def read_rpk(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of an .rpk file; None for any other.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if not fields.starts(_BEGIN):
        return None
    end = _end_of_parts(Fields(fields.data, "big"))
    told = bytes(dict(_members(fields, end)).get(_INFO, b"")[:_LONGEST])
    rows = (line.partition("=") for line in told.decode("utf-8", "replace").splitlines())
    info = {key.strip(): value.strip()[:_MOST] for key, _, value in rows}
    size = [info[key] for key in ("inputTensorHeight", "inputTensorWidth") if key in info]
    outputs = [(info.get(f"outputTensorDimSize{n}"), n) for n in range(1, _MOST) if f"outputTensorDimSize{n}" in info]
    return identity_of(
        "rpk",
        inputs=(f"{info.get('inputTensorFormat', '')} [{', '.join(size)}]".strip(),) if size else None,
        outputs=tuple(f"{count} x {_width(info, n)}" for count, n in outputs) or None,
        checked="all its parts are there, and the archive behind them comes to its end",
    )


def _width(info: dict[str, str], number: int) -> str:
    width = info.get(f"outputTensorBytesPerElement{number}", "?")
    return f"{width} byte" if width == "1" else f"{width} bytes"


def _end_of_parts(fields: Fields) -> int:
    """Where the last part ends.

    Raises:
        Unreadable: a part is not there.
    """
    count, end = fields.number(8, 2), 0
    if not count:
        raise Unreadable("it says that it has no part")
    for number in range(1, count + 1):
        start = (number - 1) * _PART
        if not fields.starts(_BEGIN, start) or fields.numbers(start + 8, 2, 2) != (count, number):
            raise Unreadable(f"it is cut short or damaged: its part {number} of {count} is not there")
        end = start + _HEADER + fields.number(start + 4)
        if not fields.starts(_END, end - len(_END)):
            raise Unreadable(f"it is cut short or damaged: its part {number} of {count} has no end")
    return end


def _members(fields: Fields, at: int) -> Iterator[tuple[str, memoryview]]:
    """Name and content of each member of a cpio archive.

    Raises:
        Unreadable: it does not come to its end.
    """
    start, name = at, ""
    while name != _LAST:
        if not fields.starts(_MEMBER, at):
            raise Unreadable("it is cut short: the archive behind its parts does not come to its end")
        try:
            size, length = (int(bytes(fields.part(at + place, 8)), 16) for place in (_SIZE_AT, _NAME_AT))
        except ValueError:
            raise Unreadable("the archive behind its parts is damaged") from None
        name = fields.text(at + _FIELDS, length)
        begin = _aligned(at + _FIELDS + length, start)
        yield name, fields.part(begin, size)
        fields.require_size(begin + size)
        at = _aligned(begin + size, start)
    fields.end_in_block(start, at, _BLOCK)  # as cpio does


def _aligned(at: int, start: int) -> int:
    return at + (start - at) % 4
