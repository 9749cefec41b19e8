"""Kendryte's .kmodel files by nncase: version 3 for the K210, `LDMK` and versions from 4 on for K210, K510 and K230.

Fields: include/nncase/runtime/model.h of github.com/kendryte/nncase (version 7; files of versions 4 and 5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.support.fields import Fields

_MAGIC = b"LDMK"
_NAMES = (b"k210", b"k510", b"k230")
_FIRST_VERSION, _NEWEST_VERSION, _MODULES_FROM = 3, 8, 5
_HEADER, _LEAST, _MOST_LAYERS, _HEAD = 32, 64, 4096, 1 << 20
#: Where a module's size stands in its header, and in how many bytes: in version 5, and since.
_SIZE_OF_5, _SIZE_SINCE = (24, 4), (32, 8)
_VERSION_3_HEADER, _VERSION_4_HEADER, _LAYER, _RANGE = 28, 40, 8, 16


def read_kmodel(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a .kmodel file; None for any other.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if fields.starts(_MAGIC):
        return _tagged(fields)
    return _version_3(fields)


def _tagged(fields: Fields) -> FileIdentity:
    version = fields.number(4)
    modules = fields.number(20 if version == _MODULES_FROM else 16)
    if len(fields) < _LEAST:
        raise Unreadable(f"it is cut short: {len(fields)} bytes hold no network")
    if not _FIRST_VERSION < version <= _NEWEST_VERSION:
        return identity_of("kmodel", details=(f"format version {version}",), unknown=("this version's fields",))
    if version < _MODULES_FROM:
        return _version_4(fields)
    if not modules:
        raise Unreadable("it holds no module")
    content = bytes(fields.data[:_HEAD])
    chips = tuple(name.decode() for name in _NAMES if name + b"\0" in content)
    end = _end(fields, version, modules)
    if version == _MODULES_FROM and end > len(fields):
        raise Unreadable(f"it is cut short: its modules end at byte {end:,} of {len(fields):,}")
    return identity_of(
        "kmodel",
        chip=", ".join(chips).upper(),
        details=(f"format version {version}",),
        checked="its modules fill the file" if end == len(fields) else "",
    )


def _version_4(fields: Fields) -> FileIdentity:
    """A file of version 4: inputs with their shapes, outputs, constants, then the nodes."""
    target, constants, _, nodes, inputs, outputs = fields.numbers(12, 6)
    if not 0 < nodes <= _MOST_LAYERS or not 0 < inputs <= _MOST_LAYERS or not 0 < outputs <= _MOST_LAYERS:
        raise Unreadable("its header names no nodes, inputs or outputs")
    shapes = [fields.numbers(_VERSION_4_HEADER + inputs * _RANGE + index * _RANGE, 4) for index in range(inputs)]
    at = _VERSION_4_HEADER + (2 * inputs + outputs) * _RANGE + constants
    bodies = sum(fields.number(at + _LAYER * index + 4) for index in range(nodes))
    end = at + nodes * _LAYER + bodies
    fields.require_size(end)
    return identity_of(
        "kmodel",
        chip="K210" if target == 1 else "",
        inputs=tuple(str(list(shape)) for shape in shapes),
        details=("format version 4", plural(nodes, "node")),
        checked="the sizes of its nodes agree with the file",
    )


def _end(fields: Fields, version: int, modules: int) -> int:
    """Where the last module ends."""
    at, (place, width) = _HEADER, _SIZE_OF_5 if version == _MODULES_FROM else _SIZE_SINCE
    for _ in range(min(modules, _MOST_LAYERS)):
        if at + _LEAST > len(fields):
            break
        at += max(fields.number(at + place, width), 1)
    return at


def _version_3(fields: Fields) -> FileIdentity | None:
    """A file of version 3, which has no magic number: all of its layers must fit."""
    if len(fields) < _LEAST or fields.number(0) != _FIRST_VERSION:
        return None
    _, _, architecture, layers, _, main_memory, outputs = fields.numbers(0, 7)
    if architecture or not 0 < layers <= _MOST_LAYERS or not 0 < outputs <= _MOST_LAYERS or not main_memory:
        return None
    at = _VERSION_3_HEADER + outputs * _LAYER
    if at + layers * _LAYER > len(fields):
        raise Unreadable(f"it is cut short: it has no room for its {layers} layers")
    bodies = sum(fields.number(at + _LAYER * index + 4) for index in range(layers))
    fields.require_size(at + layers * _LAYER + bodies)
    return identity_of(
        "kmodel",
        chip="K210",
        details=("format version 3", plural(layers, "layer")),
        checked="the sizes of its layers agree with the file",
    )
