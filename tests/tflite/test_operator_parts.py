"""Operators whose parts do not fit: what no interpreter prepares."""

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.tflite.reader import open_model
from tflite_bytes import model, pack, schema, small, tensor

FLOAT, INT32, INT8, BOOL = 0, 2, 9, 6


def one(code, taken, given, *, options=None, inputs=None, buffers=(b"",), count=1):
    """A model of one operator: `taken` and `given` are (shape, type, buffer) each."""
    tensors = [tensor(*each) for each in (*taken, *given)]
    places = list(range(len(taken))) if inputs is None else inputs
    outputs = list(range(len(taken), len(tensors)))
    kind = getattr(schema().BuiltinOptions, type(options).__name__.removesuffix("T")) if options else 0
    operators = [(0, places, outputs * count, kind, options)]
    codes = [(getattr(schema().BuiltinOperator, code), 1, None)]
    made = model(tensors=tensors, operators=operators, codes=codes, inputs=[0], outputs=outputs, buffers=buffers)
    return pack(made)


def options(name, **values):
    made = getattr(schema(), f"{name}OptionsT")()
    for key, value in values.items():
        setattr(made, key, value)
    return made


def conv(shape=(1, 2, 2, 2), **values):
    made = small()
    for key, value in values.items():
        setattr(made.subgraphs[0].operators[0].builtinOptions, key, value)
    made.subgraphs[0].tensors[2].shape = list(shape)
    return pack(made)


def newer(version):
    made = small()
    made.operatorCodes[0].version = version
    return pack(made)


A = ([1, 4], FLOAT)
POOL = {"strideW": 2, "strideH": 2, "filterWidth": 2, "filterHeight": 2, "padding": 1}


@pytest.mark.parametrize(
    "make",
    [
        conv,
        lambda: conv((1, 4, 4, 2), strideW=1, strideH=1),
        lambda: one("ADD", [A, A], [A]),
        lambda: one("EQUAL", [A, A], [([1, 4], BOOL)]),
        lambda: one("RESHAPE", [A], [([2, 2], FLOAT)]),
        lambda: one("PACK", [A, A], [([2, 1, 4], FLOAT)], options=options("Pack", valuesCount=2, axis=-3)),
        lambda: one("UNPACK", [([2, 4], FLOAT)], [A, A], options=options("Unpack", num=2)),
        lambda: one("MAX_POOL_2D", [([1, 5, 5, 1], FLOAT)], [([1, 2, 2, 1], FLOAT)], options=options("Pool2D", **POOL)),
        lambda: one("FULLY_CONNECTED", [A, ([3, 4], FLOAT)], [([1, 3], FLOAT)], inputs=[0, 1, -1]),
        lambda: one("SOFTMAX", [A], [([1, 4], FLOAT)]),
    ],
)
def test_what_fits(make):
    assert open_model(make()).main.operators


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: one("ADD", [A], [A]), r"operator 0 of subgraph 0 \(ADD\) has 1 inputs and 1 outputs"),
        (lambda: one("ADD", [A, A], [A], count=2), "has 2 inputs and 2 outputs"),
        (lambda: one("ADD", [A, A], [A], inputs=[0, -1]), "lacks an input or an output"),
        (lambda: one("ADD", [A, A], [([1, 4], FLOAT, 1)], buffers=(b"", bytes(16))), "writes what is stored"),
        (lambda: one("ADD", [A, ([1, 4], INT8)], [A]), "takes FLOAT32 and INT8 and gives FLOAT32"),
        (lambda: one("TRANSPOSE", [([2], INT32), A], [([2], INT8)]), "takes INT32 and gives INT8"),
        (lambda: one("EQUAL", [A, A], [A]), "gives FLOAT32"),
        (lambda: one("RESHAPE", [A], [([5], FLOAT)]), r"gives \[5\] of \[1, 4\]"),
        (lambda: one("FULLY_CONNECTED", [A, ([3, 4], FLOAT)], [([1, 2], FLOAT)]), r"gives \[1, 2\] of"),
        (lambda: one("FULLY_CONNECTED", [A, ([3, 3], FLOAT)], [([1, 3], FLOAT)]), "gives"),
        (lambda: one("PACK", [A, A], [A], options=options("Pack", valuesCount=3)), "3 as its values_count"),
        (lambda: one("PACK", [A, A], [A], options=options("Pack", valuesCount=2, axis=3)), "has the axis 3"),
        (lambda: one("SPLIT", [([], INT32), A], [A], options=options("Split", numSplits=2)), "2 as its num_splits"),
        (lambda: one("SUM", [A, ([1], INT8)], [A]), "takes INT8 for numbers of dimensions"),
        (lambda: one("FULLY_CONNECTED", [([1, 4], INT8), ([3, 4], INT8)], [([1, 3], INT8)]), "integers without scales"),
        (lambda: one("TANH", [([1, 4], INT8)], [([1, 4], INT8)]), "integers without scales"),
        (lambda: one("FULLY_CONNECTED", [A, ([3, 4], FLOAT)], [([1, 3], FLOAT)], count=2), "2 inputs and 2 outputs"),
        (lambda: one("TRANSPOSE", [A, ([], INT32, 1)], [A], buffers=(b"", bytes(4))), "takes other than lists"),
        (lambda: newer(1 << 24), "is of the version 16777216"),
        (lambda: conv(strideW=0), "has 0 as its stride_w"),
        (lambda: conv(strideH=40000), "has 40000 as its stride_h"),
        (lambda: conv(padding=-1), "an unknown padding"),
        (lambda: conv(fusedActivationFunction=99), "an unknown fused_activation_function"),
        (lambda: conv((1, 4, 4, 2), padding=0, dilationWFactor=5), "gives"),
        (lambda: conv((2, 2), padding=0), "gives"),
        (
            lambda: one(
                "MAX_POOL_2D", [([1, 5, 5, 1], FLOAT)], [([1, 3, 3, 1], FLOAT)], options=options("Pool2D", **POOL)
            ),
            "gives",
        ),
    ],
)
def test_what_does_not(make, words):
    with pytest.raises(Unreadable, match=words):
        open_model(make())


def test_of_an_open_size_nothing_is_said():
    made = small()
    made.subgraphs[0].tensors[0].shapeSignature = [-1, -1, 4, 1]
    made.subgraphs[0].tensors[2].shape = [1, 9, 9, 2]
    assert open_model(pack(made)).main.operators


@pytest.mark.parametrize(
    ("name", "taken", "given"),
    [
        ("RESHAPE", (-1, 4), (-1,)),
        ("RESHAPE", (-1, 6, 8), (-1, 8)),
        ("FULLY_CONNECTED", (-1, 6, 4), (-1, 3)),
        ("SQUEEZE", (1, 1, 4), ()),  # of a rank that is found out when it runs
    ],
)
def test_a_batch_takes_in_other_dimensions(name, taken, given):
    inputs = [([abs(size) for size in taken], FLOAT), *([([3, 4], FLOAT)] if name == "FULLY_CONNECTED" else [])]
    made = schema().ModelT.InitFromPackedBuf(one(name, inputs, [([abs(size) for size in given], FLOAT)]), 0)
    for place, shape in ((0, taken), (len(inputs), given)):
        made.subgraphs[0].tensors[place].shapeSignature = list(shape) if -1 in shape else None
    assert open_model(pack(made)).main.operators


@pytest.mark.parametrize("weights", [[0, 4], [3, 0], [0, 0]])
@pytest.mark.parametrize("open_batch", [False, True])
def test_of_weights_without_a_size_nothing_is_said(weights, open_batch):
    made = one("FULLY_CONNECTED", [A, (weights, FLOAT)], [([1, 3], FLOAT)])
    made = schema().ModelT.InitFromPackedBuf(made, 0)
    made.subgraphs[0].tensors[0].shapeSignature = [-1, 4] if open_batch else None
    assert open_model(pack(made)).main.operators


def test_of_a_batch_elements_are_still_counted():
    made = schema().ModelT.InitFromPackedBuf(one("TANH", [A], [([1, 5], FLOAT)]), 0)
    for each in made.subgraphs[0].tensors:
        each.shapeSignature = [-1, *each.shape[1:]]
    with pytest.raises(Unreadable, match="gives"):
        open_model(pack(made))
