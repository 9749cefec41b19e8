"""Hailo's .hef files: a header (big-endian), a protocol buffer `ProtoHEFHef`, then the weights.

Header and messages: hailort/libhailort/src/hef/hef_internal.hpp and hef.proto of github.com/hailo-ai/hailort. Version 0
has an MD5 of the message, 1 a CRC-32 and the weights' size, 2 and 3 sizes and an XXH3 hash.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.support.fields import Fields
from envdoctor.support.protobuf import Message, read_message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MAGIC = b"\x01\x48\x45\x46"
_COMMON = 12
_HEADER = {0: 32, 1: 28, 2: 44, 3: 56}
#: ProtoHEFHwArch.
_CHIPS = {
    0: "Hailo-8", 1: "Hailo-8P", 2: "Hailo-8R", 3: "Hailo-8L", 4: "Hailo-15M", 5: "Hailo-10H", 6: "Hailo-15L",
    103: "Hailo-15H or Hailo-10H",
}  # fmt: skip
_GROUPS, _METADATA, _CONTEXTS, _PARTIAL = 2, 1, 3, 14
_MOST = 64


def read_hef(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a .hef file; None for any other.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if not fields.starts(_MAGIC):
        return None
    head = Fields(fields.data, "big")
    version, size = head.number(4), head.number(8)
    if version not in _HEADER:
        return identity_of("hef", unknown=(f"all else: its header has version {version}, which is not known here",))
    start = _HEADER[version]
    proto = head.part(start, size)
    checked = _check(head, version, start, size)
    fields.end = head.end
    model = read_message(proto)
    if not model.has(1) and not model.has(_GROUPS):
        raise Unreadable("its message holds neither a header nor a network")
    header, groups = model.first(1), tuple(model.messages(_GROUPS))
    if not groups:
        raise Unreadable("it holds no network")
    layers = [layer for group in groups for layer in _layers(group)]
    arch = header.number(1)
    return identity_of(
        "hef",
        chip=_CHIPS.get(arch, f"architecture {arch} of HailoRT's list"),
        compiler_version=header.text(3)
        or ".".join(str(header.first(5).number(part)) for part in (1, 2, 3)).strip("0."),
        inputs=tuple(words for is_output, words in layers if not is_output)[:_MOST] if layers else None,
        outputs=tuple(words for is_output, words in layers if is_output)[:_MOST] if layers else None,
        details=tuple(_name(group) for group in groups[:_MOST]),
        checked=checked,
    )


def _check(head: Fields, version: int, start: int, size: int) -> str:
    """How it is known that the file is whole.

    Raises:
        Unreadable: it is not.
    """
    if version == 0:
        if hashlib.md5(head.data[start:], usedforsecurity=False).digest() != bytes(head.part(16, 16)):
            raise Unreadable("its content does not have the MD5 sum that its header names")
        return "the MD5 sum in its header"
    weights = head.number(16 if version == 1 else 20, 8)
    more = head.number(32, 8) if version == 3 else 0  # noqa: PLR2004
    head.require_size(start + size + weights + more)
    return "the sizes in its header agree with the file; its checksum was not computed"


def _name(group: Message) -> str:
    return f"network {group.text(10) or group.first(_METADATA).text(1) or 'without a name'}"


def _layers(group: Message) -> Iterator[tuple[bool, str]]:
    """Whether each layer at the edge is an output, and what it is."""
    for context in group.messages(_CONTEXTS):
        for layer in context.first(3).messages(2):
            if layer.first(5).number(3):  # not at the boundary of the network
                continue
            info = layer.first(3)
            base = info.first(2)
            shape = [base.number(field) for field in (1, 3, 5)]
            if info.has(2):
                yield bool(layer.number(1)), f"{info.text(1)} {shape}"
