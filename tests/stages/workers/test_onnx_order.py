"""ONNX wants operators behind those that feed them; ONNX Runtime, and so the files of some tools, does not."""

from types import SimpleNamespace

from envdoctor.stages.workers.onnx_source import _put_in_order


def node(output, *inputs, inner=()):
    graphs = [SimpleNamespace(g=SimpleNamespace(node=[]), graphs=[SimpleNamespace(node=list(inner))])]
    return SimpleNamespace(output=[output], input=list(inputs), attribute=graphs)


def order(*nodes):
    graph = SimpleNamespace(node=list(nodes))
    _put_in_order(graph)
    return [each.output[0] for each in graph.node]


def test_what_feeds_an_operator_comes_before_it():
    assert order(node("c", "b", ""), node("b", "a"), node("a", "x")) == ["a", "b", "c"]
    assert order(node("if", "x", inner=[node("in", "late")]), node("late", "x")) == ["late", "if"]


def test_what_is_in_order_stays_as_it_is():
    assert order(node("b", "x"), node("a", "x"), node("c", "a", "b")) == ["b", "a", "c"]
