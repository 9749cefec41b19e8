"""What a .litertlm file tells: its sections, the .tflite models among them, and for what those were compiled.

Behind `LITERTLM` come three numbers of the format's version and the place where the description ends (byte 24); the
description, a flatbuffer from byte 32 on, names the places of all sections.
"""

from __future__ import annotations

import zlib
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.support.bounded import refuse_bomb
from envdoctor.support.protobuf import read_message
from envdoctor.tflite.compiled import compiled_file
from envdoctor.tflite.flatbuffer_schema import tables_of
from envdoctor.tflite.reader import open_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envdoctor.support.fields import Fields
    from envdoctor.tflite.flatbuffer import Table
    from envdoctor.tflite.model import Model

_MAGIC, _END_AT, _START = b"LITERTLM", 24, 32
_MODEL = 3
#: AnySectionDataType.
_SECTIONS = {
    1: "binary data", 3: ".tflite model", 4: "SentencePiece tokenizer", 5: "metadata of the model", 6: "tokenizer",
    7: "weights", 8: "metadata of an embedding", 9: "metadata of an executor",
}  # fmt: skip
_MOST, _STEP, _PAGE = 1024, 1 << 20, 1 << 14
_MESSAGES, _PACKED = {4, 5}, 6
_TEXT, _KINDS = 9, 11  # of values
_TOLD = "its sections lie within the file, and its models, messages and tokenizers can be read"
_SCHEMA = {
    "Described": "Values Sections", "Values": "[Value]!", "Value": "s! B -", "Sections": "[Section]!",
    "Section": "[Value] Q Q B",
}  # fmt: skip


def read_litertlm(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a .litertlm file; None for any other.

    Raises:
        Unreadable: it is cut short or damaged.
    """
    if not fields.starts(_MAGIC):
        return None
    version = ".".join(map(str, fields.numbers(8, 3)))
    end = fields.number(_END_AT, 8)
    tables = list(tables_of(fields.part(_START, end - _START), _SCHEMA, "Described"))
    sections = [section for name, section in tables if name == "Section"]
    for name, table in tables:
        if name == "Value":
            _require_value(table)
    if not sections or len(sections) > _MOST:
        raise Unreadable(f"it has {len(sections):,} sections")
    models = list(_models(path, fields, sections))
    compiled = tuple(dict.fromkeys(made.words for model in models if (made := compiled_file(model)) is not None))
    kinds = Counter(_SECTIONS.get(section.integer(3, "B"), "section of another kind") for section in sections)
    return identity_of(
        "litertlm",
        chip=f"models in it are compiled {'; '.join(compiled)}"
        if compiled
        else "any that LiteRT runs on"
        if models
        else "",
        details=(f"format version {version}", *(f"{count} x {kind}" for kind, count in kinds.items())),
        unknown=() if models else ("what it is to run: none of its sections is a .tflite model",),
        checked=_TOLD,
    )


def _require_value(pair: Table) -> None:
    """A number, or a text that is one."""
    kind = pair.integer(1, "B")
    text = pair.table(2) if kind == _TEXT else None
    if not 0 < kind <= _KINDS or (kind == _TEXT and text is None):
        raise Unreadable(f"the value of {pair.string(0)} is of the kind {kind}")
    if text is not None:
        str(text.raw(0) or b"", "utf-8")  # what is none is an error of values, as all damage is


def _models(path: Path, fields: Fields, sections: list[Table]) -> Iterator[Model]:
    """The models in it; all else that has a form of its own is looked through."""
    for number, section in enumerate(sections):
        begin, end, kind = section.integer(1, "Q"), section.integer(2, "Q"), section.integer(3, "B")
        if end < begin:
            raise Unreadable(f"section {number} ends before it begins")
        fields.areas.append((begin, end))
        content = fields.part(begin, end - begin)
        if kind == _MODEL:
            yield open_model(content, name=f"{path}!section {number}")
        elif kind in _MESSAGES:
            read_message(content)
        elif kind == _PACKED:
            _unpack(content)
    places = sorted(fields.areas)
    fields.end_in_block(0, max(end for _, end in places), _PAGE)
    if any(second < end for (_, end), (second, _) in pairwise(places)):
        raise Unreadable("its sections lie in each other")


def _unpack(content: memoryview) -> None:
    """A text behind its size, packed with a checksum."""
    size, stream, found = int.from_bytes(content[:8], "little"), zlib.decompressobj(), 0
    refuse_bomb(len(content), size, "a tokenizer in it")
    try:
        rest = bytes(content[8:])
        while rest and found <= size:
            found += len(stream.decompress(rest, _STEP))
            rest = stream.unconsumed_tail
    except zlib.error as error:
        raise Unreadable(f"a tokenizer in it can't be unpacked: {error}") from None
    if found != size or not stream.eof:
        raise Unreadable(f"a tokenizer in it unpacks to {found:,} bytes, not to {size:,}")
