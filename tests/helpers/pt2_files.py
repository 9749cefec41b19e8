"""Archives of torch.export.save made by hand (torch/_export/serde/schema.py)."""

from __future__ import annotations

import json
import zipfile


def sizes(*values):
    return [{"as_int": value} if isinstance(value, int) else {"as_expr": {"expr_str": value}} for value in values]


def program(*targets, shape=(1, 3, 8, 8), dtype=7):
    return {
        "graph_module": {
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
        }
    }


def write(folder, *targets, pickled=False, models=1, text=None, **rest):
    path = folder / "net.pt2"
    entry = {"use_pickle": pickled, "tensor_meta": {"dtype": 7}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/archive_format", "pt2")
        archive.writestr("net/data/weights/m_weights_config.json", json.dumps({"config": {"w": entry}}))
        archive.writestr("net/data/sample_inputs/m.pt", b"\x80\x02 whatever this is")
        for number in range(models):
            archive.writestr(f"net/models/m{number}.json", text or json.dumps(program(*targets, **rest)))
    return path
