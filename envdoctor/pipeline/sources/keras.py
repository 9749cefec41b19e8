"""Keras files, .keras and .h5: the model's configuration, and what it says about code, inputs and recurrent layers.

A .keras file is a zip archive with config.json, metadata.json and the weights (keras.saving). An .h5 file keeps the
same configuration as JSON text in the attribute `model_config` of its root group, in one piece (HDF5 global heap or
object header), and its end-of-file address in the superblock (HDF5 File Format Specification, section II.A).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.pipeline.sources.keras_config import (
    config_of,
    custom_objects,
    inputs_of,
    lambda_layers,
    nodes_of,
    traits_of,
)
from envdoctor.support.bounded import open_zip
from envdoctor.support.files import read_head
from envdoctor.tflite.reader import map_file

if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from envdoctor.pipeline.workers.arrays import InputSpec

_HDF5 = b"\x89HDF\r\n\x1a\n"
#: Where the superblock of each version keeps the end-of-file address, eight bytes long.
_END_OF_FILE = {0: 40, 1: 44, 2: 28, 3: 28}
_MODEL_CONFIG = b"model_config"
_CONFIG_START = re.compile(rb'\{\s*"(?:class_name|module|config|name)"\s*:')
_LARGEST_CONFIG = 64 << 20
_WEIGHTS = re.compile(r"model\.weights\.(h5|json|npz)|.*\.weights\.h5")


@dataclass(frozen=True, slots=True, kw_only=True)
class KerasFile:
    """What a Keras file says of its model.

    Attributes:
        custom: names of classes and functions that Keras does not have, so that loading needs somebody's code.
        lambdas: names of layers that hold Python code.
        inputs: the model's inputs; None if the file does not say.
        traits: see `Artifact`.
    """

    path: Path
    custom: tuple[str, ...]
    lambdas: tuple[str, ...]
    inputs: tuple[InputSpec, ...] | None
    traits: frozenset[str]


def read_keras(path: Path) -> KerasFile:
    """Read a .keras or .h5 file.

    Raises:
        UsageProblem: it holds weights alone.
        Unreadable: it is damaged.
    """
    is_hdf5 = read_head(path, len(_HDF5)) == _HDF5
    config, version = _read_hdf5(path) if is_hdf5 else _read_archive(path)
    inputs = inputs_of(config)
    nodes = nodes_of(config)
    return KerasFile(
        path=path,
        custom=custom_objects(nodes),
        lambdas=lambda_layers(nodes),
        inputs=inputs,
        traits=frozenset({*_version_traits(nodes, version, is_hdf5=is_hdf5), *traits_of(nodes, inputs)}),
    )


def refuse_code(model: KerasFile, *, trust_code: bool) -> None:
    """Refuse a model that needs code which is not there, or that holds code which is not trusted.

    Raises:
        UsageProblem: it does.
    """
    if model.custom:
        raise UsageProblem(
            f"{model.path} needs {', '.join(model.custom)}, which Keras does not have and the file does not hold; run "
            "model.export('folder') in the code that defines it and start from that folder."
        )
    if model.lambdas and not trust_code:
        raise UsageProblem(
            f"{model.path} holds Python code in the Lambda layer {', '.join(model.lambdas)}, and loading it would run "
            "that; pass --trust-code if you trust where the file comes from."
        )


def _read_archive(path: Path) -> tuple[Mapping[str, Any], int]:
    with open_zip(path) as archive:
        archive.verify()
        texts = archive.read("config.json", _LARGEST_CONFIG), archive.read("metadata.json", _LARGEST_CONFIG)
    try:
        config, metadata = map(json.loads, texts)
    except ValueError as error:
        raise Unreadable(f"{path} is damaged: {error}") from None
    if not any(_WEIGHTS.fullmatch(member.filename) for member in archive.members):
        raise Unreadable(f"{path} has no weights in it (model.weights.h5)")
    return _mapping(path, config), _major(str(_mapping(path, metadata).get("keras_version", "")))


def _read_hdf5(path: Path) -> tuple[Mapping[str, Any], int]:
    data = map_file(path)
    version = data[8] if len(data) > 8 else -1  # noqa: PLR2004  (the byte behind the signature)
    position = _END_OF_FILE.get(version)
    if position is not None:
        end = int.from_bytes(data[position : position + 8], "little")
        if end > len(data):
            raise Unreadable(f"{path} is cut short: {len(data)} bytes of {end}")
    raw: mmap.mmap = data.obj  # type: ignore[assignment]  # (typeshed: any buffer)
    found = _find_config(raw)
    if found is None:
        if raw.find(_MODEL_CONFIG) < 0:
            raise UsageProblem(
                f"{path} holds weights alone, no model; load them into the model (model.load_weights) and save that "
                "with model.save('model.keras')."
            )
        raise Unreadable(f"{path} is damaged: its model_config can't be read")
    return found, _version_of_layout(found)


def _find_config(raw: mmap.mmap) -> Mapping[str, Any] | None:
    """The JSON text of the configuration, wherever HDF5 put it."""
    if raw.find(_MODEL_CONFIG) < 0:
        return None
    decoder = json.JSONDecoder()
    for match in _CONFIG_START.finditer(raw):
        end = raw.find(b"\0", match.start())
        text = raw[match.start() : min(end if end > 0 else len(raw), match.start() + _LARGEST_CONFIG)]
        try:
            value, _ = decoder.raw_decode(text.decode("utf-8", "ignore"))
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and "class_name" in value and isinstance(value.get("config"), (dict, list)):
            return value
    return None


def _version_of_layout(config: Mapping[str, Any]) -> int:
    """The major version that wrote an .h5 file: Keras 3 has `batch_shape` where Keras 2 had `batch_input_shape`."""
    return 3 if any("batch_shape" in config_of(node) for node in nodes_of(config)) else 2


def _mapping(path: Path, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable(f"{path} is damaged: its configuration is no JSON object")
    return value


def _major(version: str) -> int:
    digits = version.partition(".")[0]
    return int(digits) if digits.isdigit() else 3


def _version_traits(nodes: tuple[Mapping[str, Any], ...], version: int, *, is_hdf5: bool) -> Iterator[str]:
    """Which Keras wrote the file; `keras-2-only` where Keras 3 refuses what Keras 2 put into a .keras file.

    Keras 3 translates `batch_input_shape` when it reads an .h5 file, not when it reads a .keras file.
    """
    yield f"keras-{version}"
    shaped = any("batch_input_shape" in config_of(node) and node["class_name"] != "InputLayer" for node in nodes)
    if not is_hdf5 and shaped:
        yield "keras-2-only"
