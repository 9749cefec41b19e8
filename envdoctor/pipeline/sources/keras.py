"""Keras files, .keras and .h5: the model's configuration, and what it says about code, inputs and recurrent layers.

A .keras file is a zip archive with config.json, metadata.json and the weights (keras.saving). An .h5 file keeps the
same configuration as JSON text in the attribute `model_config` of its root group.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.pipeline.sources.hdf5 import Unfollowed, read_text_attribute
from envdoctor.pipeline.sources.hdf5_groups import require_groups
from envdoctor.pipeline.sources.keras_config import check_types, classes_of, inputs_of, names, scale_of, traits_of
from envdoctor.stages.workers.stored_code import Malformed, code_in, config_of, foreign_in, nodes_of
from envdoctor.support.bounded import open_zip
from envdoctor.support.files import open_regular
from envdoctor.tflite.containers import FileKind, hdf5_place, sniff, stored_member
from envdoctor.tflite.reader import map_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from envdoctor.stages.workers.arrays import InputSpec
    from envdoctor.stages.workers.stored_code import Node

#: The trait of a file whose configuration only its stage can read.
UNREAD = "config-unread"
_LARGEST_CONFIG = 64 << 20
_HDF5_WEIGHTS = ".weights.h5"
_ARCHIVE = ".keras"  # of any other name Keras reads what is HDF5, whatever else it is
_BOTH = "{} is an HDF5 file and a zip archive at once, and readers differ in which they take"
_WEIGHTS = re.compile(r"model\.weights\.(h5|json|npz)|.*\.weights\.h5")


@dataclass(frozen=True, slots=True, kw_only=True)
class KerasFile:
    """What a Keras file says of its model.

    Attributes:
        custom: names of classes and functions that Keras does not have, so that loading needs somebody's code.
        code: what loading it would run or read beyond layers and weights, a phrase each.
        inputs: the model's inputs; None if the file does not say.
        traits: see `Artifact`.
        input_scale: what the model's own Rescaling layer takes its input times, see `keras_config.scale_of`.
        classes: how many its only output tells apart; None if that is not plain.
    """

    path: Path
    custom: tuple[str, ...]
    code: tuple[str, ...]
    inputs: tuple[InputSpec, ...] | None
    traits: frozenset[str]
    input_scale: float | None = None
    classes: int | None = None


def read_keras(path: Path) -> KerasFile:
    """Read a .keras or .h5 file.

    Returns:
        What it says. Of an .h5 file that keeps its configuration where only its library finds it, nothing is known but
        that (the trait `config-unread`): the stage that loads it looks first.

    Raises:
        UsageProblem: it holds weights alone.
        Unreadable: it is damaged.
    """
    is_hdf5 = sniff(path) is FileKind.HDF5
    try:
        config, version = _read_hdf5(path) if is_hdf5 else _read_archive(path)
    except Unfollowed:
        return KerasFile(path=path, custom=(), code=(), inputs=None, traits=frozenset({UNREAD}))
    try:
        nodes = nodes_of(config)
        check_types(nodes)
        inputs = inputs_of(config)
    except (Malformed, Unreadable, RecursionError) as error:
        raise Unreadable(f"{path} is damaged: its configuration was not written by Keras: {error}") from None
    if not is_hdf5:
        _require_weights(path)
    known = names()
    return KerasFile(
        path=path,
        custom=foreign_in(nodes, known),
        code=code_in(nodes, known),
        inputs=inputs,
        input_scale=scale_of(nodes),
        classes=classes_of(config),
        traits=frozenset({*_version_traits(nodes, version), *traits_of(nodes, inputs)}),
    )


def refuse_custom(model: KerasFile) -> None:
    """Refuse a model that needs code which is not there.

    Raises:
        UsageProblem: it does.
    """
    if model.custom:
        raise UsageProblem(
            f"{model.path} needs {', '.join(model.custom)}, which Keras does not have and the file does not hold; run "
            "model.export('folder') in the code that defines it and start from that folder."
        )


def _read_archive(path: Path) -> tuple[Mapping[str, Any], int | None]:
    if path.suffix != _ARCHIVE and hdf5_place(map_file(path)) is not None:
        raise Unreadable(_BOTH.format(path))
    with open_zip(path) as archive:
        archive.verify()
        texts = archive.read("config.json", _LARGEST_CONFIG), archive.read("metadata.json", _LARGEST_CONFIG)
        members = Counter(member.filename for member in archive.members)
    try:
        config, metadata = map(json.loads, texts)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{path} is damaged: {error}") from None
    twice = next((name for name, count in members.items() if count > 1), None)
    if twice is not None:
        raise Unreadable(f"{path} is damaged: it holds {twice} more than once, and readers differ in which they take")
    if not any(_WEIGHTS.fullmatch(name) for name in members):
        raise Unreadable(f"{path} has no weights in it (model.weights.h5)")
    return _mapping(path, config), _major(str(_mapping(path, metadata).get("keras_version", "")))


def _require_weights(path: Path) -> None:
    """Refuse an archive whose weights can't be read; those that are packed are left to the stage."""
    with open_zip(path) as archive:
        stored = [member for member in archive.members if member.compress_type == zipfile.ZIP_STORED]
    for member in stored:
        if not member.filename.endswith(_HDF5_WEIGHTS):
            continue
        weights = stored_member(path, map_file(path), member)
        if hdf5_place(weights) is None:
            raise Unreadable(f"{path} is damaged: {member.filename} in it is no HDF5 file")
        try:
            require_groups(weights)
        except Unreadable as error:
            raise Unreadable(f"{path} is damaged: {member.filename} in it: {error}") from None
        except Unfollowed:
            continue


def _read_hdf5(path: Path) -> tuple[Mapping[str, Any], None]:
    try:
        with open_regular(path) as file:
            is_archive = zipfile.is_zipfile(file)
    except OSError as error:
        raise Unreadable(f"{path} can't be read: {error.strerror or error}") from None
    if is_archive:
        raise Unreadable(_BOTH.format(path))
    try:
        data = map_file(path)
        text = read_text_attribute(data, "model_config")
        require_groups(data)
        config = None if text is None else json.loads(text)
    except Unreadable as error:
        raise Unreadable(f"{path} is damaged: {error}") from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{path} is damaged: its model_config can't be read: {error}") from None
    if config is None:
        raise UsageProblem(
            f"{path} holds weights alone, no model; load them into the model (model.load_weights) and save that "
            "with model.save('model.keras')."
        )
    return _mapping(path, config), None


def _mapping(path: Path, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable(f"{path} is damaged: its configuration is no JSON object")
    return value


def _major(version: str) -> int:
    found = re.match(r"[0-9]{1,4}", version)
    return int(found[0]) if found else 3


def _version_traits(nodes: tuple[Node, ...], version: int | None) -> Iterator[str]:
    """Which Keras wrote the file; `keras-2-only` where Keras 3 refuses what Keras 2 put into a .keras file.

    Keras 3 translates `batch_input_shape` when it reads an .h5 file, not when it reads a .keras file. An .h5 file tells
    its version by the other name that Keras 3 has for it, `batch_shape`.
    """
    if version is None:
        yield "keras-3" if any("batch_shape" in config_of(node) for node in nodes) else "keras-2"
        return
    yield f"keras-{version}"
    if any("batch_input_shape" in config_of(node) and node["class_name"] != "InputLayer" for node in nodes):
        yield "keras-2-only"
