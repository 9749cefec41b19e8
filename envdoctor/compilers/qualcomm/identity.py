"""What files for a Hexagon are: QNN's context binaries, and ONNX files around them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from envdoctor.compilers.qualcomm.context import parse_context
from envdoctor.compilers.qualcomm.socs import name_of
from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.stages.ep_context import EpContext, identify_ep_context

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.support.fields import Fields

_KIND, _PROVIDER = "qnn-context", "QNNExecutionProvider"
_COMPATIBILITY = f"ep_compatibility_info.{_PROVIDER}"
_QNN_HEADER, _QNN_START = 40, b"\0\0\0"
#: What tells the same where the layout is another release's.
_QNN_SDK = re.compile(rb"v(?P<sdk>\d{1,2}\.\d{1,3}\.\d{1,3}\.\d{6,14})")
_QNN_CHIP = re.compile(rb"soc_type=(?P<soc>\w{2,20});arch=(?P<arch>\d{2,3})")
_LARGEST_HEAD = 16 << 20


def read_ep_context(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of an ONNX file around contexts of QNN; None for any other file.

    Raises:
        Unreadable: it is damaged.
    """
    return identify_ep_context(path, fields, _described)


def _described(made: EpContext) -> dict[str, Any] | None:
    if made.provider != _PROVIDER:
        return None
    found = [_told(each) for each in made.binaries if _is_qnn(each)]
    told = {
        "kind": _KIND,
        "compiler": "onnxruntime-qnn (QAIRT)",
        "runtime": f"ONNX Runtime with {_PROVIDER}, on that chip",
        "chip": _compatible_chip(made.metadata.get(_COMPATIBILITY, "")),
    }
    return told | {
        key: value for key, value in (found[0] if found else {}).items() if key != "compiler_version" and value
    }


def read_qnn_binary(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a context binary of QNN; None for any other file.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    del path
    if not _is_qnn(fields):
        return None
    return identity_of(_KIND, kind=_KIND, checked="the sizes in its header agree with the file", **_told(fields))


def _told(fields: Fields) -> dict[str, Any]:
    """The chip and the release of the SDK of a context.

    Raises:
        Unreadable: it is cut short, or a placeholder.
    """
    _require_sizes(fields)
    try:
        made = parse_context(fields.data)
    except Unreadable:
        return _told_by_text(fields)
    name = name_of(made.soc)
    return {
        "chip": f"Qualcomm {name}" + ("" if made.arch is None else f" (Hexagon v{made.arch})"),
        "targets": (name,),
        "compiler_version": made.sdk.removeprefix("v"),
    }


def _told_by_text(fields: Fields) -> dict[str, Any]:
    found = _QNN_CHIP.search(bytes(fields.data[:_LARGEST_HEAD]))
    soc, arch = ("", "") if found is None else (found["soc"].decode(), found["arch"].decode())
    return {
        "chip": f"Qualcomm {soc} (Hexagon v{arch})" if soc else "",
        "targets": (soc,) if soc else (),
        "compiler_version": _sdk(fields),
    }


def _compatible_chip(text: str) -> str:
    """What the provider wrote for what it fits: the Hexagon's architecture and the SoC's number."""
    words = text.split(":")
    if len(words) < 6:  # noqa: PLR2004  (version, backend, SDK, API, arch, SoC)
        return ""
    return f"Qualcomm Hexagon v{words[4]} (SoC number {words[5]} in QNN's list)"


def _is_qnn(fields: Fields) -> bool:
    """Whether it begins with the numbers of a context binary and holds the text that names the SDK."""
    if len(fields) < _QNN_HEADER or not fields.starts(_QNN_START) or not 1 <= fields.data[3] <= 9:  # noqa: PLR2004
        return False
    return fields.starts(bytes(3), 4) and fields.data[7] < 16 and _sdk(fields) != ""  # noqa: PLR2004


def _sdk(fields: Fields) -> str:
    found = _QNN_SDK.search(bytes(fields.data[:_LARGEST_HEAD]))
    return "" if found is None else found["sdk"].decode()


def _require_sizes(fields: Fields) -> None:
    described, at, size = fields.numbers(16, 3, 8)
    fields.part(_QNN_HEADER, described)
    fields.require_size(at + size)
    if not size or not any(fields.data[at : at + _LARGEST_HEAD]):
        raise Unreadable("behind its description are zeros: a placeholder")
