"""Compiled files that are told by a short header alone: Ascend, VeriSilicon, MediaTek, Imagination, Cambricon, SNPE.

Headers: model_file_header of Ascend's graph engine (IMOD); VeriSilicon's network binary graph (VPMN), Qualcomm's deep
learning container (a zip archive with `model` and `dlc.metadata`), as public viewers and runtimes describe them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, file_formats, identity_of
from envdoctor.support.bounded import open_zip
from envdoctor.support.fields import end_of_zip, only_zeros
from envdoctor.support.text import plural

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.support.fields import Fields

_OM_HEADER, _NB_LEAST, _LEAST = 256, 512, 64
#: The version of an .om file's header from which on it counts its models.
_SEVERAL_MODELS = 0x20000000
_LARGEST = 1 << 20
_DLA = re.compile(
    rb'\{"CompilerName": "[^"]{1,80}", "CompilerVersion": "(?P<version>[\w.+-]{1,40})", '
    rb'"Neuron SHA1": "(?P<sha>\w{1,40})"'
)


def read_om(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of an Ascend offline model; None for any other file.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if not fields.starts(b"IMOD"):
        return None
    size, version = fields.numbers(4, 2)
    length = fields.number(76)
    if size != _OM_HEADER:
        raise Unreadable(f"its header would have {size:,} bytes, not {_OM_HEADER}")
    fields.require_size(size + length)
    if version >= _SEVERAL_MODELS:
        fields.end = 0  # the length may be that of the first one
    if not length:
        raise Unreadable("behind its header is nothing")
    name, platform = fields.text(84, 32), fields.text(160 if version >= _SEVERAL_MODELS else 156, 20)
    return identity_of(
        "om",
        details=(
            *((f"network {name}",) if name else ()),
            f"format version {version:#x}",
            *((f"platform {platform}",) if platform else ()),
        ),
        checked="the length in its header agrees with the file",
    )


def read_nb(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a network binary graph for a VeriSilicon NPU; None for any other file.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if not fields.starts(b"VPMN"):
        return None
    major, minor, target = fields.number(4, 2), fields.number(6, 2), fields.number(8)
    if len(fields) < _NB_LEAST:
        raise Unreadable(f"it is cut short: {len(fields)} bytes hold no network")
    name, layers = fields.text(12, 64), fields.number(76)
    if not layers:
        raise Unreadable("it holds no layer")
    return identity_of(
        "nb",
        chip=f"VeriSilicon target {target:#x}",
        details=(f"format version {major}.{minor}", *((f"network {name}",) if name else ()), plural(layers, "layer")),
    )


def read_dlc(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a deep learning container; None for any other file.

    Raises:
        Unreadable: it is a damaged archive.
    """
    if not fields.starts(b"PK\x03\x04") or not _mentions(fields, b"dlc.metadata", b"model.params"):
        return None
    with open_zip(path) as archive:
        names = {member.filename for member in archive.members}
        if not names & {"model", "model.params"}:
            return None
        archive.verify()
        fields.require_size(end_of_zip(fields.data))
        told = archive.read("dlc.metadata", _LARGEST).decode("utf-8", "replace") if "dlc.metadata" in names else ""
    found = dict(pair.split("=", 1) for pair in re.findall(r"[\w-]+=[^\n]{0,200}", told))
    caches = sorted(name for name in names if name.startswith(("aip.", "dsp.", "htp.", "backend", "cache")))
    return identity_of(
        "dlc",
        compiler_version=found.get("converter-version", "").strip(),
        details=tuple(f"prepared for {name}" for name in caches[:8]),
        checked="the checksums of all its members",
        summed=True,
    )


def _mentions(fields: Fields, *names: bytes) -> bool:
    ends = bytes(fields.data[:_LARGEST]) + bytes(fields.data[-_LARGEST:])
    return any(name in ends for name in names)


def _magic(name: str, magic: bytes) -> FileReader:
    """A reader of a format of which only its first bytes are public."""

    def read(path: Path, fields: Fields) -> FileIdentity | None:
        del path
        if not fields.starts(magic, 0):
            return None
        if len(fields) < _LEAST or not any(fields.data[len(magic) : len(magic) + _LEAST]):
            raise Unreadable(f"behind its first bytes is no network ({len(fields):,} bytes in all): a placeholder")
        return identity_of(name)

    return read


def _named(name: str) -> FileReader:
    """A reader of a format of which only the suffix is public: what has it, and is neither text nor zeros."""

    def read(path: Path, fields: Fields) -> FileIdentity | None:
        if (
            path.suffix.lower() not in file_formats()[name]["suffixes"]
            or fields.starts(b"II*\0")
            or fields.starts(b"MM\0*")
        ):
            return None  # Nikon's pictures are called .nef, too
        head = bytes(fields.data[:_LEAST])
        if len(head) < _LEAST or b"\0" not in head:
            return None
        if only_zeros(fields.data[:_LARGEST]):
            raise Unreadable("it holds zeros: a placeholder, or a download that broke off")
        return identity_of(name)

    return read


def read_dla(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a .dla file, whose header is not public, but for a JSON text on the compiler somewhere in it.

    Raises:
        Unreadable: it holds zeros.
    """
    found = _DLA.search(bytes(fields.data[:_LARGEST]) + bytes(fields.data[-_LARGEST:]))
    if found is None:
        return _named("dla")(path, fields)
    return identity_of("dla", compiler_version=found["version"].decode(), details=(f"Neuron {found['sha'].decode()}",))


if TYPE_CHECKING:
    from envdoctor.stages.file_readers import FileReader

READERS: tuple[FileReader, ...] = (
    read_om,
    read_nb,
    read_dlc,
    _magic("svp-om", b"PICO"),
    _magic("imgdnn", b"IMGDNN"),
    _magic("cambricon", b"\x7fMEF"),
    _magic("cambricon", b"cambricon_offline"),
)
#: Asked last: formats of which nothing is public but what such files are called.
BY_NAME: tuple[FileReader, ...] = (read_dla, *(_named(name) for name in ("axmodel", "kneron-nef", "har")))
