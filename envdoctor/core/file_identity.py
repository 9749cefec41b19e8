"""What a file is that a compiler made: the chip that it is for, who made it, what runs it, and whether it is whole.

The words that are the same for all files of a format are rows of `file-formats.toml` in the folder of the compiler that
knows it; a reader adds what the file itself tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envdoctor.core.data import load_table

if TYPE_CHECKING:
    from pathlib import PurePath


@dataclass(frozen=True, slots=True, kw_only=True)
class FileIdentity:
    """What a file is, told from its content.

    Attributes:
        format: the name of its row in file-formats.toml.
        what: what it is, in words that follow "is".
        compiler: who makes such files.
        compiler_version: of the file's own; empty if it does not tell.
        chip: what it is for, in words; empty if the file does not tell.
        targets: the same as goals name it (`Goal.accelerator`).
        kind: that of a goal's artifact (`Goal.kind`) that it is; empty for what no goal leads to.
        runtime: what runs it.
        inputs, outputs: name, type and shape of each; None where the format does not tell.
        details: what else the file tells.
        unknown: what can't be told, in words.
        missing: the files beside it that it needs and that are not there.
        checked: how it is known that it is whole; empty if that is not known.
        summed: whether checksums tell it, so that zeros in it are its own.
        suffixes: what such files are called.
        advice: where to go from there, for who wants to build.
        source: where the format is known from.
    """

    format: str
    what: str
    compiler: str = ""
    compiler_version: str = ""
    chip: str = ""
    targets: tuple[str, ...] = ()
    kind: str = ""
    runtime: str = ""
    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] | None = None
    details: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    checked: str = ""
    summed: bool = False
    suffixes: tuple[str, ...] = ()
    advice: str = "start from the model that it was made from"
    source: str = ""

    @property
    def sentence(self) -> str:
        """What it is and where to go from there, behind the file's name."""
        return f"is {self.what}; {self.advice}."


def file_formats() -> dict[str, dict[str, Any]]:
    """All formats, by name."""
    return load_table("file-formats")


def identity_of(name: str, **told: Any) -> FileIdentity:  # noqa: ANN401  (each is checked by FileIdentity's own field)
    """The identity of a file of a format.

    Args:
        name: of the format.
        told: what the file tells beyond the format's row, or otherwise than it.
    """
    row: dict[str, Any] = {key: value for key, value in file_formats()[name].items() if key != "padding"}
    lists = {key: tuple(value) for key, value in row.items() if isinstance(value, list)}
    return FileIdentity(**(row | lists | told | {"format": name}))


def named_otherwise(path: PurePath, identity: FileIdentity) -> str:
    """The suffix of another format that a file has by its name; empty if its name says nothing wrong."""
    suffix, row = path.suffix.lower(), file_formats()[identity.format]
    if suffix in row["suffixes"] or suffix in _VAGUE:
        return ""
    others = {each for other in file_formats().values() for each in other["suffixes"]} | _MODELS
    return suffix if suffix in others else ""


def suffix_of_compiled(path: PurePath) -> str:
    """The suffix of a file that is called as what a compiler writes in a format of its own; empty for any other."""
    suffixes = {each for row in file_formats().values() for each in row["suffixes"]} - _VAGUE - (_MODELS - {".pte"})
    return path.suffix.lower() if path.suffix.lower() in suffixes else ""


def suffix_of_model(path: PurePath) -> str:
    """The suffix of a file that is called as a model of another framework than TensorFlow Lite; else empty."""
    return path.suffix.lower() if path.suffix.lower() in _MODELS - {".tflite", ".task"} else ""


#: Suffixes that say nothing, and those of models that are no compiled files.
_VAGUE = frozenset({".bin", ".dat", ".data", ".model", ".zip"})
_MODELS = frozenset({".tflite", ".task", ".onnx", ".keras", ".h5", ".pt", ".pth", ".pt2", ".pte", ".pb"})
