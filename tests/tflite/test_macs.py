"""Multiply-adds, against numbers worked out by hand."""

import pytest

from envdoctor.tflite.macs import multiply_adds
from graphs import Graph


def counted(name, shapes, output, constants=()):
    graph = Graph()
    inputs = [graph.const(s) if place in constants else graph.input(s) for place, s in enumerate(shapes)]
    graph.op(name, inputs, output)
    subgraph = graph.subgraph()
    return multiply_adds(subgraph, subgraph.operators[0])


@pytest.mark.parametrize(
    ("name", "shapes", "output", "macs"),
    [
        ("CONV_2D", [[1, 8, 8, 3], [16, 3, 3, 3], [16]], [1, 8, 8, 16], 8 * 8 * 16 * 27),
        ("CONV_2D", [[1, 8, 8, 8], [16, 3, 3, 4]], [1, 8, 8, 16], 8 * 8 * 16 * 36),  # two groups
        ("DEPTHWISE_CONV_2D", [[1, 8, 8, 4], [1, 3, 3, 4]], [1, 8, 8, 4], 8 * 8 * 4 * 9),
        ("FULLY_CONNECTED", [[5, 10], [3, 10]], [5, 3], 150),
        ("TRANSPOSE_CONV", [[4], [2, 2, 2, 8], [1, 4, 4, 8]], [1, 8, 8, 2], 4 * 4 * 8 * 2 * 2 * 2),
        ("CONV_3D", [[1, 4, 4, 4, 2], [3, 3, 3, 2, 5]], [1, 4, 4, 4, 5], 64 * 5 * 54),
        ("BATCH_MATMUL", [[2, 3, 4], [2, 4, 5]], [2, 3, 5], 2 * 3 * 5 * 4),
        ("BATCH_MATMUL", [[2, 4, 3], [2, 4, 5]], [2, 3, 5], 2 * 3 * 5 * 4),  # left transposed
        ("RELU", [[1, 8, 8, 4]], [1, 8, 8, 4], 0),
        ("FULLY_CONNECTED", [[5, 10]], [5, 3], 0),
    ],
)
def test_multiply_adds_are_counted_by_shapes(name, shapes, output, macs):
    assert counted(name, shapes, output) == macs


def test_an_lstm_uses_each_weight_once_a_step():
    shapes = [[1, 7, 4], *([[6, 4]] * 4), *([[6, 6]] * 4), [6]]
    macs = counted("UNIDIRECTIONAL_SEQUENCE_LSTM", shapes, [1, 7, 6], constants=range(1, 10))
    assert macs == 7 * 4 * (6 * 4 + 6 * 6)
