"""Writes envdoctor/data/onnx-schemas.toml: how many inputs and outputs and which attributes ONNX' operators have.

Run where the packages onnx and onnxruntime are installed:

    python tools/make_onnx_schemas.py
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

TABLE = Path(__file__).resolve().parent.parent / "envdoctor/data/onnx-schemas.toml"
HEAD = """\
# The operators of the default domain of ONNX, as the schemas of onnx {version} have them, written by
# tools/make_onnx_schemas.py. A row for each opset that changed one: the opset, the least and the most inputs and
# outputs, and each attribute with its type (AttributeProto.AttributeType), with "!" where it is required. "-": no
# longer there.

newest = {newest}

# What ONNX Runtime {runtime} takes in that domain beside them, in forms of its own.
others = {others}

[operators]
"""
#: Found by asking ONNX Runtime for models of one operator each.
OTHERS = ["GroupNormalization", "LayerNormalization", "MemcpyFromHost", "MemcpyToHost", "SimplifiedLayerNormalization"]
MANY = 1 << 20


def main() -> None:
    """Reads the schemas and writes the file."""
    from onnx import defs

    types = {kind: kind.value for kind in defs.OpSchema.AttrType.__members__.values()}
    rows: dict[str, dict[int, str]] = {}
    for schema in defs.get_all_schemas_with_history():
        if schema.domain:
            continue
        counts = ((schema.min_input, schema.max_input), (schema.min_output, schema.max_output))
        words = [f"{least}-{'' if most > MANY else most}" for least, most in counts]
        for name, attribute in sorted(schema.attributes.items()):
            words.append(f"{name}:{types[attribute.type]}{'!' if attribute.required else ''}")
        rows.setdefault(schema.name, {})[schema.since_version] = "-" if schema.deprecated else " ".join(words)
    lines = []
    for name, by_opset in sorted(rows.items()):
        opsets = sorted(by_opset)
        changed = [
            each for before, each in zip([0, *opsets], opsets, strict=False) if by_opset.get(before) != by_opset[each]
        ]
        lines += [f"{name} = [", *(f'  "{opset} {by_opset[opset]}",' for opset in changed), "]"]
    head = HEAD.format(
        version=version("onnx"),
        newest=defs.onnx_opset_version(),
        runtime=version("onnxruntime"),
        others=json.dumps(OTHERS),
    )
    TABLE.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
