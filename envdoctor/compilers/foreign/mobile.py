"""Models in the forms of runtimes for phones and boards: MNN, ncnn, TNN, Tengine.

MNN: schema/default/MNN.fbs of github.com/alibaba/MNN, a flatbuffer without identifier. ncnn: a text that begins with
7767517 (github.com/Tencent/ncnn). Tengine: tm2_format.h. TNN: a text whose first line ends in its magic number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.support.text import plural
from envdoctor.tflite.flatbuffer import FlatBuffer

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.stages.file_readers import FileReader
    from envdoctor.support.fields import Fields

_NCNN_TEXT, _NCNN_BINARY = b"7767517", (7767517).to_bytes(4, "little")
_TNN_LINE = re.compile(rb'^"\d+ \d+ \d+ (?:4206624770|4206624772) ?,"')
_MOST, _HEAD = 64, 1 << 20
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SOURCES = {0: "Caffe", 1: "TensorFlow", 2: "TFLite", 3: "ONNX", 4: "TorchScript"}
_TMFILE_LEAST = 64


def read_mnn(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of an MNN model; None for any other file.

    It has no magic number: a root table with operators, names of outputs and of tensors must be there.

    Raises:
        Unreadable: it has MNN's mark, and is damaged.
    """
    del path
    try:
        root = FlatBuffer(fields.data).root()
        named = root.string(11) or ""
    except Unreadable:
        return None
    certain = _UUID.fullmatch(named) is not None
    try:
        operators = sum(1 for _ in root.tables(3))
        outputs, tensors = tuple(root.strings(4)), tuple(root.strings(7))
    except Unreadable as error:
        if certain:
            raise Unreadable(f"as an MNN model: {error}") from None
        return None
    if not operators or not outputs or not set(outputs) <= set(tensors):
        if certain:
            raise Unreadable("as an MNN model it has no operators or no outputs")
        return None
    return identity_of(
        "mnn",
        outputs=outputs[:_MOST],
        details=(
            f"{operators} operator{'' if operators == 1 else 's'}",
            f"from {_SOURCES.get(root.integer(6, 'b'), 'another form')}",
        ),
    )


def read_ncnn(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of an ncnn model's description, .param; None for any other file.

    Raises:
        Unreadable: it has fewer layers than it says.
    """
    if fields.starts(_NCNN_BINARY):
        return identity_of("ncnn", details=("binary form",), missing=_beside(path, ".bin"))
    if not fields.starts(_NCNN_TEXT + b"\n") and not fields.starts(_NCNN_TEXT + b"\r"):
        return None
    lines = bytes(fields.data[: 64 * _HEAD]).decode("utf-8", "replace").split("\n")
    counts = lines[1].split() if len(lines) > 1 else []
    if len(counts) != 2 or not all(count.isdecimal() for count in counts):  # noqa: PLR2004
        raise Unreadable("its second line does not name its layers")
    layers = [line.split() for line in lines[2:] if line.strip()]
    if len(layers) != int(counts[0]):
        raise Unreadable(f"it is cut short: it has {len(layers)} layers of {counts[0]}")
    inputs = tuple(words[1] for words in layers if words[0] == "Input" and len(words) > 1)
    return identity_of(
        "ncnn",
        inputs=inputs[:_MOST],
        details=(plural(len(layers), "layer"),),
        missing=_beside(path, ".bin"),
        checked="it has as many layers as it says",
    )


def _beside(path: Path, suffix: str) -> tuple[str, ...]:
    other = path.with_suffix(suffix)
    twice = path.with_name(path.name.replace(".param", "") + suffix)
    return () if other.is_file() or twice.is_file() else (other.name,)


def read_tnn(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a TNN model's description; None for any other file."""
    if not _TNN_LINE.match(bytes(fields.data[:200])):
        return None
    return identity_of("tnn", missing=_beside(path, ".tnnmodel"))


def read_tmfile(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a Tengine model, which has no magic number: version 2.0, and its name; None for any other file.

    Raises:
        Unreadable: it is cut short.
    """
    if path.suffix.lower() != ".tmfile" or len(fields) < _TMFILE_LEAST or not fields.starts(b"\x02\0\0\0"):
        return None
    root = fields.number(8)
    if root >= len(fields):
        raise Unreadable(f"it is cut short: its model begins at byte {root:,} of {len(fields):,}")
    return identity_of("tmfile", details=("format version 2.0",))


READERS: tuple[FileReader, ...] = (read_ncnn, read_tnn, read_tmfile, read_mnn)
