import numpy as np
import pytest

from mend_models import FLOAT, Maker
from tflite_bytes import schema

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

from envdoctor.stages.workers import litert_run
from envdoctor.stages.workers.finite_masks import make_finite
from envdoctor.stages.workers.samples import Samples
from envdoctor.stages.workers.tflite_graph import Graph
from envdoctor.stages.workers.tflite_prepare import prepare

SCORES = Samples({"scores": np.random.default_rng(5).normal(scale=2, size=(20, 4, 4)).astype("float32")})
NAMES = {"scores": "scores"}


def masked(mask, after="SOFTMAX", *, join="ADD", axis=2):
    """Scores, a mask that is put to them, and what becomes of it."""
    maker, one = Maker(), schema()
    scores, joined = (maker.tensor((1, 4, 4), FLOAT, name=name) for name in ("scores", "joined"))
    put = maker.constant(np.broadcast_to(np.asarray(mask, "float32"), (1, 4, 4)))
    axes = [maker.constant(np.array([axis], "int32"))] if after == "REDUCE_MAX" else []
    out = maker.tensor((1, 4) if axes else (1, 4, 4), FLOAT, name="out")
    behind = {"SOFTMAX": one.SoftmaxOptionsT, "REDUCE_MAX": one.ReducerOptionsT}.get(after, lambda: None)()
    if after == "SOFTMAX":
        behind.beta = 1.0
    maker.operator(join, [scores, put], [joined], getattr(one, f"{join.title()}OptionsT")())
    maker.operator(after, [joined, *axes], [out], behind)
    return maker.done([scores], [out], signature=False)


def causal(number):
    return np.triu(np.full((4, 4), number), 1)


@pytest.mark.parametrize(
    ("number", "join"), [(-np.inf, "ADD"), (-1e9, "ADD"), (-1e4, "ADD"), (np.finfo("float32").min, "ADD"), (1e9, "SUB")]
)
@pytest.mark.parametrize("after", ["SOFTMAX", "REDUCE_MAX"])
def test_a_mask_becomes_finite_and_masks_as_before(number, join, after):
    with np.errstate(invalid="ignore"):
        before = masked(np.where(np.triu(np.ones((4, 4)), 1), number, 0.0), after, join=join)
    made = make_finite(before, SCORES, NAMES)
    mask = Graph(made).constant(2) * (1 if join == "ADD" else -1)
    reach = float(np.ptp(SCORES.inputs["scores"]))
    assert np.isfinite(mask).all()
    assert -2 * reach - 13 < mask.min() < -12
    for sample in SCORES.one_by_one():
        expected, given = (litert_run.open_model(each).predict(sample)["out"] for each in (before, made))
        assert np.allclose(given, expected, atol=1e-5)


def test_a_maximum_that_is_written_as_a_pool_for_the_quantizer_is_one_still():
    prepared = prepare(masked(causal(-1e9), "REDUCE_MAX", axis=1), {"scores": (1, 4, 4)}, bits=8)
    graph = Graph(make_finite(prepared.data, SCORES, NAMES))
    assert "MAX_POOL_2D" in {graph.operator_name(operator) for operator in graph.main.operators}


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
    lowest = [Graph(make_finite(masked(causal(-1e9)), each, NAMES)).constant(2).min() for each in (SCORES, wide)]
    assert lowest[1] < 3 * lowest[0]
