"""Real .tflite files in memory, written by the schema's own generated code (of ai-edge-litert)."""

from __future__ import annotations

import pytest


def schema():
    """The generated schema; skips the test where ai-edge-litert has no wheel."""
    return pytest.importorskip("ai_edge_litert.schema_py_generated", reason="ai-edge-litert is not installed here")


def pack(model):
    """A ModelT as bytes."""
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def tensor(shape, kind=9, buffer=0, name=b"t", **rest):
    made = schema().TensorT()
    made.shape, made.type, made.buffer, made.name = list(shape), kind, buffer, name
    for field, value in rest.items():
        setattr(made, field, value)
    return made


def model(*, tensors=(), operators=(), codes=(), inputs=(), outputs=(), buffers=(b"",)):
    """A ModelT with one subgraph. `operators`: (code index, inputs, outputs, options type, options) each."""
    one = schema()
    made, graph = one.ModelT(), one.SubGraphT()
    made.version, made.description, made.subgraphs = 3, b"made by hand", [graph]
    graph.tensors, graph.inputs, graph.outputs, graph.name = list(tensors), list(inputs), list(outputs), b"main"
    graph.operators = []
    for code, taken, given, kind, options in operators:
        operator = one.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = code, list(taken), list(given)
        operator.builtinOptionsType, operator.builtinOptions = kind, options
        graph.operators.append(operator)
    made.operatorCodes, made.buffers = [], []
    for number, version, custom in codes:
        code = one.OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), version
        code.customCode = custom
        made.operatorCodes.append(code)
    for data in buffers:
        buffer = one.BufferT()
        buffer.data = list(data)
        made.buffers.append(buffer)
    return made


def small():
    """CONV_2D without bias behind an input, with a fused ReLU: two constants' worth of everything the reader reads."""
    one = schema()
    options = one.Conv2DOptionsT()
    options.strideW = options.strideH = 2
    options.padding, options.fusedActivationFunction = 1, 1
    weights = one.QuantizationParametersT()
    weights.scale, weights.zeroPoint, weights.quantizedDimension = [0.5, 0.25], [0, 0], 0
    plain = one.QuantizationParametersT()
    plain.scale, plain.zeroPoint = [0.125], [-3]
    return model(
        tensors=[
            tensor([1, 4, 4, 1], name=b"in", quantization=plain, shapeSignature=[-1, 4, 4, 1]),
            tensor([2, 1, 1, 1], buffer=1, name=b"w", quantization=weights),
            tensor([1, 2, 2, 2], name=b"out", quantization=plain),
        ],
        operators=[(0, [0, 1, -1], [2], one.BuiltinOptions.Conv2DOptions, options)],
        codes=[(3, 3, None)],
        inputs=[0],
        outputs=[2],
        buffers=[b"", b"\x01\x02"],
    )
