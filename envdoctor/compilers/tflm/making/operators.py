"""Writes operators.toml: which operators TensorFlow Lite Micro has, on which element types, by asking its interpreter.

The one argument is the header micro_mutable_op_resolver.h of the commit that the package was built from: how an
operator is registered can't be asked. Each operator is put into a model of its own, for each choice of element types,
and run on zeros in a process of its own.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from .forms import FIXED, QUANTIZED, REDUCING, SHAPED, Form, Value, choices, ranked

COMMIT = "8f6596d"
NUMPY = {
    "FLOAT32": "f4",
    "FLOAT16": "f2",
    "INT8": "i1",
    "INT16": "i2",
    "UINT8": "u1",
    "INT32": "i4",
    "INT64": "i8",
    "BOOL": "?",
}
NO_OPERATORS = frozenset({"CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES"})
#: Operators whose options are called otherwise than they are.
NAMED = {
    "L2_NORMALIZATION": "L2Norm", "MAXIMUM": "MaximumMinimum", "MINIMUM": "MaximumMinimum", "AVERAGE_POOL_2D": "Pool2D",
    "MAX_POOL_2D": "Pool2D", "L2_POOL_2D": "Pool2D", "CONV_2D": "Conv2D", "DEPTHWISE_CONV_2D": "DepthwiseConv2D",
    "BATCH_MATMUL": "BatchMatMul", "BATCH_TO_SPACE_ND": "BatchToSpaceND", "SPACE_TO_BATCH_ND": "SpaceToBatchND",
    "PADV2": "PadV2", "SPLIT_V": "SplitV", "SELECT_V2": "SelectV2", "REVERSE_V2": "ReverseV2", "SVDF": "SVDF",
    "GATHER_ND": "GatherNd", "EMBEDDING_LOOKUP": "", **dict.fromkeys(REDUCING, "Reducer"),
}  # fmt: skip
_COPIES = 17
_RANKS = 8
_NODE = 64
_LONGEST = 300
_CHANNELS = {"DEPTHWISE_CONV_2D": 3}
_HEADER = """\
# What tflite-micro {version} has; made by the package `making`, which asks its interpreter.
# builtin, custom: how each is registered (micro_mutable_op_resolver.h). lacking: the schema's others.
# taken: inputs > outputs by element type, a constant with a star; by the bytes of its options and of what its kernel
# allocates for the whole run. refused: the same forms, by the interpreter's words. ranks: those of the first
# input that it was seen to take, of operators that any rank could be given to.

version = "{version}"
source = "https://github.com/tensorflow/tflite-micro/tree/{commit}"
"""


def _schema() -> Any:  # noqa: ANN401  (generated code)
    return importlib.import_module("tflite_micro.tensorflow.lite.micro.python.schema_py_generated")


def packed(builtin: str, takes: list[Value], gives: list[Value], options: dict[str, Any], copies: int = 1) -> bytes:
    """A model of one operator, or of copies of it, as a file."""
    flatbuffers = importlib.import_module("flatbuffers")
    schema = _schema()
    made, graph, code = schema.ModelT(), schema.SubGraphT(), schema.OperatorCodeT()
    code.builtinCode = getattr(schema.BuiltinOperator, builtin)
    code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
    buffers: list[bytes] = [b""]
    graph.tensors = [
        _tensor(builtin, value, buffers, is_output=number >= len(takes))
        for number, value in enumerate([*takes, *gives])
    ]
    graph.operators = [_operator(builtin, len(takes), len(gives), options) for _ in range(copies)]
    graph.inputs = [n for n, value in enumerate(takes) if value.data is None and not value.is_variable]
    graph.outputs = [len(takes) + n for n in range(len(gives))]
    made.version, made.operatorCodes, made.subgraphs, made.buffers = 3, [code], [graph], []
    for raw in buffers:
        buffer = schema.BufferT()
        buffer.data = list(raw) or None
        made.buffers.append(buffer)
    builder = flatbuffers.Builder(1024)
    builder.Finish(made.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor(builtin: str, value: Value, buffers: list[bytes], *, is_output: bool) -> Any:  # noqa: ANN401
    schema = _schema()
    tensor, kind = schema.TensorT(), value.kind
    tensor.name, tensor.shape, tensor.hasRank = b"t", list(value.shape), True
    tensor.type, tensor.buffer, tensor.isVariable = getattr(schema.TensorType, kind), 0, value.is_variable
    is_bias = kind in {"INT32", "INT64"} and value.data == (0,)
    if kind in (*QUANTIZED, "INT4") or is_bias:
        scale, zero = FIXED.get(builtin, {}).get(kind, (0.5, 0)) if is_output else (0.5, 0)
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = [scale * scale if is_bias else scale] * value.scales
        tensor.quantization.zeroPoint = [zero] * value.scales
        tensor.quantization.quantizedDimension = _CHANNELS.get(builtin, 0) if not is_bias else 0
    if value.data is not None:
        tensor.buffer = len(buffers)
        buffers.append(_filled(value))
    return tensor


def _filled(value: Value) -> bytes:
    import numpy as np

    count = int(np.prod(value.shape)) if value.shape else 1
    if value.kind == "INT4":
        return bytes((count + 1) // 2)
    return bytes(np.array((list(value.data or ()) * count)[:count], NUMPY[value.kind]))


def _operator(builtin: str, takes: int, gives: int, options: dict[str, Any]) -> Any:  # noqa: ANN401
    schema = _schema()
    operator = schema.OperatorT()
    operator.opcodeIndex, operator.inputs = 0, list(range(takes))
    operator.outputs = [takes + number for number in range(gives)]
    name = NAMED.get(builtin, "".join(part.capitalize() for part in builtin.split("_")))
    kind = getattr(schema, f"{name}OptionsT", None)
    if kind is None or not hasattr(schema.BuiltinOptions, f"{name}Options"):
        return operator
    operator.builtinOptions = kind()
    operator.builtinOptionsType = getattr(schema.BuiltinOptions, f"{name}Options")
    for key, value in ({"beta": 1.0} if builtin == "SOFTMAX" else options).items():
        setattr(operator.builtinOptions, key, value)
    return operator


def ask(data: bytes) -> dict[str, Any]:
    """What the interpreter does with a model, asked in a process of its own: words, or tail and persistent bytes."""
    with tempfile.TemporaryDirectory() as name:
        done, said = Path(name) / "done", Path(name) / "said.txt"
        child = os.fork()
        if child == 0:
            with said.open("wb") as stream:
                os.dup2(stream.fileno(), 2)
            try:
                _run(data)
                done.touch()
            except (RuntimeError, ValueError) as error:
                os.write(2, f" {error}".encode())
            finally:
                os._exit(0)
        _, status = os.waitpid(child, 0)
        words = said.read_text("utf-8", "replace")
        if done.is_file():
            found = re.search(r"'Persistent buffer data' used (\d+) bytes", words)
            tail = int(re.findall(r"allocation tail (\d+)", words)[-1])
            return {"tail": tail, "kernel": int(found[1]) if found else 0}
        ended = f" (signal {os.WTERMSIG(status)})" if os.WIFSIGNALED(status) else ""
        return {"words": " ".join(words.split())[:_LONGEST] + ended}


def _run(data: bytes) -> None:
    import numpy as np

    made = importlib.import_module("tflite_micro").runtime.Interpreter.from_bytes(data, arena_size=1 << 17)
    graph = _schema().ModelT.InitFromObj(_schema().Model.GetRootAsModel(data, 0)).subgraphs[0]
    for number in range(len(graph.inputs)):
        detail = made.get_input_details(number)
        made.set_input(np.zeros(detail["shape"], detail["dtype"]), number)
    made.invoke()
    made.print_allocations()


def rows(builtin: str, forms: list[Form]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """What an operator takes, by the bytes that it allocates; and what it refuses, by the interpreter's words."""
    taken: dict[str, list[str]] = {}
    refused: dict[str, list[str]] = {}
    for form in forms:
        for takes, gives in choices(form):
            key = f"{' '.join(value.word for value in takes)} > {' '.join(value.kind for value in gives)}"
            first = ask(packed(builtin, takes, gives, form.options))
            if "words" in first:
                refused.setdefault(first["words"], []).append(key)
                continue
            many = ask(packed(builtin, takes, gives, form.options, _COPIES))
            kernel = (many["kernel"] - first["kernel"]) // (_COPIES - 1)
            options = (many["tail"] - first["tail"]) // (_COPIES - 1) - _NODE - kernel
            taken.setdefault(f"{options} {kernel}", []).append(key)
    return taken, refused


def ranks(builtin: str) -> list[int]:
    """The ranks of the first input that an operator takes."""
    found = []
    for rank in range(1, _RANKS + 1):
        kind = "BOOL" if builtin.startswith(("LOGICAL_", "REDUCE_ALL")) else "FLOAT32"
        values = ranked(builtin, rank, kind)
        if values is not None and "words" not in ask(packed(builtin, *values, {})):
            found.append(rank)
    return found


def registered(header: str) -> tuple[dict[str, str], dict[str, str]]:
    """How builtin operators and custom ones are registered."""
    builtins: dict[str, str] = {}
    customs: dict[str, str] = {}
    text = " ".join(header.split())
    for method, body in re.findall(r"TfLiteStatus (Add\w+)\([^{]*\{(.*?)(?=TfLiteStatus Add|private:)", text):
        builtins |= dict.fromkeys(re.findall(r"AddBuiltin\(\s*BuiltinOperator_(\w+)", body), method)
        customs |= dict.fromkeys(re.findall(r'AddCustom\(\s*"(\w+)"', body), method)
    return builtins, customs


def main() -> None:
    """Print the table."""
    builtins, customs = registered(Path(sys.argv[1]).read_text("utf-8"))
    everything = sorted(name for name in vars(_schema().BuiltinOperator) if name.isupper() and name not in NO_OPERATORS)
    answers = {name: ask(packed(name, [Value("FLOAT32")], [Value("FLOAT32")], {})) for name in everything}
    lacking = [name for name, answer in answers.items() if "Didn't find op" in answer.get("words", "")]
    known = [name for name in everything if name not in lacking]
    write = sys.stdout.write
    write(_HEADER.format(version=importlib.import_module("tflite_micro").__version__, commit=COMMIT))
    write(
        f"lacking = {json.dumps(lacking)}\n\n[builtin]\n" + "".join(f'{name} = "{builtins[name]}"\n' for name in known)
    )
    write("\n[custom]\n" + "".join(f'{name} = "{method}"\n' for name, method in sorted(customs.items())))
    asked = [name for name in known if name in SHAPED]
    sys.stderr.write(f"not asked for their types: {sorted(set(known) - set(asked))}\n")
    write("\n[ranks]\n" + "".join(f"{name} = {found}\n" for name in asked if (found := ranks(name))))
    for name in asked:
        for kind, table in zip(("taken", "refused"), rows(name, SHAPED[name]), strict=True):
            lines = (f"{json.dumps(words)} = {json.dumps(keys)}\n" for words, keys in table.items())
            write(f"\n[{kind}.{name}]\n" + "".join(lines))


if __name__ == "__main__":
    main()
