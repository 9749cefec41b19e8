"""A compiler's mark in a .tflite file, and whether what it compiled is there: an operator of its own that holds it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.errors import Unreadable
from envdoctor.support.fields import only_zeros
from envdoctor.tflite.flatbuffer import FlatBuffer
from envdoctor.tflite.flexbuffer import map_integers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.tflite.model import Model, Operator

_MAX_STAMP = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledFile:
    """A compiler's mark in what it wrote, as its compiled-files.toml says.

    Attributes:
        custom_code: the operator that holds what it compiled.
        words: who compiled it, and for what (`for the Edge TPU`).
        run_with: how such a file is run.
        stamp: the metadata that names vendor and chip, NUL-padded words; empty for none.
        package: the file identifier of the flatbuffer among the operator's options whose first field is the least
            version of the runtime and whose fifth the compiler's build; empty for none.
        bytecode: the integers among the operator's options (a flexbuffer) that name the place in the file, and the
            size, of what was compiled; empty where it lies elsewhere.
        stream: what the constant begins with that the operator takes as its code; empty where it lies elsewhere.
    """

    custom_code: str
    words: str
    run_with: str
    stamp: str = ""
    package: str = ""
    bytecode: tuple[str, ...] = ()
    stream: str = ""


def compiled_file(model: Model) -> CompiledFile | None:
    """Which compiler's output a model is; None for a model that none compiled.

    Raises:
        Unreadable: what was compiled is not in the file, or not all of it.
    """
    customs = {operator.custom_code for subgraph in model.subgraphs for operator in subgraph.operators}
    mark = next((one for code in sorted(filter(None, customs)) if (one := mark_of(code)) is not None), None)
    if mark is None:
        return None
    for operator in _operators(model, mark):
        try:
            _require_whole(model, operator, mark)
        except Unreadable as error:
            raise Unreadable(f"{model.name} is damaged: its {mark.custom_code} {error}") from None
    more = _package_words(model, mark) if mark.package else _stamp_words(model, mark)
    return replace(mark, words=f"{mark.words}, {more}") if more else mark


def _operators(model: Model, mark: CompiledFile) -> Iterator[Operator]:
    for subgraph in model.subgraphs:
        yield from (operator for operator in subgraph.operators if operator.custom_code == mark.custom_code)


def _require_whole(model: Model, operator: Operator, mark: CompiledFile) -> None:
    """Holds what an operator says of its code against the file.

    Raises:
        Unreadable: it says nothing, or the code is not there or zeros.
    """
    if mark.bytecode:
        _require_filled(_bytecode(operator, mark))
    if mark.stream:
        subgraph = next(one for one in model.subgraphs if operator in one.operators)
        constants = [bytes(one.data()[: len(mark.stream)]) for one in subgraph.taken(operator) if one.constant]
        if constants and mark.stream.encode() not in constants:
            raise Unreadable(f"takes no constant that begins with {mark.stream}, as its code does")
    if mark.package and operator.custom_options is not None and operator.custom_options.size:
        _require_filled(operator.custom_options.view())


def _bytecode(operator: Operator, mark: CompiledFile) -> memoryview:
    content = operator.custom_options
    try:
        told = {} if content is None else map_integers(content.view())
    except Unreadable as error:
        raise Unreadable(f"does not tell where its code is: {error}") from None
    at, size = (told.get(name, 0) for name in mark.bytecode)
    if content is None or at <= 0 or size <= 0:
        raise Unreadable(f"does not tell where its code is ({', '.join(mark.bytecode)})")
    if at + size > len(content.source):
        raise Unreadable(f"has code up to byte {at + size:,}, and the file ends at {len(content.source):,}")
    return memoryview(content.source)[at : at + size]


def _require_filled(code: memoryview) -> None:
    if only_zeros(code[len(code) // 2 :]):
        raise Unreadable("has zeros in place of its code, as a download that broke off leaves them")


def _stamp_words(model: Model, mark: CompiledFile) -> str:
    stamp = model.metadata.get(mark.stamp)
    words = [] if stamp is None else bytes(stamp.view()[:_MAX_STAMP]).split(b"\0")
    chip = " ".join(word.decode("utf-8", "replace") for word in words if word)
    return f"for {chip}" if chip else ""


def _package_words(model: Model, mark: CompiledFile) -> str:
    """What a compiled package tells of the runtime that it needs and of its compiler; empty where it is damaged."""
    content = next((operator.custom_options for operator in _operators(model, mark)), None)
    try:
        options = b"" if content is None else content.view()
        start = bytes(options[:_MAX_STAMP]).find(mark.package.encode()) - 4  # the identifier follows the root's offset
        if start < 0:
            return ""
        package = FlatBuffer(options[start:]).root()
        runtime, build = package.integer(0), (package.string(4) or "").rpartition("/")[2]
    except Unreadable:
        return ""
    words = [f"runtime {runtime} or newer"] if runtime else []
    return ", ".join([*words, f"compiler build {build}"] if build.isdecimal() else words)


def mark_of(custom_code: str) -> CompiledFile | None:
    """The compiler's mark that a custom operator is; None for any other."""
    row = load_table("compiled-files").get(custom_code)
    if row is None:
        return None
    return CompiledFile(custom_code=custom_code, **(row | {"bytecode": tuple(row.get("bytecode", ()))}))
