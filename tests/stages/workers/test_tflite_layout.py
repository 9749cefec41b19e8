"""Channels last at the edges, proven by running the file before and after."""

import numpy as np
import pytest

from envdoctor.stages.workers import litert_run
from envdoctor.stages.workers.tflite_graph import Graph, schema
from envdoctor.stages.workers.tflite_layout import put_channels_last, rename
from mend_models import FLOAT, Maker

pytest.importorskip("ai_edge_litert")
LAST, FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


def turn(maker, source, shape, order):
    target = maker.tensor([shape[axis] for axis in order], FLOAT)
    order = maker.constant(np.array(order, "int32"))
    return maker.operator("TRANSPOSE", [source, order], [target], schema().TransposeOptionsT(), 2)


def net(shape=(1, 3, 4, 5), *, order=LAST, takers=1, direct=False, back=True):
    """From channels first to last, a RELU, and back; `takers` TRANSPOSEs of the input, `direct`: one taker more."""
    maker = Maker()
    given = maker.tensor(shape, FLOAT)
    outs = []
    inner = [shape[axis] for axis in order]
    for _ in range(takers):
        result = maker.operator("RELU", [turn(maker, given, shape, order)], [maker.tensor(inner, FLOAT)], None, 2)
        outs.append(turn(maker, result, inner, FIRST) if back else result)
    if direct:
        outs.append(maker.operator("RELU", [given], [maker.tensor(shape, FLOAT)], None, 2))
    return maker.done([given], outs)


def answers(data, given):
    runner = litert_run.open_model(data)
    return list(runner.predict(dict.fromkeys(runner.inputs, given)).values())


def changed(data, shape=(1, 3, 4, 5)):
    """The layout, the file's operators, and whether its answers are the former ones, their axes moved."""
    graph = Graph(data)
    layout = put_channels_last(graph)
    given = np.random.default_rng(0).normal(size=shape).astype("float32")
    moved = given if layout.inputs[0] is None else np.transpose(given, layout.inputs[0])
    for before, after, order in zip(answers(data, given), answers(graph.pack(), moved), layout.outputs, strict=True):
        np.testing.assert_array_equal(after, before if order is None else np.transpose(before, order))
    return layout, [graph.operator_name(operator) for operator in graph.main.operators]


def test_both_edges():
    layout, names = changed(net())
    assert (layout.inputs, layout.outputs) == ((LAST,), (LAST,))
    assert names == ["RELU"]


def test_several_takers_of_one_input():
    layout, names = changed(net(takers=2))
    assert layout.inputs == (LAST,)
    assert names == ["RELU", "RELU"]


def test_an_input_that_is_also_taken_as_it_is_stays():
    layout, names = changed(net(direct=True))
    assert layout.inputs == (None,)
    assert layout.outputs == (LAST, None)
    assert names == ["TRANSPOSE", "RELU", "RELU"]


def test_another_order_of_axes_stays():
    layout, names = changed(net(order=(0, 1, 3, 2), back=False))
    assert (layout.inputs, layout.outputs) == ((None,), (None,))
    assert names == ["TRANSPOSE", "RELU"]


@pytest.mark.parametrize(("shape", "moves"), [((1, 1, 4, 5), True), ((1, 3, 4, 5), False)])
def test_a_reshape_only_where_it_moves_a_single_channel(shape, moves):
    maker = Maker()
    given = maker.tensor(shape, FLOAT)
    inner = [shape[axis] for axis in LAST]
    sizes = maker.constant(np.array(inner, "int32"))
    middle = maker.operator("RESHAPE", [given, sizes], [maker.tensor(inner, FLOAT)], schema().ReshapeOptionsT())
    out = maker.operator("RELU", [middle], [maker.tensor(inner, FLOAT)], None, 2)
    layout, names = changed(maker.done([given], [out]), shape)
    assert (layout.inputs == (LAST,)) is moves
    assert ("RESHAPE" in names) is not moves


def test_a_file_that_only_turns_its_input_keeps_that():
    maker = Maker()
    given = maker.tensor((1, 3, 4, 5), FLOAT)
    data = maker.done([given], [turn(maker, given, (1, 3, 4, 5), LAST)])
    layout, names = changed(data)
    assert names == ["TRANSPOSE"]
    assert layout.inputs == (None,)


def test_names_by_position():
    graph = Graph(net())
    put_channels_last(graph)
    rename(graph, ["picture"])
    runner = litert_run.open_model(graph.pack())
    assert (list(runner.inputs), list(runner.outputs)) == (["picture"], ["output_0"])


def test_a_tensor_that_is_given_twice_has_two_names():
    maker = Maker()
    given = maker.tensor((1, 4), FLOAT)
    out = maker.operator("RELU", [given], [maker.tensor((1, 4), FLOAT)], None, 2)
    graph = Graph(maker.done([given], [out, out]))
    rename(graph, ["x"])
    runner = litert_run.open_model(graph.pack())
    first, second = runner.predict({"x": np.array([[-1, 0, 1, 2]], "float32")}).values()
    assert list(runner.outputs) == ["output_0", "output_1"]
    np.testing.assert_array_equal(first, second)
