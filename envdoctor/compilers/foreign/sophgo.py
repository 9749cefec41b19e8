"""Sophgo's compiled files: .cvimodel (CV18xx) and .bmodel (BM1684 and later), both by tpu-mlir.

.cvimodel: MODEL_HEADER of the runtime (magic, size of the flatbuffer, version, MD5, chip). .bmodel: MODEL_HEADER_T
(magic 0xFF55AAEE, sizes of header, flatbuffer and binary), as the public runtimes describe them.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.tflite.flatbuffer import FlatBuffer

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.support.fields import Fields

_CVI, _CVI_HEADER = b"CviModel", 48
_BM, _BM_HEADER = b"\xee\xaa\x55\xff", 64
_CHIP = re.compile(r"(?:BM|CV|SG)\d{3,4}\w{0,4}", re.IGNORECASE)
_STRINGS = 8


def read_cvimodel(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a .cvimodel file; None for any other.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if not fields.starts(_CVI):
        return None
    size, chip = fields.number(8), fields.text(30, 16)
    major, minor = fields.part(12, 2)
    fields.part(_CVI_HEADER, size)
    if not size or not chip:
        raise Unreadable("its header names no network or no chip")
    if hashlib.md5(fields.data[_CVI_HEADER:], usedforsecurity=False).digest() != bytes(fields.part(14, 16)):
        raise Unreadable("its content does not have the MD5 sum that its header names")
    FlatBuffer(fields.part(_CVI_HEADER, size)).root()
    return identity_of(
        "cvimodel",
        chip=chip,
        details=(f"format version {major}.{minor}",),
        checked="the MD5 sum in its header",
        summed=True,
    )


def read_bmodel(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a .bmodel file; None for any other.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if not fields.starts(_BM):
        return None
    header, described, binary = fields.number(4), fields.number(8), fields.number(12, 8)
    if header != _BM_HEADER:
        raise Unreadable(f"its header would have {header:,} bytes, not {_BM_HEADER}")
    fields.require_size(header + described + binary)
    root = FlatBuffer(fields.part(header, described)).root()
    texts = []
    for field in range(_STRINGS):
        try:
            texts.append(root.string(field) or "")
        except Unreadable:
            texts.append("")  # a field of another type
    chips = tuple(text for text in texts if _CHIP.fullmatch(text))
    return identity_of(
        "bmodel",
        chip=", ".join(chips),
        checked="the sizes in its header agree with the file",
    )
