"""Int8 .tflite files of a few operators, each with the scales that a test is about."""

from __future__ import annotations

from tflite_bytes import model, pack, schema, tensor

INT8 = 9
ADD, CONCATENATION, LOGISTIC, MUL, QUANTIZE = 0, 2, 14, 18, 114


def scaled(scale, point=0):
    made = schema().QuantizationParametersT()
    made.scale, made.zeroPoint = [scale], [point]
    return made


def int8(name, scale, point=0, shape=(1, 8), buffer=0):
    return tensor(shape, INT8, buffer, name.encode(), quantization=scaled(scale, point), hasRank=True)


def masked(large):
    """Scores, a mask that is added to them, and the sum: each with the range that it has."""
    step = max(8.0, large) / 255
    one, options = schema(), schema().AddOptionsT()
    return pack(
        model(
            tensors=[
                int8("scores", 8 / 255),
                int8("mask", large / 255, 127, buffer=1),
                int8("masked", step, 127),
            ],
            operators=[(0, [0, 1], [2], one.BuiltinOptions.AddOptions, options)],
            codes=[(ADD, 2, None)],
            inputs=[0],
            outputs=[2],
            buffers=[b"", bytes([128, 128] + [127] * 6)],
        )
    )


def joined(step):
    """Scores as LOGISTIC gives them, stored again with the step of the boxes that they are joined with."""
    one = schema()
    options = one.ConcatenationOptionsT()
    options.axis = 1
    return pack(
        model(
            tensors=[
                int8("scores", 8 / 255),
                int8("boxes", step),
                int8("probabilities", 1 / 256, -128),
                int8("stored_again", step),
                int8("out", step, shape=(1, 16)),
            ],
            operators=[
                (0, [0], [2], 0, None),
                (1, [2], [3], one.BuiltinOptions.QuantizeOptions, one.QuantizeOptionsT()),
                (2, [1, 3], [4], one.BuiltinOptions.ConcatenationOptions, options),
            ],
            codes=[(LOGISTIC, 2, None), (QUANTIZE, 2, None), (CONCATENATION, 2, None)],
            inputs=[0, 1],
            outputs=[4],
        )
    )


def widened(narrow, *, last):
    """Scores times 127, and of the channels beyond the fourth times `narrow`: the last tensor, or one inside."""
    one = schema()
    end = [] if last else [(1, [2], [3], 0, None)]
    factors = bytes([127] * 4 + [narrow] * 4)
    return pack(
        model(
            tensors=[
                int8("scores", 8 / 255),
                int8("factors", 1.0, buffer=1),
                int8("wide", 4 * 127 / 100),
                int8("out", 1 / 256, -128),
            ],
            operators=[(0, [0, 1], [2], one.BuiltinOptions.MulOptions, one.MulOptionsT()), *end],
            codes=[(MUL, 2, None), (LOGISTIC, 2, None)],
            inputs=[0],
            outputs=[2 if last else 3],
            buffers=[b"", factors],
        )
    )
