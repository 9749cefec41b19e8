import pytest

from envdoctor.stages.workers.composites import write_as_custom
from envdoctor.stages.workers.tflite_graph import Graph, schema
from envdoctor.tflite.reader import open_model
from tflite_bytes import model, pack, tensor

pytest.importorskip("ai_edge_litert")
RELU = 19
ATTRIBUTES = [1, 2, 3, 4]


def composite(calls=1):
    """`calls` composites in a row, each with a body of one RELU."""
    one = schema()
    tensors = [tensor([1, 4], 0, name=f"t{number}".encode()) for number in range(calls + 1)]
    made = model(
        tensors=tensors,
        operators=[(0, [number], [number + 1], 0, None) for number in range(calls)],
        codes=[(one.BuiltinOperator.STABLEHLO_COMPOSITE, 1, None), (RELU, 1, None)],
        inputs=[0],
        outputs=[calls],
    )
    for number, operator in enumerate(made.subgraphs[0].operators):
        options = one.StableHLOCompositeOptionsT()
        options.name, options.decompositionSubgraphIndex = b"example.norm", number + 1
        options.compositeAttributes = ATTRIBUTES
        operator.builtinOptions2Type = one.BuiltinOptions2.StableHLOCompositeOptions
        operator.builtinOptions2 = options
        body = model(tensors=tensors[:2], operators=[(1, [0], [1], 0, None)], inputs=[0], outputs=[1])
        made.subgraphs.append(body.subgraphs[0])
    return pack(made)


@pytest.mark.parametrize("calls", [1, 3])
def test_name_and_numbers_stay_and_bodies_go(calls):
    graph = Graph(composite(calls))
    assert write_as_custom(graph) == ["example.norm"] * calls
    data = graph.pack()
    made = open_model(memoryview(data), name="m")
    assert [operator.custom_code for operator in made.main.operators] == ["example.norm"] * calls
    assert len(made.subgraphs) == 1
    again = Graph(data)
    assert [list(operator.customOptions) for operator in again.main.operators] == [ATTRIBUTES] * calls
    assert len(again.model.operatorCodes) == 1


def test_a_file_without_composites_is_left_alone():
    plain = pack(
        model(
            tensors=[tensor([1, 4], 0, name=b"x"), tensor([1, 4], 0, name=b"y")],
            operators=[(0, [0], [1], 0, None)],
            codes=[(RELU, 1, None)],
            inputs=[0],
            outputs=[1],
        )
    )
    assert write_as_custom(Graph(plain)) == []
