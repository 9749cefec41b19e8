import numpy as np
import pytest

from tflite_bytes import model, pack, schema, tensor

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

from envdoctor.stages.workers import litert_run
from envdoctor.stages.workers.tflite_graph import Graph
from envdoctor.stages.workers.tflite_rewrite import rewrite
from envdoctor.tflite.reader import open_model

FLOAT, INT32 = 0, 2


def moving(name, shape, given, block, amounts):
    """A model of one SPACE_TO_BATCH_ND or BATCH_TO_SPACE_ND."""
    numbers = [np.array(block, "int32"), np.array(amounts, "int32")]
    constants = [tensor(each.shape, INT32, buffer=place, name=b"c") for place, each in enumerate(numbers, start=1)]
    return pack(
        model(
            tensors=[tensor(shape, FLOAT, name=b"in"), tensor(given, FLOAT, name=b"out"), *constants],
            operators=[(0, [0, 2, 3], [1], 0, None)],
            codes=[(getattr(schema().BuiltinOperator, name), 1, None)],
            inputs=[0],
            outputs=[1],
            buffers=[b"", *(each.tobytes() for each in numbers)],
        )
    )


def answer(data, shape):
    sample = np.arange(np.prod(shape), dtype="float32").reshape(shape) + 1
    return litert_run.open_model(data).predict({"in": sample})["out"]


@pytest.mark.parametrize(
    ("name", "shape", "given", "block", "amounts", "extra"),
    [
        ("SPACE_TO_BATCH_ND", (1, 6, 3), (2, 3, 3), [2], [[0, 0]], None),
        ("SPACE_TO_BATCH_ND", (1, 7, 3), (3, 4, 3), [3], [[4, 1]], "PAD"),
        ("SPACE_TO_BATCH_ND", (1, 5, 6, 2), (6, 3, 2, 2), [2, 3], [[1, 0], [0, 0]], "PAD"),
        ("BATCH_TO_SPACE_ND", (2, 3, 3), (1, 6, 3), [2], [[0, 0]], None),
        ("BATCH_TO_SPACE_ND", (3, 4, 3), (1, 7, 3), [3], [[4, 1]], "SLICE"),
        ("BATCH_TO_SPACE_ND", (6, 3, 2, 2), (1, 5, 6, 2), [2, 3], [[1, 0], [0, 0]], "SLICE"),
    ],
)
def test_blocks_move_by_operators_that_every_quantizer_has(name, shape, given, block, amounts, extra):  # noqa: PLR0917
    data = moving(name, shape, given, block, amounts)
    graph = Graph(data)
    assert rewrite(graph) == {name: 1}
    changed = graph.pack()
    operators = ["RESHAPE", "TRANSPOSE", "RESHAPE"]
    expected = [extra, *operators] if extra == "PAD" else operators + [extra] * bool(extra)
    assert [operator.name for operator in open_model(changed).main.operators] == expected
    assert np.array_equal(answer(changed, shape), answer(data, shape))


@pytest.mark.parametrize(
    ("name", "shape", "given"),
    [("SPACE_TO_BATCH_ND", (2, 6, 3), (4, 3, 3)), ("BATCH_TO_SPACE_ND", (4, 3, 3), (2, 6, 3))],
)
def test_several_images_at_once_are_left_alone(name, shape, given):
    graph = Graph(moving(name, shape, given, [2], [[0, 0]]))
    assert rewrite(graph) == {}
