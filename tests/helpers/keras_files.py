"""Keras archives around recorded configurations (tests/data/keras), and SavedModels around hand-made messages."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"


def recorded(name):
    """The configuration that Keras wrote, as a dictionary that a test may change."""
    return json.loads((DATA / "keras" / f"{name}.json").read_text())


def write_keras(path, name="conv", *, change=None, members=None):
    """Write a .keras file with a recorded configuration; `members` replaces or adds files, None removes one."""
    record = recorded(name)
    if change is not None:
        change(record["config"])
    content = {
        "metadata.json": json.dumps(record["metadata"]),
        "config.json": json.dumps(record["config"]),
        "model.weights.h5": (DATA / "keras/h5/fixed.h5").read_bytes(),
    }
    content.update(members or {})
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in content.items():
            if data is not None:
                archive.writestr(member, data)
    return path


def field(number, value):
    """One field of a protocol buffer: an integer, or bytes (a text or a message)."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (1 << 64) - 1)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def varint(value):
    """A number as a protocol buffer stores it."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def tensor_info(shape, dtype=1):
    """A TensorInfo; None in the shape is any size, a shape of None any number of axes."""
    if shape is None:
        return field(2, dtype) + field(3, field(3, 1))
    sizes = b"".join(field(2, field(1, -1 if size is None else size)) for size in shape)
    return field(2, dtype) + field(3, sizes)


def saved_model(signatures, operators=("Placeholder",), *, tags=("serve",), in_functions=(), gives="n0:0", more=b""):
    """The bytes of saved_model.pb: {signature: {input: TensorInfo}}, with operators in the graph and in a function.

    Every signature gives `gives`; the operators are called n0, n1, ...; `more` are further fields of the MetaGraphDef.
    """
    meta = b"".join(field(4, tag) for tag in tags) + field(5, "2.15.1")
    nodes = b"".join(
        field(1, name if isinstance(name, bytes) else field(1, f"n{number}") + field(2, name))
        for number, name in enumerate(operators)
    )
    function = b"".join(field(3, field(1, f"n{number}") + field(2, name)) for number, name in enumerate(in_functions))
    graph = nodes + field(2, field(1, function))
    outputs = field(2, field(1, "y") + field(2, field(1, gives)))
    entries = b"".join(
        field(5, field(1, name) + field(2, b"".join(field(1, entry(k, v)) for k, v in inputs.items()) + outputs))
        for name, inputs in signatures.items()
    )
    return field(1, 1) + field(2, field(1, meta) + field(2, graph) + entries + more)


def entry(key, value):
    """An entry of a map."""
    return field(1, key) + field(2, value)


def write_saved_model(folder, content, *, variables=True):
    """Write a SavedModel folder around the bytes of saved_model.pb."""
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(content)
    if variables:
        shutil.copytree(DATA / "saved_model/variables", folder / "variables")
    return folder
