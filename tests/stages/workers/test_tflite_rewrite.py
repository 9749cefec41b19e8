import numpy as np
import pytest

from tflite_bytes import model, pack, schema, tensor

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

from envdoctor.stages.workers import litert_run
from envdoctor.stages.workers.tflite_graph import Graph
from envdoctor.stages.workers.tflite_rewrite import rewrite
from envdoctor.tflite.reader import open_model

FLOAT, INT32 = 0, 2


def one_operator(name, shape, given, constant=None, **options):
    """A model of one float operator, with a constant as its second input."""
    one = schema()
    tensors = [tensor(shape, FLOAT, name=b"in"), tensor(given, FLOAT, name=b"out")]
    buffers, inputs = [b""], [0]
    if constant is not None:
        array = np.asarray(constant)
        kind = INT32 if array.dtype.kind == "i" else FLOAT
        data = array.astype("int32" if kind == INT32 else "float32")
        tensors.append(tensor(data.shape, kind, buffer=1, name=b"constant"))
        buffers.append(data.tobytes())
        inputs.append(2)
    number = getattr(one.BuiltinOperator, name)
    kind, table = 0, None
    if options:
        table_name = options.pop("table")
        table, kind = getattr(one, f"{table_name}T")(), getattr(one.BuiltinOptions, table_name)
        for field, value in options.items():
            setattr(table, field, value)
    operators = [(0, inputs, [1], kind, table)]
    return pack(
        model(tensors=tensors, operators=operators, codes=[(number, 1, None)], inputs=[0], outputs=[1], buffers=buffers)
    )


def rewritten(data):
    graph = Graph(data)
    return rewrite(graph), graph.pack()


@pytest.mark.parametrize(
    ("name", "constant", "instead"),
    [("HARD_SWISH", None, ["ADD", "MUL", "MUL"]), ("SQUARED_DIFFERENCE", [0.25] * 9, ["SUB", "MUL"])],
)
def test_what_has_no_form_with_int16_alone(name, constant, instead):
    data = one_operator(name, (1, 9), (1, 9), constant)
    graph, same = Graph(data), Graph(data)
    assert rewrite(graph, wide=True) == {name: 1}
    after = graph.pack()
    assert [operator.name for operator in open_model(after).main.operators] == instead
    for scale in (1, 9):  # beyond the flat parts of the curve, too
        sample = {"in": scale * np.random.default_rng(3).normal(size=(1, 9)).astype("float32")}
        outputs = [litert_run.open_model(one).predict(sample)["out"] for one in (data, after)]
        assert np.allclose(*outputs, atol=1e-5)
    assert rewrite(same) == {}


def answer(data, shape):
    runner = litert_run.open_model(data)
    sample = np.random.default_rng(3).normal(scale=4, size=shape).astype("float32")
    return runner.predict({"in": sample})["out"]


LEAKY = {"table": "LeakyReluOptions", "alpha": 0.3}
DEPTH = {"table": "DepthToSpaceOptions", "blockSize": 2}
FLAT = {"table": "ReducerOptions", "keepDims": False}
KEPT = {"table": "ReducerOptions", "keepDims": True}


@pytest.mark.parametrize(
    ("name", "shape", "given", "constant", "options", "instead"),
    [
        ("NEG", (1, 5), (1, 5), None, {}, ["MUL"]),
        ("SQUARE", (2, 3), (2, 3), None, {}, ["MUL"]),
        ("LEAKY_RELU", (1, 9), (1, 9), None, LEAKY, ["MUL", "MAXIMUM"]),
        ("PRELU", (1, 3, 3, 4), (1, 3, 3, 4), [[[0.1, 0.5, -0.2, 1.0]]], {}, ["MUL", "MAXIMUM"]),
        ("PRELU", (1, 4), (1, 4), [0.1, 0.5, 2.0, -1.0], {}, ["RELU", "SUB", "MUL", "ADD"]),
        ("DEPTH_TO_SPACE", (1, 3, 5, 12), (1, 6, 10, 3), None, DEPTH, ["RESHAPE", "TRANSPOSE", "RESHAPE"]),
        ("TILE", (1, 2, 1, 3), (1, 4, 3, 3), [1, 2, 3, 1], {}, ["CONCATENATION", "CONCATENATION"]),
        ("REDUCE_MAX", (1, 4, 5, 3), (1, 3), [1, 2], FLAT, ["MAX_POOL_2D", "RESHAPE"]),
        ("REDUCE_MAX", (1, 4, 5, 3), (1, 1, 1, 3), [2, -3], KEPT, ["MAX_POOL_2D", "RESHAPE"]),
        ("REDUCE_MAX", (1, 7, 3), (1, 3), [1], FLAT, ["RESHAPE", "MAX_POOL_2D", "RESHAPE"]),
        ("ABS", (1, 9), (1, 9), None, {}, ["MUL", "MAXIMUM"]),
        ("RELU6", (1, 99), (1, 99), None, {}, ["MUL"]),
        ("RELU_N1_TO_1", (1, 9), (1, 9), None, {}, ["MUL"]),
        ("RELU_0_TO_1", (1, 9), (1, 9), None, {}, ["MUL", "MUL"]),
        ("MINIMUM", (1, 9), (1, 9), [0.25], {}, ["MUL", "MAXIMUM", "MUL"]),
        ("MINIMUM", (1, 4), (2, 4), [[0.1, -0.5, 2.0, 0.0], [1.0] * 4], {}, ["MUL", "MAXIMUM", "MUL"]),
        ("REVERSE_V2", (1, 3, 4), (1, 3, 4), [-2], {}, ["GATHER"]),
        ("EXPAND_DIMS", (1, 9), (1, 1, 9), [-2], {}, ["RESHAPE"]),
    ],
)
def test_the_same_numbers_by_other_operators(name, shape, given, constant, options, instead):  # noqa: PLR0917  (a row)
    data = one_operator(name, shape, given, constant, **options)
    counts, changed = rewritten(data)
    assert counts == {name: 1}
    assert [operator.name for operator in open_model(changed).main.operators] == instead
    expected = answer(data, shape)
    assert np.ptp(expected) > 0.1
    assert np.allclose(answer(changed, shape), expected, atol=1e-6)


@pytest.mark.parametrize(("constant", "given"), [([0.1, -0.5, 2.0], (1, 1, 3)), ([0.25], ())])
def test_constants_of_one_scale_with_their_output_get_its_axes(constant, given):
    data = one_operator("MAXIMUM", (1, 2, 3), (1, 2, 3), constant)
    _, changed = rewritten(data)
    graph = Graph(changed)
    assert graph.shape(int(graph.main.operators[0].inputs[1])) == given
    assert np.array_equal(answer(changed, (1, 2, 3)), answer(data, (1, 2, 3)))


def test_rows_of_a_table():
    one, table = schema(), np.arange(12, dtype="float32").reshape(4, 3)
    tensors = [
        tensor((2,), INT32, name=b"in"),
        tensor(table.shape, FLOAT, buffer=1, name=b"table"),
        tensor((2, 3), FLOAT, name=b"out"),
    ]
    codes = [(one.BuiltinOperator.EMBEDDING_LOOKUP, 1, None)]
    operators = [(0, [0, 1], [2], 0, None)]
    data = pack(
        model(
            tensors=tensors, operators=operators, codes=codes, inputs=[0], outputs=[2], buffers=[b"", table.tobytes()]
        )
    )
    counts, changed = rewritten(data)
    assert counts == {"EMBEDDING_LOOKUP": 1}
    assert [operator.name for operator in open_model(changed).main.operators] == ["GATHER"]
    answers = [litert_run.open_model(each).predict({"in": np.array([2, 1])})["out"] for each in (data, changed)]
    assert np.array_equal(*answers)
    assert answers[0].tolist() == [[6, 7, 8], [3, 4, 5]]


@pytest.mark.parametrize(
    ("name", "shape", "given", "constant", "options"),
    [
        ("LEAKY_RELU", (1, 9), (1, 9), None, {"table": "LeakyReluOptions", "alpha": 1.5}),
        ("DEPTH_TO_SPACE", (2, 3, 5, 12), (2, 6, 10, 3), None, DEPTH),
        ("TILE", (1, 2), (1, 2), [1, 1], {}),
        ("REDUCE_MAX", (1, 4, 5, 3), (1, 4, 5), [3], FLAT),
        ("EXP", (1, 4), (1, 4), None, {}),
        ("REVERSE_V2", (1, 3, 4), (1, 3, 4), [1, 2], {}),
    ],
)
def test_what_is_left_alone(name, shape, given, constant, options):
    counts, changed = rewritten(one_operator(name, shape, given, constant, **options))
    assert counts == {}
    assert [operator.name for operator in open_model(changed).main.operators] == [name]


def in_parts(name, shape, part, *, constants=(), used=(0, 1, 2), first=True, options=None):
    """A model of one float operator with three outputs, of which some are used."""
    tensors, buffers = [tensor(shape, FLOAT, name=b"in")], [b""]
    for number, value in enumerate(constants, start=1):
        array = np.asarray(value, "int32")
        tensors.append(tensor(array.shape, INT32, buffer=number, name=f"c{number}".encode()))
        buffers.append(array.tobytes())
    taken = list(range(len(tensors)))
    outputs = list(range(len(tensors), len(tensors) + 3))
    tensors += [tensor(part[number % len(part)], FLOAT, name=f"out{number}".encode()) for number in range(3)]
    one = schema()
    kind = getattr(one.BuiltinOptions, type(options).__name__.removesuffix("T"))
    operators = [(0, taken if first else [*taken[1:], 0], outputs, kind, options)]
    number = getattr(one.BuiltinOperator, name)
    kept = [outputs[place] for place in used]
    return pack(
        model(
            tensors=tensors, operators=operators, codes=[(number, 1, None)], inputs=[0], outputs=kept, buffers=buffers
        )
    )


def split(kind, **fields):
    options = getattr(schema(), f"{kind}OptionsT")()
    for name, value in fields.items():
        setattr(options, name, value)
    return options


@pytest.mark.parametrize("used", [(0, 1, 2), (1,)])
@pytest.mark.parametrize(
    "made",
    [
        lambda used: in_parts(
            "SPLIT", (1, 6, 2), [(1, 2, 2)], constants=[-2], used=used, first=False, options=split("Split", numSplits=3)
        ),
        lambda used: in_parts(
            "SPLIT_V",
            (1, 6, 2),
            [(1, 1, 2), (1, 3, 2), (1, 2, 2)],
            constants=[[1, 3, 2], 1],
            used=used,
            options=split("SplitV", numSplits=3),
        ),
        lambda used: in_parts("UNPACK", (1, 3, 2), [(1, 2)], used=used, options=split("Unpack", num=3, axis=1)),
    ],
)
def test_parts_that_are_cut_off_one_by_one(made, used):
    data = made(used)
    _, changed = rewritten(data)
    names = [operator.name for operator in open_model(changed).main.operators]
    assert names.count("SLICE") == len(used), "a part that nothing takes has no numbers, which the quantizer can't bear"
    assert set(names) <= {"SLICE", "RESHAPE"}
    sample = {"in": np.random.default_rng(3).normal(size=litert_run.open_model(data).inputs["in"]["shape"])}
    expected, given = (litert_run.open_model(each).predict(sample) for each in (data, changed))
    assert list(expected) == list(given)
    assert all(np.array_equal(expected[name], given[name]) for name in expected)
