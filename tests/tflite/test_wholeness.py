"""What the LiteRT interpreter refuses to load, whatever the operators."""

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.tflite.reader import open_model
from tflite_bytes import model, pack, schema, tensor

INT8, INT4, BLOCKWISE = 9, 17, 2


def quantized(scales, zeros, axis=0, details=0):
    made = schema().QuantizationParametersT()
    made.scale, made.zeroPoint, made.quantizedDimension, made.detailsType = scales, zeros, axis, details
    return made


def read(shape, kind=INT8, data=b"", *, version=3, **rest):
    made = model(tensors=[tensor(shape, kind, 1 if data else 0, **rest)], inputs=[0], outputs=[0], buffers=(b"", data))
    made.version = version
    return open_model(pack(made))


@pytest.mark.parametrize(
    ("shape", "rest"),
    [
        ([2, 3], {"data": bytes(6)}),
        ([2, 3], {"data": bytes(9)}),
        ([3], {"kind": INT4, "data": bytes(2)}),
        ([], {"data": bytes(1)}),
        ([2, 3], {"isVariable": True}),
        ([2, 3], {"quantization": quantized([0.5], [0])}),
        ([2, 3], {"quantization": quantized([0.5] * 3, [0] * 3, 1)}),
        ([], {"quantization": quantized([0.5], [0], 1)}),
        ([2, 3], {"quantization": quantized([], [], 7)}),
        ([2, 3], {"quantization": quantized([0.5], [-128])}),
        ([2, 3], {"kind": 3, "quantization": quantized([0.5], [255])}),
    ],
)
def test_what_is_whole(shape, rest):
    assert read(shape, **rest).subgraphs


@pytest.mark.parametrize(
    ("shape", "rest", "words"),
    [
        ([2, 3], {"data": bytes(5)}, r"tensor 0 \(t\) has 5 bytes, where 6 are needed"),
        ([5], {"kind": INT4, "data": bytes(2)}, "2 bytes, where 3 are needed"),
        ([2, 3], {"data": bytes(6), "isVariable": True}, "is a variable and has a value"),
        ([2, 3], {"quantization": quantized([float("nan")], [0])}, "an impossible scale"),
        ([2, 3], {"quantization": quantized([-0.5], [0])}, "an impossible scale"),
        ([2, 3], {"quantization": quantized([0.5], [])}, "1 scales and 0 zero points"),
        ([2, 3], {"quantization": quantized([0.5] * 3, [0], 1)}, "3 scales and 1 zero points"),
        (
            [2, 3],
            {"quantization": quantized([0.5] * 3, [0] * 3)},
            r"3 scales, and the dimension 0 of its shape \[2, 3\]",
        ),
        ([2, 3], {"quantization": quantized([0.5], [0], 99)}, "scales for its dimension 99"),
        ([2, 3], {"quantization": quantized([0.5], [0], -1)}, "scales for its dimension -1"),
        ([2, 3], {"quantization": quantized([], [], 0, BLOCKWISE)}, "not said where"),
        ([2, 3], {"quantization": quantized([0.5], [-129])}, "INT8 and has a zero point beyond that"),
        ([2], {"kind": INT4, "quantization": quantized([0.5], [8])}, "INT4 and has a zero point beyond that"),
        ([2, 3], {"kind": 3, "quantization": quantized([0.5], [-1])}, "UINT8 and has a zero point beyond that"),
        ([2, -3], {}, r"the impossible shape \[2, -3\]"),
        ([1 << 30] * 3, {}, "the impossible shape"),
        ([2, 3], {"version": 0}, "version 0"),
    ],
)
def test_what_the_interpreter_refuses(shape, rest, words):
    with pytest.raises(Unreadable, match=words):
        read(shape, **rest)


def test_a_value_elsewhere_is_one_that_is_listed_and_no_variable_s():
    def made(listed, **rest):
        one = model(tensors=[tensor([2], externalBuffer=5, **rest)], inputs=[0], outputs=[0])
        buffer = schema().ExternalBufferT()
        buffer.id = 5
        one.externalBuffers = [buffer] if listed else []
        return pack(one)

    assert open_model(made(listed=True)).main.tensors[0].content
    with pytest.raises(Unreadable, match="the external buffer 5, which is not listed"):
        open_model(made(listed=False))
    with pytest.raises(Unreadable, match="is a variable and has a value"):
        open_model(made(listed=True, isVariable=True))
