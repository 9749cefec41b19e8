import numpy as np
import pytest

from tflite_bytes import model, pack, schema, tensor

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

from envdoctor.stages.workers import litert_run
from envdoctor.stages.workers.finite_masks import make_finite
from envdoctor.stages.workers.samples import Samples
from envdoctor.stages.workers.tflite_graph import Graph

FLOAT = 0
SCORES = Samples({"scores": np.random.default_rng(5).normal(scale=2, size=(20, 4, 4)).astype("float32")})
NAMES = {"scores": "scores"}


def masked(mask, after="SOFTMAX", *, join="ADD"):
    """Scores, a mask that is put to them, and what becomes of it."""
    one = schema()
    names = (b"scores", b"mask", b"joined", b"out")
    tensors = [tensor((1, 4, 4), FLOAT, buffer=number == 1, name=name) for number, name in enumerate(names)]
    joining, behind = getattr(one, f"{join.title()}OptionsT")(), one.SoftmaxOptionsT()
    behind.beta = 1.0
    kinds = one.BuiltinOptions
    operators = [
        (0, [0, 1], [2], getattr(kinds, f"{join.title()}Options"), joining),
        (1, [2], [3], kinds.SoftmaxOptions, behind) if after == "SOFTMAX" else (1, [2], [3], 0, None),
    ]
    codes = [(getattr(one.BuiltinOperator, name), 1, None) for name in (join, after)]
    content = np.broadcast_to(np.asarray(mask, "float32"), (1, 4, 4)).tobytes()
    return pack(
        model(tensors=tensors, operators=operators, codes=codes, inputs=[0], outputs=[3], buffers=[b"", content])
    )


def causal(number):
    return np.triu(np.full((4, 4), number), 1)


@pytest.mark.parametrize(
    ("number", "join"), [(-np.inf, "ADD"), (-1e9, "ADD"), (-1e4, "ADD"), (np.finfo("float32").min, "ADD"), (1e9, "SUB")]
)
def test_a_mask_becomes_finite_and_masks_as_before(number, join):
    with np.errstate(invalid="ignore"):
        before = masked(np.where(np.triu(np.ones((4, 4)), 1), number, 0.0), join=join)
    after = make_finite(before, SCORES, NAMES)
    mask = Graph(after).constant(1) * (1 if join == "ADD" else -1)
    reach = float(np.ptp(SCORES.inputs["scores"]))
    assert np.isfinite(mask).all()
    assert -2 * reach - 13 < mask.min() < -12
    for sample in SCORES.one_by_one():
        expected, given = (litert_run.open_model(each).predict(sample)["out"] for each in (before, after))
        assert np.allclose(given, expected, atol=1e-5)


@pytest.mark.parametrize(
    "data",
    [
        masked(causal(-50.0)),
        masked(causal(-1e9), "TANH"),
        masked(np.ones((4, 4))),
        masked(causal(1e9)),
        masked(causal(-1e9), join="SUB"),
    ],
    ids=["finite already", "no scores", "no mask", "one that raises them", "one that raises them by its sign"],
)
def test_what_is_no_mask_stays(data):
    assert make_finite(data, SCORES, NAMES) is None


def test_the_lowest_number_follows_the_scores():
    wide = Samples({"scores": 10 * SCORES.inputs["scores"]})
    lowest = [Graph(make_finite(masked(causal(-1e9)), each, NAMES)).constant(1).min() for each in (SCORES, wide)]
    assert lowest[1] < 3 * lowest[0]
