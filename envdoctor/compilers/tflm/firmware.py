"""C sources for a firmware: the model as an array, and the operators that it needs in a resolver."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.data import load_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envdoctor.tflite.model import Model

_TABLE = Path(__file__).with_name("operators.toml")
_PER_LINE = 12


def methods() -> Mapping[str, str]:
    """How each operator that TensorFlow Lite Micro has is registered: `CONV_2D` -> `AddConv2D`."""
    table = load_file(_TABLE)
    found: dict[str, str] = {**table["builtin"], **table["custom"]}
    return found


def needed_operators(model: Model) -> tuple[str, ...]:
    """The operators of a model, each once: what a resolver must know. A custom one is called by its code."""
    used = (operator for graph in model.subgraphs for operator in graph.operators)
    return tuple(sorted({operator.custom_code or operator.name for operator in used}))


def resolver_text(model: Model) -> str:
    """The lines that register the operators of a model."""
    known = methods()
    needed = needed_operators(model)
    lines = [f"tflite::MicroMutableOpResolver<{len(needed)}> resolver;"]
    lines += [
        f"resolver.{known[name]}();" if name in known else f"// {name}: TensorFlow Lite Micro has none"
        for name in needed
    ]
    return "\n".join(lines)


def write_sources(folder: Path, stem: str, source: Path, model: Model) -> tuple[tuple[Path, ...], str]:
    """Write the array, its header and the resolver.

    Returns:
        The files, and the lines that register operators.
    """
    name = re.sub(r"\W", "_", stem, flags=re.ASCII)
    snippet = resolver_text(model)
    header, array, resolver = (folder / f"{stem}_tflm{end}" for end in (".h", ".cc", "_resolver.h"))
    header.write_text(_HEADER.format(guard=name.upper(), name=name), "utf-8")
    data = source.read_bytes()
    rows = "\n".join(_rows(data))
    array.write_text(_ARRAY.format(header=header.name, name=name, rows=rows, size=len(data)), "utf-8")
    needed = needed_operators(model)
    added = "".join(_ADD.format(method=method) for one in needed if (method := methods().get(one)) is not None)
    resolver.write_text(_RESOLVER.format(guard=name.upper(), name=name, count=len(needed), added=added), "utf-8")
    return (array, header, resolver), snippet


def _rows(data: bytes) -> Sequence[str]:
    parts = (data[start : start + _PER_LINE] for start in range(0, len(data), _PER_LINE))
    return ["    " + " ".join(f"0x{byte:02x}," for byte in part) for part in parts]


_HEADER = """\
#ifndef {guard}_TFLM_H_
#define {guard}_TFLM_H_

extern const unsigned char g_{name}_model_data[];
extern const unsigned int g_{name}_model_data_len;

#endif  // {guard}_TFLM_H_
"""
_ARRAY = """\
#include "{header}"

// TensorFlow Lite Micro reads the model where it is: it must be aligned to 16 bytes.
alignas(16) const unsigned char g_{name}_model_data[] = {{
{rows}
}};
const unsigned int g_{name}_model_data_len = {size};
"""
_RESOLVER = """\
#ifndef {guard}_TFLM_RESOLVER_H_
#define {guard}_TFLM_RESOLVER_H_

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

using {name}_resolver = tflite::MicroMutableOpResolver<{count}>;

inline TfLiteStatus register_{name}_operators({name}_resolver& resolver) {{
{added}  return kTfLiteOk;
}}

#endif  // {guard}_TFLM_RESOLVER_H_
"""
_ADD = "  TF_LITE_ENSURE_STATUS(resolver.{method}());\n"
