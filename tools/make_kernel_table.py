"""Writes which element types and output scales the kernels of the LiteRT interpreter take, by asking them.

Run it with the Python of an environment that has ai-edge-litert: `python tools/make_kernel_table.py > FILE`, FILE
being envdoctor/compilers/litert/tflite-kernels.toml. Each operator is put into a model of its own, once for each
element type, and run on ones without delegates; what fails to be prepared or to run is refused.
"""

from __future__ import annotations

import importlib.metadata
import sys

import numpy as np
from ai_edge_litert import interpreter as litert
from ai_edge_litert import schema_py_generated as schema

#: Element types that are tried, by the schema's names.
TYPES = ("FLOAT32", "INT8", "UINT8", "INT16", "INT32", "INT64")
QUANTIZED = ("INT8", "UINT8", "INT16")
#: Scale and zero point that operators of a fixed output range have, by element type.
UNIT = {"INT8": (1 / 256, -128), "UINT8": (1 / 256, 0), "INT16": (1 / 32768, 0)}
SIGNED = {"INT8": (1 / 128, 0), "UINT8": (1 / 128, 128), "INT16": (1 / 32768, 0)}
LOG = {"INT8": (16 / 256, 127), "UINT8": (16 / 256, 255)}
FIXED = {"LOGISTIC": UNIT, "SOFTMAX": UNIT, "TANH": SIGNED, "L2_NORMALIZATION": SIGNED, "LOG_SOFTMAX": LOG}
UNARY = (
    "ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "GELU", "HARD_SWISH", "L2_NORMALIZATION", "LEAKY_RELU", "LOG",
    "LOGISTIC", "LOG_SOFTMAX", "NEG", "RELU", "RELU6", "RELU_N1_TO_1", "ROUND", "RSQRT", "SIN", "SOFTMAX", "SQRT",
    "SQUARE", "TANH",
)  # fmt: skip
BINARY = ("ADD", "DIV", "FLOOR_DIV", "FLOOR_MOD", "MAXIMUM", "MINIMUM", "MUL", "POW", "SQUARED_DIFFERENCE", "SUB")
COMPARING = ("EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "NOT_EQUAL")
REDUCING = ("MEAN", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "SUM")
_FROM_RATIO = 0.75


def tensor(name: str, kind: str, scale: tuple[float, int] | None, buffer: int = 0, shape: tuple[int, ...] = (1, 4)):  # noqa: ANN201
    """A tensor of one row."""
    made = schema.TensorT()
    made.name, made.type, made.buffer, made.shape = name.encode(), getattr(schema.TensorType, kind), buffer, list(shape)
    made.hasRank = True
    if scale is not None:
        made.quantization = schema.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = [scale[0]], [scale[1]]
    return made


def options_of(builtin: str):  # noqa: ANN201
    """The options of an operator, with their defaults; None for one that has none."""
    reducer = dict.fromkeys(REDUCING, "Reducer")
    named = {"L2_NORMALIZATION": "L2Norm", "MAXIMUM": "MaximumMinimum", "MINIMUM": "MaximumMinimum", **reducer}
    name = named.get(builtin, "".join(part.capitalize() for part in builtin.split("_")))
    kind = getattr(schema, f"{name}OptionsT", None)
    made = None if kind is None else kind()
    if builtin == "SOFTMAX":
        made.beta = 1.0
    return made


def model(builtin: str, kind: str, output: tuple[float, int] | None) -> bytes:
    """A model of one operator in one element type."""
    scale = (0.5, 0) if kind in QUANTIZED else None
    inputs = [tensor("a", kind, scale)]
    buffers = [b""]
    if builtin in BINARY or builtin in COMPARING:
        inputs.append(tensor("b", kind, scale))
    if builtin in REDUCING:
        inputs.append(tensor("axis", "INT32", None, 1, (1,)))
        buffers.append(np.array([1], "int32").tobytes())
    result = "BOOL" if builtin in COMPARING else kind
    given = tensor("out", result, None if result == "BOOL" or scale is None else output or scale)
    given.shape = [1] if builtin in REDUCING else [1, 4]
    return packed(builtin, inputs, given, buffers)


def packed(builtin: str, inputs: list, given, buffers: list[bytes]) -> bytes:  # noqa: ANN001
    """The model of one operator as a file."""
    import flatbuffers

    code, operator, graph, made = schema.OperatorCodeT(), schema.OperatorT(), schema.SubGraphT(), schema.ModelT()
    code.builtinCode = getattr(schema.BuiltinOperator, builtin)
    code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
    options = options_of(builtin)
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, list(range(len(inputs))), [len(inputs)]
    if options is not None:
        operator.builtinOptions = options
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
    graph.tensors, graph.operators, graph.outputs = [*inputs, given], [operator], [len(inputs)]
    graph.inputs = [number for number, one in enumerate(inputs) if one.buffer == 0]
    made.version, made.operatorCodes, made.subgraphs, made.buffers = 3, [code], [graph], []
    for data in buffers:
        buffer = schema.BufferT()
        buffer.data = list(data)
        made.buffers.append(buffer)
    builder = flatbuffers.Builder(1024)
    builder.Finish(made.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def takes(data: bytes) -> bool:
    """True if the interpreter's own kernels run a model on ones."""
    plain = litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        made = litert.Interpreter(model_content=data, experimental_op_resolver_type=plain)
        made.allocate_tensors()
        for detail in made.get_input_details():
            made.set_tensor(detail["index"], np.ones(detail["shape"], detail["dtype"]))
        made.invoke()
    except (RuntimeError, ValueError):
        return False
    return True


def main() -> None:
    """Print the table."""
    version = importlib.metadata.version("ai-edge-litert")
    write = sys.stdout.write
    write(
        f"# What the kernels of ai-edge-litert {version} take; made by tools/make_kernel_table.py, which asks them.\n"
    )
    write('# See data/tflite-kernels.toml for the fields.\n\n["litert"]\n')
    write(f'evidence = "measured with ai-edge-litert {version}"\n')
    for builtin in sorted((*UNARY, *BINARY, *COMPARING, *REDUCING)):
        fixed = FIXED.get(builtin, {})
        taken = [kind for kind in TYPES if takes(model(builtin, kind, fixed.get(kind)))]
        if not taken:
            sys.stderr.write(f"{builtin}: no element type is taken; the model that asks is wrong\n")
            continue
        listed = ", ".join(f'"{kind}"' for kind in taken)
        write(f'\n["litert".{builtin}]\ntypes = [{listed}]\n')
        for kind in taken:
            if kind in fixed and not takes(model(builtin, kind, (fixed[kind][0] * _FROM_RATIO, fixed[kind][1]))):
                write(f"scale_{kind.lower()} = {fixed[kind][0]!r}\n")


if __name__ == "__main__":
    main()
