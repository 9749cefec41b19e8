"""What a .litertlm file tells: its sections, the .tflite models among them, and for what those were compiled.

Behind `LITERTLM` come three numbers of the format's version and the place where the description ends (byte 24); the
description, a flatbuffer from byte 32 on, names the places of all sections.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.tflite.compiled import compiled_file
from envdoctor.tflite.flatbuffer import FlatBuffer, Table
from envdoctor.tflite.reader import open_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envdoctor.support.fields import Fields
    from envdoctor.tflite.model import Model

_MAGIC, _END_AT, _START = b"LITERTLM", 24, 32
_MODEL = 3
#: AnySectionDataType.
_SECTIONS = {
    1: "binary data", 3: ".tflite model", 4: "SentencePiece tokenizer", 5: "metadata of the model", 6: "tokenizer",
    7: "weights", 8: "metadata of an embedding", 9: "metadata of an executor",
}  # fmt: skip
_MOST = 1024


def read_litertlm(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of a .litertlm file; None for any other.

    Raises:
        Unreadable: it is cut short, damaged, or holds no model.
    """
    if not fields.starts(_MAGIC):
        return None
    version = ".".join(map(str, fields.numbers(8, 3)))
    end = fields.number(_END_AT, 8)
    described = FlatBuffer(fields.part(_START, end - _START)).root().table(1)
    sections = [] if described is None else list(described.tables(0))
    if not sections or len(sections) > _MOST:
        raise Unreadable(f"it has {len(sections):,} sections")
    models = list(_models(path, fields, sections))
    fields.require_size(max(section.integer(2, "Q") for section in sections))
    if not models:
        raise Unreadable("none of its sections is a .tflite model")
    compiled = tuple(dict.fromkeys(made.words for model in models if (made := compiled_file(model)) is not None))
    kinds = Counter(_SECTIONS.get(section.integer(3, "B"), "section of another kind") for section in sections)
    return identity_of(
        "litertlm",
        chip=f"models in it are compiled {'; '.join(compiled)}" if compiled else "any that LiteRT runs on",
        details=(f"format version {version}", *(f"{count} x {kind}" for kind, count in kinds.items())),
        checked="the places of all sections lie within the file, and its models are whole",
    )


def _models(path: Path, fields: Fields, sections: list[Table]) -> Iterator[Model]:
    for number, section in enumerate(sections):
        begin, end = section.integer(1, "Q"), section.integer(2, "Q")
        if end < begin:
            raise Unreadable(f"section {number} ends before it begins")
        content = fields.part(begin, end - begin)
        if section.integer(3, "B") == _MODEL:
            yield open_model(content, name=f"{path}!section {number}")
