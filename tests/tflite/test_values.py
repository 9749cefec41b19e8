"""Integers in constants."""

from envdoctor.tflite.values import integers
from graphs import Graph


def test_integers_of_both_widths_are_unpacked():
    graph = Graph()
    assert integers(graph.tensors[graph.axes(1, -2, 3)]) == (1, -2, 3)
    assert integers(graph.tensors[graph.const([2], "INT64", [-5, 6])]) == (-5, 6)


def test_what_holds_no_integers_to_look_at_gives_none():
    graph = Graph()
    assert integers(None) is None
    assert integers(graph.tensors[graph.input([2], "INT32")]) is None
    assert integers(graph.tensors[graph.const([2], "FLOAT32")]) is None
    assert integers(graph.tensors[graph.const([5000], "INT32")]) is None
