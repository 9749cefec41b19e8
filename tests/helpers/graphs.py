"""Models made by hand: values for rules, and real .tflite bytes for the reader."""

from __future__ import annotations

import struct

from envdoctor.tflite.model import Content, Model, Operator, OperatorCode, Quantization, Subgraph, Tensor

_SIZES = {"INT8": "b", "UINT8": "B", "INT32": "i", "INT64": "q", "FLOAT32": "f", "BOOL": "?"}
QUANTIZED = {"INT8", "UINT8", "INT16", "INT4"}


class Graph:
    """A subgraph that grows: every method gives the number of the tensor it made."""

    def __init__(self):
        self.tensors, self.operators, self.inputs = [], [], []

    def tensor(self, shape, dtype="INT8", *, scales=(0.5,), content=None, name=None, **rest):
        number = len(self.tensors)
        quantization = Quantization(scales=scales, zero_points=(0,) * len(scales)) if dtype in QUANTIZED else None
        self.tensors.append(
            Tensor(
                index=number,
                name=name or f"t{number}",
                shape=tuple(shape),
                dtype=dtype,
                quantization=quantization,
                content=content,
                **rest,
            )
        )
        return number

    def input(self, shape, dtype="INT8", **rest):
        self.inputs.append(self.tensor(shape, dtype, **rest))
        return self.inputs[-1]

    def const(self, shape, dtype="INT8", values=None, **rest):
        count = 1
        for size in shape:
            count *= size
        data = struct.pack(f"<{count}{_SIZES.get(dtype, 'b')}", *(values if values is not None else [0] * count))
        return self.tensor(shape, dtype, content=Content(source=data, size=len(data)), **rest)

    def axes(self, *values):
        return self.const([len(values)], "INT32", values)

    def op(self, name, inputs, shape=(1, 8, 8, 4), dtype="INT8", *, version=1, custom=None, outputs=None, **options):
        given = outputs if outputs is not None else [self.tensor(shape, dtype)]
        self.operators.append(
            Operator(
                index=len(self.operators),
                name=name,
                custom_code=custom,
                version=version,
                inputs=tuple(inputs),
                outputs=tuple(given),
                options=options,
            )
        )
        return given[0] if given else None

    def subgraph(self, *outputs, index=0):
        return Subgraph(
            index=index,
            name="main",
            tensors=tuple(self.tensors),
            inputs=tuple(self.inputs),
            outputs=outputs,
            operators=tuple(self.operators),
        )

    def model(self, *outputs, others=(), **rest):
        subgraphs = (self.subgraph(*outputs), *others)
        codes = {(op.name, op.custom_code, op.version) for subgraph in subgraphs for op in subgraph.operators}
        return Model(
            name="model.tflite",
            version=3,
            description="",
            operator_codes=tuple(
                OperatorCode(name=name, custom_code=custom, version=version)
                for name, custom, version in sorted(codes, key=str)
            ),
            subgraphs=subgraphs,
            **rest,
        )


def chain(*names, shape=(1, 8, 8, 4)):
    """A model of operators of one input, one behind the other."""
    graph = Graph()
    last = graph.input(shape)
    for name in names:
        last = graph.op(name, [last], shape)
    return graph.model(last)
