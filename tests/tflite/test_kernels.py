import pytest

from envdoctor.tflite.kernels import unfit_operators, untold_operators
from envdoctor.tflite.model import Model, Quantization, Subgraph
from envdoctor.tflite.reader import read_model
from envdoctor.tflite.readers import find_reader
from graphs import Graph
from keras_files import DATA
from shared_data import shared

LITERT = find_reader("litert")


def model(graph, output):
    main = Subgraph(
        index=0, name="main", tensors=tuple(graph.tensors), inputs=tuple(graph.inputs), outputs=(output,),
        operators=tuple(graph.operators),
    )  # fmt: skip
    return Model(name="m", version=3, description="", operator_codes=(), subgraphs=(main,))


def unfit(graph, output, reader=LITERT):
    return unfit_operators(model(graph, output), reader)


def one(name, dtype, scale=0.5):
    graph = Graph()
    output = graph.tensor((1, 4), dtype, scales=(scale,))
    return graph, graph.op(name, [graph.input((1, 4), dtype)], outputs=[output])


@pytest.mark.parametrize(
    ("name", "dtype", "words"),
    [
        (
            "SQUARED_DIFFERENCE",
            "INT16",
            "operator 0, SQUARED_DIFFERENCE on INT16 (its kernel takes FLOAT32, INT8, INT32)",
        ),
        ("SQUARED_DIFFERENCE", "INT8", None),
        ("ELU", "INT16", "ELU on INT16"),
        ("ELU", "FLOAT32", None),
        ("ELU", "BOOL", None),  # was not tried
        ("CONV_2D", "INT16", None),  # is not in the table
    ],
)
def test_element_types(name, dtype, words):
    found = unfit(*one(name, dtype))
    assert bool(found) is bool(words)
    assert all(words in each for each in found)


@pytest.mark.parametrize(("scale", "fits"), [(1 / 256, True), (0.5, False)])
def test_the_scale_of_a_logistic(scale, fits):
    found = unfit(*one("LOGISTIC", "INT8", scale))
    assert (found == ()) is fits
    assert all("an output scale that is not 0.00390625" in each for each in found)


def test_scales_along_a_dimension_that_is_not_there():
    graph, output = one("RELU", "INT8")
    weights = graph.const((4, 8))
    for dimension, refused in ((1, False), (2, True)):
        graph.tensors[weights] = type(graph.tensors[weights])(
            index=weights, name="w", shape=(4, 8), dtype="INT8",
            quantization=Quantization(scales=(0.5,) * 8, zero_points=(0,) * 8, quantized_dimension=dimension),
        )  # fmt: skip
        assert (unfit(graph, output) == ("w has scales along dimension 2 of 2",)) is refused


def test_an_older_reader_refuses_what_the_newest_does_and_of_the_rest_nothing_is_told():
    old = find_reader("tf-2.5")
    assert unfit(*one("SQUARED_DIFFERENCE", "INT16"), old)
    assert untold_operators(model(*one("RSQRT", "INT16")), old) == ("operator 0, RSQRT on INT16",)
    assert untold_operators(model(*one("RSQRT", "INT16")), LITERT) == ()
    assert untold_operators(model(*one("ADD", "INT16")), old) == ()
    assert untold_operators(model(*one("RSQRT", "INT8")), old) == ()


def test_real_files():
    assert unfit_operators(read_model(shared("data/reports/models/c04_16x8.tflite")), LITERT)
    for path in (shared("data/reports/models/c04_int8.tflite"), DATA / "tflite/layernorm.tflite"):
        assert unfit_operators(read_model(path), LITERT) == ()
