"""What onnx.checker and ONNX Runtime refuse."""

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.pipeline.sources.onnx import read_onnx
from onnx_bytes import model, nested, node, number, subgraph, value, weight

X = value("x", 1, 4)
ADD = node("Add", takes=("x", "w"), gives="y")


def output(name):
    return nested(12, nested(1, name))


def read(folder, data):
    path = folder / "net.onnx"
    path.write_bytes(data)
    return read_onnx(path)


def tensor(*sizes, kind=1, more=b""):
    more = more or (nested(6, "a") * sizes[0] if kind == 8 else b"")
    return nested(5, *(number(1, size) for size in sizes), number(2, kind), nested(8, "w"), more)


OPSET = nested(8, nested(1, ""), number(2, 17))
ERF = nested(7, nested(1, "gone"), nested(2, "e"), nested(4, "Erf"))
FUNCTION = nested(25, nested(1, "Own"), nested(10, "own"), ERF)
WHOLE = {
    "a weight": model(ADD, X, weight("w"), output("y")),
    "an input that is given": model(node("Relu", takes=("x",), gives="y"), X, output("x"), output("y")),
    "an optional input that is left out": model(node("Clip", takes=("x", "", "w")), X, weight("w")),
    "what a subgraph takes from outside": model(
        node("Relu", takes=("x",), gives="y"), node("If", "", subgraph(node("Relu", takes=("y",)), output("Relu"))), X
    ),
    "numbers one by one": model(ADD, X, tensor(2, more=nested(4, bytes(8)))),
    "nibbles": model(ADD, X, tensor(3, kind=22, more=nested(9, bytes(2)))),
    "a scalar": model(ADD, X, tensor(more=nested(9, bytes(4)))),
    "nothing in a tensor of no elements": model(ADD, X, tensor(0, 4)),
    "an operator before the one that feeds it": model(node("Relu", takes=("late",)), node("Erf", gives="late"), X),
    "a version of its own": model(node("Own", "own"), X, nested(8, nested(1, "own"), number(2, 2024))),
    "an attribute of a runtime's own": model(node("Relu", "", nested(5, nested(1, "__x"), number(20, 2))), X),
    "an operator that only ONNX Runtime has": model(node("SimplifiedLayerNormalization"), X),
    "an opset to come": model(node("Relu", takes=("x", "x")), X, opset=90),
    "an own function of a known name": model(node("Relu", takes=("x", "x")), node("Erf"), X)
    + nested(25, nested(1, "Relu")),
    "texts": model(ADD, X, tensor(3, kind=8)),
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_whole(tmp_path, name):
    assert read(tmp_path, WHOLE[name]).operators


AXIS = nested(1, "axis")
CONCAT = nested(5, AXIS, number(3, 1), number(20, 2))
LISTED = {
    "numbers not packed": (tensor(2, kind=7, more=number(7, 1) + number(7, 300)), 0),
    "numbers packed": (tensor(2, kind=7, more=nested(7, b"\x01\xac\x02")), 0),
    "double numbers": (tensor(2, kind=11, more=nested(10, bytes(16))), 0),
    "complex numbers": (tensor(2, kind=14, more=nested(4, bytes(16))), 0),
    "halves": (tensor(2, kind=10, more=nested(5, b"\x01\x02")), 0),
    "nibbles": (tensor(3, kind=22, more=nested(5, b"\x01\x02")), 0),
    "numbers beside bytes, which count": (tensor(2, more=nested(9, bytes(8)) + nested(4, bytes(4))), 0),
    "a number too few": (tensor(2, kind=7, more=number(7, 1)), "has 1 values, where 2 are needed"),
    "a number too many": (tensor(more=nested(4, bytes(8))), "has 2 values, where 1 are needed"),
    "numbers of another type": (tensor(2, kind=12, more=nested(5, b"\x01\x02")), "has no values, where 2"),
    "texts too few": (tensor(3, kind=8, more=nested(6, "a")), "has 1 texts, where 3 are needed"),
    "no type": (tensor(2, kind=77, more=nested(9, bytes(8))), "of no type: 77"),
}


@pytest.mark.parametrize("name", LISTED)
def test_values_one_by_one_are_counted(tmp_path, name):
    stored, words = LISTED[name]
    data = model(ADD, X, stored)
    if not words:
        assert read(tmp_path, data).operators
        return
    with pytest.raises(Unreadable, match=words):
        read(tmp_path, data)


@pytest.mark.parametrize(
    ("operator", "words"),
    [
        (node("Concat", "", CONCAT, CONCAT, takes=("x",)), "an attribute of an operator Concat is there twice"),
        (node("Concat", "", nested(5, AXIS, number(3, 1), number(20, 3)), takes=("x",)), "'axis' has no value of its"),
        (node("Squeeze", "", nested(5, nested(1, "axes"), number(3, 1), number(20, 7))), "'axes' has no value"),
        (node("Cast", "ai.onnx.training", takes=("x",)), "of which version ai.onnx.training's Cast is"),
    ],
)
def test_an_operator_that_onnx_runtime_refuses_for_its_attributes_or_domain(tmp_path, operator, words):
    with pytest.raises(Unreadable, match=words):
        read(tmp_path, model(operator, X))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (model(ADD, X), "'w' is used by Add, and nothing gives it"),
        (
            model(node("Relu", takes=("b",), gives="a"), node("Erf", takes=("a",), gives="b"), X),
            "Relu and Erf wait|Erf and",
        ),
        (model(node("If", "", subgraph(node("Relu", takes=("gone",)))), X), "'gone' is used by Relu"),
        (model(node("Relu"), node("Relu"), X), "what another gives"),
        (model(nested(1, nested(4, "Relu")), X), "gives nothing"),
        (model(nested(1, nested(2, "y")), X), "an operator ''"),
        (model(node("Relu"), X, output("gone")), "nothing computes its output 'gone'"),
        (model(node("Relu"), X, X), "two inputs have the same name"),
        (model(node("Relu"), value("x", 1, kind=0)), "of 'x' are of no type: 0"),
        (model(node("Relu"), X, value("b", 1, kind=88)), "of 'b' are of no type: 88"),
        (model(node("Relu"), nested(11, nested(1, "x"))), "its input 'x' has no type"),
        (model(node("Relu", takes=("x", "x")), X), "Relu has 2 inputs, which opset 17 does not allow"),
        (
            model(node("Concat", "", nested(5, nested(1, "axes"), number(20, 2))), X),
            "'axes' that opset 17 does not have",
        ),
        (model(node("Softmax", "", nested(5, nested(1, "axis"), number(20, 1))), X), "'axis' of another type"),
        (model(nested(1, nested(1, "x"), nested(2, "y"), nested(4, "Concat")), X), "Concat lacks its attribute 'axis'"),
        (model(node("Cast", "", nested(5, nested(1, "to"), number(20, 2)), takes=("",)), X), "Cast lacks its input 0"),
        (model(ADD, X, tensor(2)), "'w' has no values"),
        (model(node("Relu"), X).replace(b"\x08\x08", b"\x08\x28", 1), "versions"),
        (model(ADD, X, tensor(2, more=nested(9, bytes(7)))), "has 7 bytes, where 8 are needed"),
        (model(ADD, X, tensor(1 << 63, more=nested(9, bytes(7)))), "has no size"),
        (model(node("Relu"), X, opset=0), "versions"),
        (model(node("Relu"), X, opset=1 << 40), "versions"),
        (model(node("Relu"), X)[2:], "versions"),
        (model(node("Relu"), X).replace(OPSET, nested(8, nested(1, "a"), number(2, 1))), "of which version"),
        (model(node("Own", "own"), X) + FUNCTION, "'gone' is used by Erf"),
        (model(node("Relu", "", nested(5, nested(1, "alpha"))), X), "'alpha' has no type"),
        (model(node("Relu"), X, nested(13, nested(2, b"\x0a\x7f"))), "runs over the end"),  # a type that is not read
    ],
)
def test_what_lost_something(tmp_path, data, words):
    with pytest.raises(Unreadable, match=words):
        read(tmp_path, data)


@pytest.mark.parametrize(("kind", "opset"), [("Reluu", 17), ("Upsample", 17), ("Gelu", 17), ("EfficientNMS_TRT", 17)])
def test_an_operator_that_no_runtime_has_in_an_opset_is_foreign(tmp_path, kind, opset):
    assert read(tmp_path, model(node(kind), X, opset=opset)).foreign == {kind}
    assert read(tmp_path, model(node("Relu"), X, opset=opset)).foreign == set()


def test_an_operator_is_known_from_the_opset_on_that_brought_it(tmp_path):
    assert read(tmp_path, model(node("Gelu", takes=("x",)), X, opset=20)).foreign == set()
    assert read(tmp_path, model(node("Upsample", takes=("x", "x")), X, opset=9)).foreign == set()
