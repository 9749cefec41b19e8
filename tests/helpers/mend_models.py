"""Small quantized and float models made by hand, one fault each, that LiteRT runs."""

from __future__ import annotations

import numpy as np

from tflite_bytes import model, pack, schema, tensor

FLOAT, INT32, UINT8, INT64, INT16, INT8 = 0, 2, 3, 4, 7, 9


class Maker:
    """A graph that grows; every method gives the number of a tensor."""

    def __init__(self):
        self.tensors, self.operators, self.codes, self.buffers = [], [], [], [b""]

    def tensor(self, shape, kind=INT8, *, scale=0.5, zero=0, name="", **rest):
        quantization = None
        if kind in {INT8, UINT8, INT16}:
            quantization = schema().QuantizationParametersT()
            quantization.scale, quantization.zeroPoint = [scale], [zero]
        label = (name or f"t{len(self.tensors)}").encode()
        self.tensors.append(tensor(shape, kind, name=label, quantization=quantization, **rest))
        return len(self.tensors) - 1

    def constant(self, values, *, scales=None, axis=0, kind=None):
        array = np.asarray(values)
        kinds = {"float32": FLOAT, "int32": INT32, "int64": INT64, "int8": INT8, "float16": 1}
        index = self.tensor(array.shape, kind if kind is not None else kinds[array.dtype.name])
        if scales is not None:
            quantization = schema().QuantizationParametersT()
            quantization.scale, quantization.zeroPoint = list(scales), [0] * len(scales)
            quantization.quantizedDimension = axis
            self.tensors[index].quantization = quantization
        self.tensors[index].buffer = len(self.buffers)
        self.buffers.append(array.tobytes())
        return index

    def operator(self, name, inputs, outputs, options=None, version=1):
        code = (getattr(schema().BuiltinOperator, name), version, None)
        if code not in self.codes:
            self.codes.append(code)
        kind = 0 if options is None else getattr(schema().BuiltinOptions, type(options).__name__.removesuffix("T"))
        self.operators.append((self.codes.index(code), inputs, outputs, kind, options))
        return outputs[0]

    def done(self, inputs, outputs, signature=True):
        """The file's bytes."""
        made = model(
            tensors=self.tensors,
            operators=self.operators,
            codes=self.codes,
            inputs=inputs,
            outputs=outputs,
            buffers=self.buffers,
        )
        if signature:
            made.signatureDefs = [self._signature(inputs, outputs)]
        return pack(made)

    @staticmethod
    def _signature(inputs, outputs):
        one = schema().SignatureDefT()
        one.signatureKey, one.subgraphIndex = b"serving_default", 0
        one.inputs, one.outputs = ([], [])
        for where, indexes, letter in ((one.inputs, inputs, "x"), (one.outputs, outputs, "y")):
            for number, index in enumerate(indexes):
                argument = schema().TensorMapT()
                argument.name, argument.tensorIndex = f"{letter}{number}".encode(), index
                where.append(argument)
        return one


def dense(scales=(0.01, 0.002, 0.03), *, seed=1, shared=False, wide=False):
    """Int8 FULLY_CONNECTED, 8 to 3, its weights with those scales; `shared`: two layers with the same weights.

    `wide`: its activations are int16, over the same range.
    """
    maker, random = Maker(), np.random.default_rng(seed)
    kind, step = (INT16, 0.1 / 256) if wide else (INT8, 0.1)
    given = maker.tensor([1, 8], kind, scale=step)
    weights = maker.constant(random.integers(-127, 128, (3, 8)).astype("int8"), scales=scales)
    biases = random.integers(-200, 200, 3) * (256 if wide else 1)
    bias = maker.constant(biases.astype("int64" if wide else "int32"), scales=[step * scale for scale in scales])
    out = [maker.tensor([1, 3], kind, scale=5 * step) for _ in range(2 if shared else 1)]
    for index in out:
        maker.operator("FULLY_CONNECTED", [given, weights, bias], [index], schema().FullyConnectedOptionsT(), 4)
    return maker.done([given], out)


def normed_dense(scales=(0.01, 0.009, 0.012), seed=7):
    """Int8 FULLY_CONNECTED, 8 to 3, and its length made 1: where that was small, small differences are large then."""
    maker, random = Maker(), np.random.default_rng(seed)
    given, middle = maker.tensor([1, 8], scale=0.1), maker.tensor([1, 3], scale=0.5)
    out = maker.tensor([1, 3], scale=1 / 128)
    weights = maker.constant(random.integers(-127, 128, (3, 8)).astype("int8"), scales=scales)
    maker.operator("FULLY_CONNECTED", [given, weights], [middle], schema().FullyConnectedOptionsT(), 4)
    maker.operator("L2_NORMALIZATION", [middle], [out], schema().L2NormOptionsT(), 2)
    return maker.done([given], [out])


def centred_batch():
    """Floats less their mean over an open batch."""
    maker = Maker()
    given, out = (maker.tensor([1, 4], FLOAT, shapeSignature=[-1, 4]) for _ in range(2))
    mean, options = maker.tensor([1, 4], FLOAT), schema().ReducerOptionsT()
    options.keepDims = True
    maker.operator("MEAN", [given, maker.constant(np.array([0], "int32"))], [mean], options, 2)
    maker.operator("SUB", [given, mean], [out], schema().SubOptionsT())
    return maker.done([given], [out])


def float_edges(outputs=1):
    """QUANTIZE, RELU in int8, DEQUANTIZE."""
    maker = Maker()
    outer, inner, middle = (
        maker.tensor([1, 6], FLOAT),
        maker.tensor([1, 6], scale=0.05),
        maker.tensor([1, 6], scale=0.05),
    )
    out = [maker.tensor([1, 6], FLOAT) for _ in range(outputs)]
    maker.operator("QUANTIZE", [outer], [inner], schema().QuantizeOptionsT())
    maker.operator("RELU", [inner], [middle], None, 2)
    for index in out:
        maker.operator("DEQUANTIZE", [middle], [index], schema().DequantizeOptionsT(), 2)
    return maker.done([outer], out)


def transposed_mean(*, order=(0, 3, 1, 2), axes=(2, 3), keep=False, back=False, kind=FLOAT):
    """TRANSPOSE and MEAN of [1, 4, 6, 5]; `back`: a TRANSPOSE back to channels last and a RELU behind it."""
    maker, shape = Maker(), [1, 4, 6, 5]
    given, turned = maker.tensor(shape, kind), maker.tensor([shape[axis] for axis in order], kind)
    sizes = [shape[axis] for axis in order]
    left = (
        [1 if place in axes else size for place, size in enumerate(sizes)]
        if keep
        else [size for place, size in enumerate(sizes) if place not in axes]
    )
    mean = maker.tensor(left, kind)
    options = schema().ReducerOptionsT()
    options.keepDims = keep
    turn = maker.constant(np.array(order, "int32"))
    maker.operator("TRANSPOSE", [given, turn], [turned], schema().TransposeOptionsT(), 2)
    maker.operator("MEAN", [turned, maker.constant(np.array(axes, "int32"))], [mean], options, 2)
    if not back:
        return maker.done([given], [mean])
    again, last = maker.tensor([left[0], left[2], left[3], left[1]], kind), maker.tensor([1, 1, 1, left[1]], kind)
    maker.operator(
        "TRANSPOSE", [mean, maker.constant(np.array([0, 2, 3, 1], "int32"))], [again], schema().TransposeOptionsT(), 2
    )
    maker.operator("RELU", [again], [last], None, 2)
    return maker.done([given], [last])


def tiled(*, rows=2, columns=3, wrong=False, kind=INT8, first="RESHAPE"):
    """Keras 3's upsampling: RESHAPE, TILE, RESHAPE, TILE, RESHAPE; `wrong`: it repeats the image, not its pixels.

    `first`: what gives the first of them its fifth axis.
    """
    maker, height, width, depth = Maker(), 3, 4, 2
    given = maker.tensor([1, height, width, depth], kind)
    steps = [
        ("RESHAPE", [1, height, 1, width, depth]),
        ("TILE", [1, 1, rows, 1, 1]),
        ("RESHAPE", [1, height * rows, width, 1, depth]),
        ("TILE", [1, 1, 1, columns, 1]),
        ("RESHAPE", [1, height * rows, width * columns, depth]),
    ]
    if wrong:
        steps[0] = ("RESHAPE", [1, 1, height, width, depth])
        steps[1] = ("TILE", [1, rows, 1, 1, 1])
    last, shape = given, [1, height, width, depth]
    if first == "EXPAND_DIMS":
        last, shape = maker.tensor([1, height, 1, width, depth], kind), [1, height, 1, width, depth]
        axis = maker.constant(np.array(2, "int32"))
        maker.operator("EXPAND_DIMS", [given, axis], [last], schema().ExpandDimsOptionsT())
        del steps[0]
    for name, sizes in steps:
        shape = sizes if name == "RESHAPE" else [size * times for size, times in zip(shape, sizes, strict=True)]
        following = maker.tensor(shape, kind)
        options = schema().ReshapeOptionsT() if name == "RESHAPE" else None
        maker.operator(
            name, [last, maker.constant(np.array(sizes, "int32"))], [following], options, 1 if options else 3
        )
        last = following
    return maker.done([given], [last])


def tiled_series():
    """Keras 3's UpSampling1D: RESHAPE, TILE, RESHAPE of three axes."""
    maker = Maker()
    given, split = maker.tensor([1, 5, 3]), maker.tensor([1, 5, 1, 3])
    copies, out = maker.tensor([1, 5, 2, 3]), maker.tensor([1, 10, 3])
    shapes = (maker.constant(np.array(sizes, "int32")) for sizes in ([1, 5, 1, 3], [1, 1, 2, 1], [1, 10, 3]))
    maker.operator("RESHAPE", [given, next(shapes)], [split], schema().ReshapeOptionsT())
    maker.operator("TILE", [split, next(shapes)], [copies], None, 3)
    maker.operator("RESHAPE", [copies, next(shapes)], [out], schema().ReshapeOptionsT())
    return maker.done([given], [out])


def transposed_convolution(activation=1, *, zero=-128, scale=0.02, kind=INT8):
    """TRANSPOSE_CONV of version 4 with an activation inside."""
    maker, random = Maker(), np.random.default_rng(3)
    given, out = maker.tensor([1, 4, 4, 2], kind, scale=0.1), maker.tensor([1, 8, 8, 3], kind, scale=scale, zero=zero)
    values = random.integers(-127, 128, (3, 3, 3, 2)).astype("int8")
    weights = (
        maker.constant(values, scales=[0.003]) if kind == INT8 else maker.constant((values / 99).astype("float32"))
    )
    options = schema().TransposeConvOptionsT()
    options.strideW = options.strideH = 2
    options.fusedActivationFunction = activation
    shape = maker.constant(np.array([1, 8, 8, 3], "int32"))
    maker.operator("TRANSPOSE_CONV", [shape, weights, given], [out], options, 4)
    return maker.done([given], [out])


def open_batch(*, signature=True):
    """RESHAPE to a shape that SHAPE, STRIDED_SLICE and PACK compute from an open batch."""
    maker, one = Maker(), schema()
    given = maker.tensor([1, 2, 3], shapeSignature=[-1, 2, 3])
    sizes, first, packed = maker.tensor([3], INT32), maker.tensor([], INT32), maker.tensor([2], INT32)
    out = maker.tensor([1, 6], shapeSignature=[-1, 6])
    begin, end = maker.constant(np.array([0], "int32")), maker.constant(np.array([1], "int32"))
    width = maker.constant(np.array(6, "int32"))
    shape_options, slice_options, pack_options = one.ShapeOptionsT(), one.StridedSliceOptionsT(), one.PackOptionsT()
    shape_options.outType, slice_options.shrinkAxisMask, pack_options.valuesCount = INT32, 1, 2
    maker.operator("SHAPE", [given], [sizes], shape_options)
    maker.operator("STRIDED_SLICE", [sizes, begin, end, end], [first], slice_options)
    maker.operator("PACK", [first, width], [packed], pack_options)
    maker.operator("RESHAPE", [given, packed], [out], one.ReshapeOptionsT())
    return maker.done([given], [out], signature=signature)


def half_weights():
    """Float FULLY_CONNECTED whose weights a DEQUANTIZE makes of float16 ones."""
    maker = Maker()
    given, wide, out = maker.tensor([1, 4], FLOAT), maker.tensor([2, 4], FLOAT), maker.tensor([1, 2], FLOAT)
    half = maker.constant(np.linspace(-1, 1, 8).reshape(2, 4).astype("float16"))
    maker.operator("DEQUANTIZE", [half], [wide], schema().DequantizeOptionsT(), 3)
    maker.operator("FULLY_CONNECTED", [given, wide, -1], [out], schema().FullyConnectedOptionsT())
    return maker.done([given], [out])


def wrapped_ids(*, mirrored=False, border=0):
    """SELECT(ids < 0, ids + 50, ids), as an Embedding of Keras 3 looks up its rows."""
    make, sizes = Maker(), (1, 4)
    ids, less, moved, given = (make.tensor(sizes, kind) for kind in (INT32, 6, INT32, INT32))
    make.operator("LESS", [ids, make.constant(np.array(border, "int32"))], [less])
    number = make.constant(np.array(50, "int32"))
    make.operator("ADD", [number, ids] if mirrored else [ids, number], [moved], schema().AddOptionsT())
    make.operator("SELECT", [less, moved, ids], [given])
    return make.done([ids], [given])


def selected():
    """The larger of two numbers, by SELECT."""
    make, sizes = Maker(), (1, 4)
    one, two, given = (make.tensor(sizes, FLOAT) for _ in range(3))
    larger = make.tensor(sizes, 6)
    make.operator("GREATER", [one, two], [larger])
    make.operator("SELECT", [larger, one, two], [given], schema().SelectOptionsT())
    return make.done([one, two], [given])
