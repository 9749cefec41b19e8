"""What graphs are made of."""

from envdoctor.tflite.structure import (
    compiled_contents,
    dynamic_tensors,
    lost_variables,
    operators_named,
    resizable_inputs,
)
from graphs import Graph, chain

SHAPE = [1, 4, 4, 2]


def flatten_with_open_batch():
    graph = Graph()
    taken = graph.input(SHAPE, shape_signature=(-1, 4, 4, 2))
    shape = graph.op("SHAPE", [taken], [4], "INT32")
    batch = graph.op("STRIDED_SLICE", [shape, graph.axes(0), graph.axes(1), graph.axes(1)], [], "INT32")
    packed = graph.op("PACK", [batch, graph.axes(32)], [2], "INT32")
    return graph.model(graph.op("RESHAPE", [taken, packed], [1, 32]))


def test_a_reshape_to_a_computed_shape_is_dynamic_and_its_origin_is_the_shape():
    (found,) = dynamic_tensors(flatten_with_open_batch().main)
    assert (found.operator.name, found.origin, found.cause.dtype) == ("RESHAPE", "SHAPE", "INT32")


def test_a_signature_alone_makes_nothing_dynamic():
    graph = Graph()
    taken = graph.input(SHAPE, shape_signature=(-1, 4, 4, 2))
    model = graph.model(graph.op("RESHAPE", [taken, graph.axes(1, 32)], [1, 32]))
    assert dynamic_tensors(model.main) == ()
    assert [tensor.shape_signature for tensor in resizable_inputs(model)] == [(-1, 4, 4, 2)]


def test_an_output_as_large_as_the_values_say_is_dynamic():
    graph = Graph()
    found = graph.op("WHERE", [graph.input([4], "BOOL")], [4, 1], "INT64")
    assert [one.origin for one in dynamic_tensors(graph.model(found).main)] == ["input"]


def read_and(*others):
    graph = Graph()
    handle = graph.op("VAR_HANDLE", [], [], "RESOURCE", shared_name="dense/kernel")
    value = graph.op("READ_VARIABLE", [handle], SHAPE)
    for name in others:
        graph.op(name, [handle, value], outputs=[])
    return graph.model(value)


def test_a_variable_that_is_read_and_never_assigned_is_lost():
    assert lost_variables(read_and()) == ("dense/kernel",)


def test_a_variable_that_the_model_assigns_is_state():
    assert lost_variables(read_and("ASSIGN_VARIABLE")) == ()


def test_a_compilers_output_tells_what_it_left():
    graph = Graph()
    taken = graph.input(SHAPE)
    for _ in range(2):
        taken = graph.op("CUSTOM", [taken], SHAPE, custom="edgetpu-custom-op")
    found = compiled_contents(graph.model(graph.op("SOFTMAX", [taken], SHAPE)))
    assert (found.custom_code, found.packages, dict(found.remaining)) == ("edgetpu-custom-op", 2, {"SOFTMAX": 1})
    assert compiled_contents(chain("RELU")) is None


def test_operators_are_found_by_name_in_every_subgraph():
    other = Graph()
    other.op("WHILE", [other.input([1])])
    model = chain("RELU", "WHILE")
    both = type(model)(
        name="m",
        version=3,
        description="",
        operator_codes=(),
        subgraphs=(model.main, other.subgraph(index=1)),
    )
    assert [(subgraph.index, operator.index) for subgraph, operator in operators_named(both, "WHILE")] == [
        (0, 1),
        (1, 0),
    ]
