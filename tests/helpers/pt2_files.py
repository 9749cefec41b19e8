"""Archives of torch.export.save made by hand (torch/_export/serde/schema.py)."""

from __future__ import annotations

import json
import zipfile


def sizes(*values):
    return [
        {"as_int": value} if isinstance(value, int | dict) else {"as_expr": {"expr_str": value}} for value in values
    ]


def program(*targets, shape=(1, 3, 8, 8), dtype=7, guards=(), spec=""):
    return {
        "guards_code": list(guards),
        "graph_module": {
            "module_call_graph": [{"fqn": "", "signature": {"in_spec": spec, "out_spec": "[]"}}, {"fqn": "a"}],
            "graph": {
                "nodes": [{"target": target, "inputs": [], "outputs": []} for target in targets],
                "tensor_values": {"w": {"dtype": 7, "sizes": sizes(4)}, "x": {"dtype": dtype, "sizes": sizes(*shape)}},
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


def write(folder, *targets, pickled=False, models=1, text=None, members=(), **rest):
    path = folder / "net.pt2"
    entry = {"use_pickle": pickled, "tensor_meta": {"dtype": 7}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/archive_format", "pt2")
        archive.writestr("net/data/weights/m_weights_config.json", json.dumps({"config": {"w": entry}}))
        archive.writestr("net/data/sample_inputs/m.pt", b"\x80\x02 whatever this is")
        for number in range(models):
            archive.writestr(f"net/models/m{number}.json", text or json.dumps(program(*targets, **rest)))
        for name in members:
            archive.writestr(name, b"whatever this is")
    return path
