"""What quantizers leave in floats and LiteRT computes in int8."""

import numpy as np
import pytest

from mend_models import FLOAT, INT8, INT32, Maker
from tflite_bytes import schema

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

from envdoctor.stages.workers import litert_run
from envdoctor.stages.workers.mends import integer_islands
from envdoctor.stages.workers.tflite_graph import Graph, prune
from envdoctor.tflite.reader import open_model

BOOL, STEP, ZERO = 6, 0.05, 10


def operators(data):
    return [operator.name for operator in open_model(data).main.operators]


def island(name, *, step=STEP, zero=ZERO, options=None, axes=None):
    """DEQUANTIZE, an operator, QUANTIZE."""
    maker = Maker()
    given, opened = maker.tensor([1, 64], scale=STEP, zero=ZERO), maker.tensor([1, 64], FLOAT)
    shape = [1, 64] if axes is None else [1]
    computed, out = maker.tensor(shape, FLOAT), maker.tensor(shape, scale=step, zero=zero)
    more = [] if axes is None else [maker.constant(np.array(axes, "int32"))]
    maker.operator("DEQUANTIZE", [given], [opened])
    maker.operator(name, [opened, *more], [computed], options)
    maker.operator("QUANTIZE", [computed], [out])
    return maker.done([given], [out])


def comparison(name, right=None):
    """Two int8 inputs, or one and a constant, compared in floats; the answer is chosen by it."""
    maker = Maker()
    inputs = [maker.tensor([1, 64], scale=STEP, zero=ZERO), maker.tensor([1, 64], scale=0.08, zero=-3)]
    opened = [maker.tensor([1, 64], FLOAT) for _ in inputs]
    for inner, outer in zip(inputs, opened, strict=True):
        maker.operator("DEQUANTIZE", [inner], [outer])
    other = opened[1] if right is None else maker.constant(np.array(right, "float32"))
    is_so, out = maker.tensor([1, 64], BOOL), maker.tensor([1, 64], INT32)
    maker.operator(name, [opened[0], other], [is_so])
    maker.operator("CAST", [is_so], [out])
    return maker.done(inputs, [out])


def answers(data, output=0):
    """What each int8 number gives, whole numbers as they are stored."""
    interpreter = litert_run.make_interpreter(data, delegates=False)
    random, given = np.random.default_rng(4), []
    for row in np.arange(-128, 128, dtype="int8").reshape(4, 1, 64):
        for detail in interpreter.get_input_details():
            values = row if detail["index"] == 0 else random.integers(-128, 128, (1, 64), "int8")
            interpreter.set_tensor(detail["index"], values)
        interpreter.invoke()
        value = interpreter.get_tensor(interpreter.get_output_details()[output]["index"])
        given.append(value if value.dtype.kind == "f" else value.astype(int))
    return np.array(given)


def written(data):
    graph = Graph(data)
    words = integer_islands.apply(graph, {})
    prune(graph)
    return words, graph.pack()


@pytest.mark.parametrize(
    ("name", "step", "zero"),
    [
        ("ELU", 0.05, -100), ("EXP", 2.5, -128), ("LOG", 0.05, 100), ("GELU", 0.05, -120), ("ABS", 0.06, -128),
        ("SQUARE", 0.3, -128), ("NEG", 0.06, 5),
    ],
)  # fmt: skip
def test_an_operator_between_floats_computes_in_int8(name, step, zero):
    data = island(name, step=step, zero=zero)
    words, after = written(data)
    assert words == [f"wrote 1 {name} on int8"]
    assert operators(after) == ["MUL" if name in {"SQUARE", "NEG"} else name]
    before, now = answers(data), answers(after)
    meant = np.arange(-128, 128).reshape(4, 1, 64) > ZERO if name == "LOG" else np.ones((4, 1, 64), bool)
    assert np.ptp(before[meant]) > 50
    assert abs(before - now)[meant].max() <= 1


def test_the_largest_keeps_its_scale():
    options = schema().ReducerOptionsT()
    data = island("REDUCE_MAX", step=0.07, zero=3, options=options, axes=[1])
    words, after = written(data)
    assert (words, operators(after)) == (["wrote 1 REDUCE_MAX on int8"], ["REDUCE_MAX", "QUANTIZE"])
    assert abs(answers(data) - answers(after)).max() <= 1


@pytest.mark.parametrize(("name", "step", "zero"), [("LOG_SOFTMAX", 0.06, 127), ("L2_NORMALIZATION", 0.004, 3)])
def test_a_result_of_one_scale_is_quantized_again(name, step, zero):
    options = schema().L2NormOptionsT() if name == "L2_NORMALIZATION" else None
    data = island(name, step=step, zero=zero, options=options)
    words, after = written(data)
    assert (words, operators(after)) == ([f"wrote 1 {name} on int8"], [name, "QUANTIZE"])
    before, now = answers(data), answers(after)
    assert np.ptp(before) > 50
    assert abs(before - now).max() <= 2


@pytest.mark.parametrize("name", ["ARG_MAX", "ARG_MIN"])
def test_a_place_is_found_among_int8(name):
    maker, options = Maker(), getattr(schema(), f"{name.title().replace('_', '')}OptionsT")()
    options.outputType = INT32
    given, opened = maker.tensor([1, 64], scale=STEP, zero=ZERO), maker.tensor([1, 64], FLOAT)
    out = maker.tensor([1], INT32)
    maker.operator("DEQUANTIZE", [given], [opened])
    maker.operator(name, [opened, maker.constant(np.array(1, "int32"))], [out], options)
    data = maker.done([given], [out])
    words, after = written(data)
    assert (words, operators(after)) == ([f"wrote 1 {name} on int8"], [name])
    assert np.array_equal(answers(data), answers(after))


@pytest.mark.parametrize("given", ["places", "both", "both on int8"])
def test_the_best_are_found_among_int8(given):
    maker, options = Maker(), schema().TopKV2OptionsT()
    stored, opened = maker.tensor([1, 64], scale=STEP, zero=ZERO), maker.tensor([1, 64], FLOAT)
    best, places = maker.tensor([1, 5], FLOAT), maker.tensor([1, 5], INT32)
    maker.operator("DEQUANTIZE", [stored], [opened])
    maker.operator("TOPK_V2", [opened, maker.constant(np.array(5, "int32"))], [best, places], options)
    outputs = {"places": [places], "both": [places, best], "both on int8": [places]}[given]
    if given == "both on int8":
        outputs = [places, maker.tensor([1, 5], scale=0.07, zero=3)]
        maker.operator("QUANTIZE", [best], outputs[1:])
    data = maker.done([stored], outputs)
    words, after = written(data)
    last = {"places": [], "both": ["DEQUANTIZE"], "both on int8": ["QUANTIZE"]}[given]
    assert (words, operators(after)) == (["wrote 1 TOPK_V2 on int8"], ["TOPK_V2", *last])
    for number in range(len(outputs)):
        assert np.allclose(answers(data, number), answers(after, number), atol=1e-6)


@pytest.mark.parametrize("name", ["GREATER", "LESS_EQUAL", "NOT_EQUAL"])
@pytest.mark.parametrize("right", [None, 0.0, 1.3, [[0.5] * 32 + [-2.0] * 32]])
def test_comparisons_take_int8(name, right):
    data = comparison(name, right)
    words, after = written(data)
    assert words == [f"wrote 1 {name} on int8"]
    assert "DEQUANTIZE" not in operators(after)
    assert (answers(data) != answers(after)).mean() < 0.02  # those within rounding of each other


def test_a_mask_chooses_int8():
    maker = Maker()
    given, other, out = (
        maker.tensor([1, 64]),
        maker.tensor([1, 64], scale=0.3),
        maker.tensor([1, 64], scale=1 / 255, zero=-128),
    )
    is_so, opened = maker.tensor([1, 64], BOOL), maker.tensor([1, 64], FLOAT)
    maker.operator("GREATER", [given, other], [is_so], version=2)
    maker.operator("CAST", [is_so], [opened])
    maker.operator("QUANTIZE", [opened], [out])
    data = maker.done([given, other], [out])
    words, after = written(data)
    assert (words, operators(after)) == (["wrote 1 CAST on int8"], ["GREATER", "SELECT_V2"])
    assert np.array_equal(answers(data), answers(after))
    assert set(np.unique(answers(after))) == {-128, 127}


def test_a_scale_of_one_ends_the_kernel_of_a_comparison_and_is_left():
    data = comparison("GREATER", 300.0)
    assert written(data) == ([], Graph(data).pack())


@pytest.mark.parametrize("name", ["FLOOR", "SIN", "SQRT", "RSQRT"])
def test_what_has_no_kernel_stays(name):
    data = island(name)
    assert written(data)[0] == []


def test_a_chain_of_two_has_no_scale_between():
    maker = Maker()
    given, opened, inner, outer = (maker.tensor([1, 64], kind) for kind in (INT8, FLOAT, FLOAT, FLOAT))
    out = maker.tensor([1, 64])
    maker.operator("DEQUANTIZE", [given], [opened])
    maker.operator("EXP", [opened], [inner])
    maker.operator("LOG", [inner], [outer])
    maker.operator("QUANTIZE", [outer], [out])
    assert written(maker.done([given], [out]))[0] == []
