"""What OpenVINO exports: models compiled for a CPU or an NPU, and its own description of a model (.xml and .bin).

A model exported for a CPU begins with `RR_UPCVO` and a text of the form `meta=1.0;ov=2026.4.1;isa=...` behind its size
(read off files of OpenVINO 2026.4.1); one for an NPU is an ELF file of its own machine, with `OVNPU` at its end.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.support.fields import Fields

_CPU, _NPU_END = b"RR_UPCVO", b"OVNPU"
_TEXT_AT, _LONGEST, _LEAST = 20, 4096, 64
_HEAD = 4096
_CONSTANT = re.compile(rb'<data\s[^<>]*?offset="(?P<at>\d{1,18})"[^<>]*?\ssize="(?P<size>\d{1,18})"')
_NET = re.compile(r'<net\s+name="(?P<name>[^"]{0,200})"\s+version="(?P<version>\d+)"')


def read_exported(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a model that OpenVINO exported, or of its description in XML; None for any other file.

    Raises:
        Unreadable: it is cut short, or the weights beside it are missing.
    """
    if fields.starts(_CPU):
        return _cpu(fields)
    if fields.starts(b"\x7fELF") and bytes(fields.data[-64:]).find(_NPU_END) >= 0:
        return identity_of("openvino-npu", checked="the mark at its end")
    if fields.starts(b"<?xml"):
        return _description(path, fields)
    return None


def _cpu(fields: Fields) -> FileIdentity:
    size = fields.number(12, 8)
    if size > _LONGEST:
        raise Unreadable(f"the text in its header would have {size:,} bytes")
    pairs = [word.partition("=") for word in fields.text(_TEXT_AT, size).split(";")]
    told = {key: value for key, _, value in pairs}
    start = _TEXT_AT + size
    places = fields.numbers(start, 6, 8)
    for at, length in zip(places[::2], places[1::2], strict=True):
        fields.require_size(start + at + length)
    return identity_of(
        "openvino-cpu",
        chip=told.get("isa", ""),
        compiler_version=told.get("ov", ""),
        checked="the places of its parts lie within the file",
    )


def _description(path: Path, fields: Fields) -> FileIdentity | None:
    head = bytes(fields.data[:_HEAD]).decode("utf-8", "replace")
    found = _NET.search(head)
    if found is None:
        return None
    if not bytes(fields.data[-_LEAST:]).rstrip().endswith(b"</net>"):
        raise Unreadable("it is cut short: its description does not end with </net>")
    text = bytes(fields.data)
    if b"\0" in text:
        raise Unreadable("its description has zeros in it, which no text has")
    weights = path.with_suffix(".bin")
    _require_weights(weights, text)
    return identity_of(
        "openvino-ir",
        details=(f"network {found['name']}", f"IR version {found['version']}"),
        missing=() if weights.is_file() else (weights.name,),
        checked="its description has its end, and its weights lie within the file beside it",
    )


def _require_weights(weights: Path, text: bytes) -> None:
    """Holds the places of constants against the file beside, if it is there.

    Raises:
        Unreadable: one lies behind its end.
    """
    end = max((int(one["at"]) + int(one["size"]) for one in _CONSTANT.finditer(text)), default=0)
    if weights.is_file() and (size := weights.stat().st_size) < end:
        raise Unreadable(f"its weights are cut short: {weights.name} has {size:,} bytes of {end:,}")
