"""ELU and softplus as PyTorch's converter takes them apart."""

import numpy as np
import pytest

from mend_models import FLOAT, Maker
from tflite_bytes import schema

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

from envdoctor.stages.workers import litert_run
from envdoctor.stages.workers.tflite_graph import Graph
from envdoctor.stages.workers.whole_activations import put_together
from envdoctor.tflite.reader import open_model

SHAPE, BOOL = [1, 9], 6


def elu(*, scale=None, condition="GREATER_EQUAL", zero=0.0):
    """SELECT(x >= 0, x, EXP(x) - 1), the second part scaled as in a SELU."""
    maker = Maker()
    given, grown, less, scaled, out = (maker.tensor(SHAPE, FLOAT, name=name) for name in ("x", "g", "l", "s", "out"))
    is_above = maker.tensor(SHAPE, BOOL)
    one, nothing = (maker.constant(np.full((1, 1), each, "float32")) for each in (1.0, zero))
    maker.operator("EXP", [given], [grown])
    maker.operator("SUB", [grown, one], [less], schema().SubOptionsT())
    if scale:
        maker.operator(
            "MUL", [less, maker.constant(np.full((1, 1), scale, "float32"))], [scaled], schema().MulOptionsT()
        )
    maker.operator(condition, [given, nothing], [is_above])
    maker.operator("SELECT_V2", [is_above, given, scaled if scale else less], [out], schema().SelectV2OptionsT())
    return maker.done([given], [out])


def softplus(one=1.0):
    maker = Maker()
    given, grown, more, out = (maker.tensor(SHAPE, FLOAT, name=name) for name in ("x", "g", "m", "out"))
    maker.operator("EXP", [given], [grown])
    maker.operator("ADD", [grown, maker.constant(np.full((1, 1), one, "float32"))], [more], schema().AddOptionsT())
    maker.operator("LOG", [more], [out])
    return maker.done([given], [out])


def operators(data):
    return [operator.name for operator in open_model(data).main.operators]


def answer(data):
    row = np.linspace(-6, 6, 9, dtype="float32").reshape(SHAPE)
    return litert_run.open_model(data).predict({"x0": row})["y0"]


@pytest.mark.parametrize(
    ("data", "words", "left"),
    [
        (elu(), "put together 1 ELU", ["ELU"]),
        (elu(condition="GREATER"), "put together 1 ELU", ["ELU"]),
        (elu(scale=1.7), "put together 1 ELU", ["ELU", "MUL", "GREATER_EQUAL", "SELECT_V2"]),
        (softplus(), "put together 1 softplus", ["RELU", "MUL", "SUB", "EXP", "ADD", "LOG", "ADD"]),
    ],
)
def test_what_was_taken_apart_is_put_together(data, words, left):
    graph = Graph(data)
    assert put_together(graph) == [words]
    after = graph.pack()
    assert operators(after) == left
    assert np.allclose(answer(data), answer(after), atol=1e-5)


@pytest.mark.parametrize("data", [elu(zero=0.5), elu(condition="LESS"), softplus(2.0)])
def test_what_is_something_else_stays(data):
    graph = Graph(data)
    assert put_together(graph) == []
    assert operators(graph.pack()) == operators(data)
