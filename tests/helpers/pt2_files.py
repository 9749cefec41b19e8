"""Archives of torch.export.save made by hand (torch/_export/serde/schema.py)."""

from __future__ import annotations

import json
import zipfile


def sizes(*values):
    return [
        {"as_int": value} if isinstance(value, int | dict) else {"as_expr": {"expr_str": value}} for value in values
    ]


def tensor(*shape, dtype=7):
    strides = [1] * len(shape)
    meta = {"dtype": dtype, "sizes": sizes(*shape), "strides": sizes(*strides), "storage_offset": {"as_int": 0}}
    return {**meta, "requires_grad": False, "device": {"type": "cpu", "index": None}, "layout": 7}


def named(name):
    return {"as_tensor": {"name": name}}


def node(target, takes="x", gives="y"):
    inputs = [{"name": "self", "arg": named(takes), "kind": 1}]
    return {"target": target, "inputs": inputs, "outputs": [named(gives)], "metadata": {}}


def program(*targets, shape=(1, 3, 8, 8), dtype=7, guards=(), spec=""):
    return {
        "guards_code": list(guards),
        "graph_module": {
            "module_call_graph": [{"fqn": "", "signature": {"in_spec": spec, "out_spec": "[]"}}, {"fqn": "a"}],
            "graph": {
                "inputs": [named("w"), named("x")],
                "outputs": [named("y" if targets else "x")],
                "nodes": [node(target) for target in targets],
                "tensor_values": {"w": tensor(4), "x": tensor(*shape, dtype=dtype)},
            },
            "signature": {
                "input_specs": [
                    {"parameter": {"arg": {"name": "w"}, "parameter_name": "w"}},
                    {"user_input": {"arg": {"as_tensor": {"name": "x"}}}},
                ]
            },
        },
    }


def spec(context):
    """The structure of inputs, as torch writes it: JSON in a text, with JSON in it."""
    return json.dumps([1, {"type": "builtins.dict", "context": json.dumps(context), "children_spec": []}])


def parts(*targets, pickled=False, models=1, text=None, **rest):
    """The members of an archive by their names in its folder."""
    entry = {"path_name": "weight_0", "use_pickle": pickled, "tensor_meta": tensor(4)}
    found = {"archive_format": "pt2", "archive_version": "0", ".data/version": "6\n", "byteorder": "little"}
    found["data/weights/m0_weights_config.json"] = json.dumps({"config": {"w": entry}})
    found["data/weights/weight_0"] = bytes(16)
    found["data/constants/m0_constants_config.json"] = json.dumps({"config": {}})
    found["data/sample_inputs/m0.pt"] = b"\x80\x02 whatever this is"
    for number in range(models):
        found[f"models/m{number}.json"] = text or json.dumps(program(*targets, **rest))
    return found


def write(folder, *targets, members=(), **rest):
    """Write an archive with what `parts` gives, and further members."""
    return pack(folder, parts(*targets, **rest), members)


def pack(folder, found, members=()):
    path = folder / "net.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in found.items():
            archive.writestr(f"net/{name}", content)
        for name in members:
            archive.writestr(name, b"whatever this is")
    return path
