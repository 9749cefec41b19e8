"""What a file is that no build can start from, in one sentence that says where to go from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.core.data import load_table
from envdoctor.core.file_identity import file_formats
from envdoctor.pipeline.sources.torch_file import explain_torch, looks_pickled
from envdoctor.support.bounded import open_zip
from envdoctor.support.files import read_head
from envdoctor.tflite.containers import FileKind

if TYPE_CHECKING:
    from pathlib import Path

SUPPORTED = "start from a .keras, .h5, .pt2, .onnx, .tflite or .task file, a SavedModel folder, or net.py:make_model"
_BY_KIND = {
    FileKind.EMPTY: "is empty; the step that should have written it failed",
}
_HEAD = 1024
_TORCH_SUFFIXES = frozenset({".pt", ".pth", ".bin", ".ckpt", ".tar"})
_IDENTIFIER_AT = 4
_SHOWN = 40
_LISTED = 5


def explain_file(path: Path, kind: FileKind) -> str:
    """One sentence about a file of no use."""
    if kind in _BY_KIND:
        return f"{path} {_BY_KIND[kind]}."
    known = explain_known(path, kind)
    if known is not None:
        return known
    if path.suffix == ".tflite":
        return f"{path} is no .tflite file: bytes 4 to 8 are not TFL3; get a whole copy of it."
    what = _members(path) if kind is FileKind.ZIP else _beginning(read_head(path, _HEAD))
    return f"{path} is {what}; {SUPPORTED}."


def explain_known(path: Path, kind: FileKind) -> str | None:
    """The same about a text, or a file of a format that is on record; None for any other."""
    head = read_head(path, _HEAD)
    if kind is FileKind.TORCH_ARCHIVE or (looks_pickled(head) and path.suffix.lower() in _TORCH_SUFFIXES):
        return f"{path} {explain_torch(path)}."
    known = _known(path, head)
    if known is not None:
        return f"{path} is {known['what']}; {known['advice']}."
    suffix = path.suffix.lower()
    if not _text(head) and any(suffix in row["suffixes"] for row in file_formats().values()):
        begin = f"it begins with the bytes {head[:8].hex(' ')}"
        return f"{path} is no {suffix} file, whatever its name says ({begin}); get a whole copy of it."
    no_model = "no .tflite file, but " if path.suffix == ".tflite" else ""
    return f"{path} is {no_model}{_beginning(head)}; get the model itself." if _text(head) else None


def explain_folder(path: Path) -> str:
    """One sentence about a folder that is no SavedModel; names a model inside it, if there is one."""
    names = sorted(entry.name for entry in path.iterdir())
    if "config.json" in names and "metadata.json" in names:
        return f"{path} is an unpacked .keras file; zip its content again, or name the file that it came from."
    inside = [name for name in names if name.endswith((".keras", ".h5", ".hdf5", ".tflite"))]
    nested = [name for name in names if (path / name / "saved_model.pb").is_file()]
    if inside or nested:
        return f"{path} is a folder; name the model in it: {', '.join((inside + nested)[:_LISTED])}."
    if "saved_model.pb" in names:
        return f"{path / 'saved_model.pb'} is no regular file; get a whole copy of the SavedModel."
    what = f"it holds {', '.join(names[:_LISTED])}" if names else "it is empty"
    return f"{path} is a folder without saved_model.pb ({what}), no SavedModel; {SUPPORTED}."


def _known(path: Path, head: bytes) -> dict[str, Any] | None:
    formats: list[dict[str, Any]] = load_table("model-formats")["format"]
    for row in formats:
        starts, holds = bytes.fromhex(row.get("starts", "")), row.get("holds", "").encode()
        identifier = row.get("identifier", "").encode()
        if not head.startswith(starts) or not head.startswith(identifier, _IDENTIFIER_AT):
            continue
        if (starts or holds or identifier) and holds in head.lower():
            return row
    named = (row for row in formats if path.name.lower().endswith(tuple(row.get("suffixes", ()))))
    return next((row for row in named if "unless" not in row or not _is_other(head, row["unless"])), None)


def _is_other(head: bytes, unless: str) -> bool:
    return bool(_text(head)) or head.startswith(bytes.fromhex(unless))


def _members(path: Path) -> str:
    with open_zip(path) as archive:
        names = [member.filename for member in archive.members]
    return f"a zip archive, but no Keras model: it holds {', '.join(names[:_LISTED]) or 'nothing'}"


def _beginning(head: bytes) -> str:
    text = _text(head)
    if text:
        return f"a text file, no model (it begins with {text!r})"
    return f"no model that envdoctor knows (it begins with the bytes {head[:8].hex(' ')})"


def _text(head: bytes) -> str:
    """The beginning of a text, or nothing."""
    try:
        text = head.decode("utf-8", "strict") if len(head) < _HEAD else head[:-4].decode("utf-8", "ignore")
    except UnicodeDecodeError:
        return ""
    line = text.strip().splitlines()[0][:_SHOWN] if text.strip() else ""
    return line if all(character.isprintable() or character in "\r\n\t" for character in text) else ""
