"""Core ML: .mlmodel files, .mlpackage folders, and what Apple's compiler makes of them, .mlmodelc folders.

Messages: mlmodel/format/Model.proto and FeatureTypes.proto of github.com/apple/coremltools; weights:
mlmodel/src/MILBlob/Blob/StorageFormat.hpp there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import Unreadable
from envdoctor.core.file_identity import FileIdentity, identity_of
from envdoctor.support.fields import Fields
from envdoctor.support.files import read_regular
from envdoctor.support.protobuf import Message, read_message
from envdoctor.tflite.reader import map_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_DESCRIPTION, _OLDEST_KIND, _NEWEST_VERSION = 2, 200, 20
_KINDS = {500: "neural network", 502: "ML program", 202: "pipeline", 403: "neural network classifier"}
_SYSTEMS = {
    1: "iOS 11", 2: "iOS 11.2", 3: "iOS 12", 4: "iOS 13", 5: "iOS 14", 6: "iOS 15", 7: "iOS 16", 8: "iOS 17",
    9: "iOS 18",
}  # fmt: skip
_ARRAYS = {65568: "float32", 65600: "float64", 131104: "int32", 131080: "int8", 65552: "float16"}
_TOOL = "com.github.apple.coremltools.version"
_MOST, _LARGEST = 64, 16 << 20
#: A file of weights: how many blobs, the format's version; before each blob a mark, its type, its size and its place.
_BLOB_VERSION, _BLOB_STEP, _BLOB_MARK, _MOST_BLOBS = 2, 64, 0xDEADBEEF, 1 << 20


def read_mlmodel(path: Path, fields: Fields) -> FileIdentity | None:
    """The identity of an .mlmodel file; None for any other.

    Raises:
        Unreadable: it is called .mlmodel, and is damaged.
    """
    if not fields.starts(b"\x08") or len(fields) < 4 or not 0 < fields.data[1] <= _NEWEST_VERSION:  # noqa: PLR2004
        return None
    if fields.data[2] != 0x12:  # noqa: PLR2004  (the description follows)
        return None
    try:
        model = read_message(fields.data)
        description = model.first(_DESCRIPTION)
        kind = next((name for field, name in _KINDS.items() if model.has(field)), "")
        has_kind = bool(kind) or any(model.has(field) for field in range(_OLDEST_KIND, 3001))
        if not has_kind or not (description.has(1) or description.has(10)):
            return None
        return _identity(model, description, kind)
    except Unreadable:
        if path.suffix.lower() == ".mlmodel":
            raise
        return None


def _identity(model: Message, description: Message, kind: str) -> FileIdentity:
    version = model.number(1)
    pairs = {each.text(1): each.text(2) for each in description.first(100).messages(100)}
    return identity_of(
        "mlmodel",
        compiler_version=pairs.get(_TOOL, ""),
        runtime=f"Core ML of {_SYSTEMS[version]} or newer" if version in _SYSTEMS else "Core ML",
        inputs=tuple(_features(description, 1)),
        outputs=tuple(_features(description, 10)),
        details=(*((kind,) if kind else ()), f"specification version {version}"),
        checked="the file has its end",
    )


def _features(description: Message, field: int) -> Iterator[str]:
    for feature in list(description.messages(field))[:_MOST]:
        kind = feature.first(3)
        array, image = kind.first(5), kind.first(4)
        if kind.has(5):
            yield f"{feature.text(1)} {_ARRAYS.get(array.number(2), 'numbers')} {list(array.numbers(1))}"
        elif kind.has(4):
            yield f"{feature.text(1)} image {image.number(1)}x{image.number(2)}"
        else:
            yield feature.text(1)


def read_folder(path: Path) -> FileIdentity | None:
    """The identity of an .mlpackage or .mlmodelc folder; None for any other folder.

    Raises:
        Unreadable: a part of it is missing or damaged.
    """
    try:
        if (path / "coremldata.bin").is_file() or (path.suffix == ".mlmodelc" and any(path.iterdir())):
            return _compiled(path)
        return _package(path) if (path / "Manifest.json").is_file() else None
    except OSError as error:
        raise Unreadable(f"{path} can't be read: {error.strerror or error}") from error


def _json(path: Path) -> Any:  # noqa: ANN401  (whatever the file holds)
    try:
        return json.loads(read_regular(path, _LARGEST))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{path} is no JSON: {error}") from None


def _package(path: Path) -> FileIdentity | None:
    told = _json(path / "Manifest.json")
    entries = told.get("itemInfoEntries") if isinstance(told, dict) else None
    root = told.get("rootModelIdentifier") if isinstance(told, dict) else None
    if not isinstance(entries, dict) or not isinstance(root, str) or not isinstance(entries.get(root), dict):
        return None
    place = str(entries[root].get("path", ""))
    if not place.endswith(".mlmodel"):
        return None
    file = path / "Data" / place
    if ".." in place.split("/") or not file.is_file():
        raise Unreadable(f"{path} is damaged: its model, Data/{place}, is missing")
    model = read_mlmodel(file, Fields(map_file(file)))
    if model is None:
        raise Unreadable(f"{path} is damaged: Data/{place} in it is no Core ML model")
    places = [str(entry.get("path", "")) for entry in entries.values() if isinstance(entry, dict)]
    told_parts = {
        name: getattr(model, name) for name in ("compiler_version", "runtime", "inputs", "outputs", "details")
    }
    missing = tuple(f"Data/{each}" for each in places if not (path / "Data" / each).exists() and each.endswith(".bin"))
    for weights in sorted((path / "Data").glob("*/weights/*.bin")):
        _require_blobs(weights)
    checked = "its manifest and its model agree, and its weights fill their file"
    return identity_of("mlpackage", **told_parts, missing=missing, checked=checked)


def _require_blobs(path: Path) -> None:
    """Holds the places of weights against their file.

    Raises:
        Unreadable: one is not there.
    """
    fields = Fields(map_file(path))
    count, version = fields.numbers(0, 2)
    if version != _BLOB_VERSION or count > _MOST_BLOBS:
        raise Unreadable(f"{path} is damaged: its header speaks of {count:,} weights of version {version}")
    at = _BLOB_STEP
    for number in range(count):
        size, start = (fields.number(place, 8) for place in (at + 8, at + 16))
        if fields.number(at) != _BLOB_MARK or start != at + _BLOB_STEP or start + size > len(fields):
            raise Unreadable(f"{path} is cut short or damaged at weight {number + 1} of {count}")
        at = -(-(start + size) // _BLOB_STEP) * _BLOB_STEP


def _compiled(path: Path) -> FileIdentity:
    data = path / "coremldata.bin"
    if not data.is_file() or not data.stat().st_size:
        raise Unreadable(f"{path} is damaged: coremldata.bin is missing or empty")
    bodies = [name for name in ("model.mil", "model.espresso.net", "model0", "model.bin") if (path / name).exists()]
    told = _json(path / "metadata.json") if (path / "metadata.json").is_file() else None
    first = told[0] if isinstance(told, list) and told and isinstance(told[0], dict) else {}
    if not bodies and not first:
        raise Unreadable(f"{path} is damaged: it has neither model.mil nor model.espresso.net")
    pairs = first.get("userDefinedMetadata") or {}
    weights = path / "weights" / "weight.bin"
    if weights.is_file():
        _require_blobs(weights)
    mentioned = (path / "model.mil").is_file() and b"weight.bin" in read_regular(path / "model.mil", 1 << 28)
    return identity_of(
        "mlmodelc",
        compiler_version=str(pairs.get(_TOOL, "")) if isinstance(pairs, dict) else "",
        inputs=_schema(first.get("inputSchema")),
        outputs=_schema(first.get("outputSchema")),
        details=tuple(bodies),
        missing=("weights/weight.bin",) if mentioned and not weights.is_file() else (),
        checked="its parts are there, and its weights fill their file",
    )


def _schema(schema: object) -> tuple[str, ...] | None:
    if not isinstance(schema, list):
        return None
    rows = [each for each in schema[:_MOST] if isinstance(each, dict)]
    return tuple(f"{row.get('name', '')} {row.get('dataType', '')} {row.get('shape', '')}".strip() for row in rows)
