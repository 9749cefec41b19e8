"""What is told of a model's file, as rows that every format shows: what it is, and what it takes of a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.support.text import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.file_identity import FileIdentity
    from envdoctor.core.model_report import ModelReport


def file_rows(file: FileIdentity) -> Iterator[tuple[str, str]]:
    """What a compiled file is: a label and words each."""
    made_by = f"{file.compiler} {file.compiler_version or '(its version is not in the file)'}" if file.compiler else ""
    rows = (
        ("is", file.what),
        ("chip", file.chip or ("not told by the file" if file.compiler else "")),
        ("by", made_by),
        ("needs", file.runtime),
        ("in", _listed(file.inputs)),
        ("out", _listed(file.outputs)),
        ("holds", ", ".join(file.details)),
        ("whole", file.checked or "not known: the format stores nothing to tell"),
    )
    return ((label, words) for label, words in rows if words)


def need_rows(model: ModelReport) -> Iterator[tuple[str, str]]:
    """What a model takes of a device: bytes of memory, operators to register."""
    for name, value in model.needs.items():
        yield name, f"{value:,} bytes" if isinstance(value, int) else value


def model_line(model: ModelReport) -> str:
    """What a model is and who would read it, in one sentence."""
    compiled = f", compiled {model.compiled}" if model.compiled else ""
    return f"{model.scheme}, {plural(model.operators, 'operator')}{compiled}, for {model.reader or 'no compiler'}"


def _listed(tensors: tuple[str, ...] | None) -> str:
    return "not told" if tensors is None else ", ".join(tensors) or "nothing"
