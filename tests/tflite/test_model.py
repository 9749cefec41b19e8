"""Model values by themselves."""

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.tflite.model import Content, Location, Operator
from graphs import Graph


def test_a_tensor_knows_its_size_and_its_scales():
    graph = Graph()
    number = graph.const([2, 3], scales=(0.5, 0.25))
    tensor = graph.tensors[number]
    assert (tensor.elements, tensor.constant, tensor.per_channel) == (6, True, True)
    assert bytes(tensor.data()) == bytes(6)


def test_only_a_constant_has_data():
    graph = Graph()
    tensor = graph.tensors[graph.input([1])]
    with pytest.raises(Unreadable, match="no constant"):
        tensor.data()


def test_content_elsewhere_or_beyond_the_end_is_not_given():
    with pytest.raises(Unreadable, match="another file"):
        Content(source=b"", size=4, location=Location.ELSEWHERE).view()
    with pytest.raises(Unreadable, match="runs over the end"):
        Content(source=b"abc", start=2, size=4).view()


def test_options_are_read_by_kind_and_default_where_the_table_is_another():
    operator = Operator(index=0, name="CONV_2D", inputs=(), outputs=(), options={"stride_w": 2, "keep_dims": True})
    assert operator.integer("stride_w") == 2
    assert operator.integer("stride_h", 1) == 1
    assert operator.flag("keep_dims")
    assert operator.activation == "NONE"


def test_a_custom_operator_is_labelled_with_its_code():
    operator = Operator(index=0, name="CUSTOM", custom_code="edgetpu-custom-op", inputs=(), outputs=())
    assert operator.label == "CUSTOM edgetpu-custom-op"


def test_absent_inputs_are_left_out():
    graph = Graph()
    taken = graph.input([1])
    graph.op("CONV_2D", [taken, -1, -1])
    subgraph = graph.subgraph()
    operator = subgraph.operators[0]
    assert [tensor.index for tensor in subgraph.taken(operator)] == [taken]
    assert subgraph.input(operator, 1) is None
    assert subgraph.input(operator, 9) is None
