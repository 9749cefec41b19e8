"""Small .tflite files: an int8 model, a float one, and what a compiler would have made of it."""

from tflite_bytes import model, pack, schema, tensor

_ADD, _DEQUANTIZE = 0, 6
_RELU, _CUSTOM, _FLOAT32, _INT16, _INT8 = 19, 32, 0, 7, 9


def int8_model():
    """A model of one RELU, quantized."""
    return _chain([(_RELU, 1, None)])


def int16x8_model():
    """The same with activations of 16 bits."""
    return _chain([(_RELU, 1, None)], kind=_INT16)


def float_model():
    """The same in floats."""
    return _chain([(_RELU, 1, None)], kind=_FLOAT32)


def weight_only_model():
    """A float model that adds a constant, which is stored as int8 and widened before it is used."""
    scale = schema().QuantizationParametersT()
    scale.scale, scale.zeroPoint = [0.5], [0]
    tensors = [
        tensor([1, 4], kind=_FLOAT32, name=b"in"),
        tensor([1, 4], kind=_INT8, buffer=1, name=b"weights", quantization=scale),
        tensor([1, 4], kind=_FLOAT32, name=b"widened"),
        tensor([1, 4], kind=_FLOAT32, name=b"out"),
    ]
    options = schema().AddOptionsT()
    operators = [(0, [1], [2], 0, None), (1, [0, 2], [3], schema().BuiltinOptions.AddOptions, options)]
    codes = [(_DEQUANTIZE, 2, None), (_ADD, 1, None)]
    return pack(
        model(tensors=tensors, operators=operators, codes=codes, inputs=[0], outputs=[3], buffers=(b"", b"\1\2\3\4"))
    )


def compiled_model(custom_code):
    """A file that holds nothing but a compiler's own operator."""
    return _chain([(_CUSTOM, 1, custom_code.encode())])


def _chain(codes, kind=_INT8):
    def values(name):
        scale = schema().QuantizationParametersT()
        scale.scale, scale.zeroPoint = [0.5], [0]
        return tensor([1, 4], kind=kind, name=name, **({"quantization": scale} if kind != _FLOAT32 else {}))

    tensors = [values(b"in"), *(values(b"out%d" % number) for number in range(len(codes)))]
    operators = [(number, [number], [number + 1], 0, None) for number in range(len(codes))]
    return pack(model(tensors=tensors, operators=operators, codes=codes, inputs=[0], outputs=[len(codes)]))
