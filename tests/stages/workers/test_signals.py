import numpy as np
import pytest

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert has no wheel here")

from envdoctor.stages.workers import litert_run
from envdoctor.stages.workers.samples import Samples
from envdoctor.stages.workers.signals import Carried, chosen_outputs, find_swallowed, measure, scale_of, widen
from envdoctor.stages.workers.tflite_graph import Graph
from int8_models import joined, masked, widened
from tflite_bytes import model, pack, schema, tensor

pytestmark = pytest.mark.filterwarnings("ignore:Warning. Enabling `experimental_preserve_all_tensors`")

SCORES = np.random.default_rng(3).uniform(-4, 4, (12, 1, 8)).astype("float32")


def samples(values=SCORES, name="scores"):
    return Samples({name: values.reshape(len(values), 8)})


def test_a_mask_that_swallows_the_scores():
    found = find_swallowed(measure(masked(1e9), samples()))
    assert (found["tensor"], found["op"], found["result"]) == ("scores", "ADD", "masked")
    assert found["range"] == found["signal"] == pytest.approx(8, rel=0.1)
    assert found["step"] == pytest.approx(1e9 / 255)
    assert found["constant"] == pytest.approx(-1e9, rel=0.01)
    assert found["largest"] == pytest.approx(1e9, rel=0.01)


def test_a_mask_that_is_lost_already_in_what_makes_it_is_named_by_its_constant():
    """A mask of 0 and 1 that was stored in steps of -1e9: all that is computed of it is 0."""
    carried = measure(masked(1e9), samples())
    ranges = {index: (low if low > -100 else 0.0, high) for index, (low, high) in carried.ranges.items()}
    found = find_swallowed(Carried(carried.graph, ranges, carried.channels))
    assert found["constant"] == pytest.approx(-1e9, rel=0.01)
    assert found["largest"] > found["step"]


def test_a_mask_that_leaves_them():
    assert find_swallowed(measure(masked(12.0), samples())) is None


def test_what_does_not_move_is_not_swallowed():
    assert find_swallowed(measure(masked(1e9), samples(np.full_like(SCORES, 2.0)))) is None


def both(wide):
    boxes = np.random.default_rng(4).uniform(-wide, wide, (12, 8)).astype("float32")
    return Samples({"scores": SCORES.reshape(12, 8), "boxes": boxes})


def test_probabilities_that_are_joined_with_pixels():
    carried = measure(joined(2.5), both(300))
    found = find_swallowed(carried)
    assert (found["tensor"], found["op"], found["widest"]) == ("probabilities", "QUANTIZE", "boxes")
    assert found["constant"] is None
    scale = scale_of(carried, 4)
    assert (scale.step, scale.joined, scale.bounded) == (2.5, True, False)
    assert scale.bounded_range == pytest.approx(0.96, abs=0.05)


def test_probabilities_that_are_joined_with_shares():
    carried = measure(joined(1 / 127), both(1))
    assert find_swallowed(carried) is None
    assert scale_of(carried, 4).bounded_range > 2 / 127


def test_probabilities_alone_are_bounded():
    carried = measure(joined(2.5), both(300))
    scale = scale_of(carried, 2)
    assert (scale.bounded, scale.joined, scale.step) == (True, False, 1 / 256)


def test_the_floats_are_those_of_the_int8_model():
    data = joined(1 / 127)
    runner = litert_run.open_model(data)
    given = np.concatenate([runner.predict(sample)["out"] for sample in both(1).one_by_one()])
    low, high = measure(data, both(1)).ranges[4]
    assert given.min() == pytest.approx(low, abs=0.02)
    assert given.max() == pytest.approx(high, abs=0.02)


SMALL = SCORES / 4  # -1 to 1, which times 1 is less than the step of 5


def test_channels_that_are_drowned_by_others_of_their_tensor():
    found = find_swallowed(measure(widened(1, last=False), samples(SMALL)))
    assert (found["tensor"], found["result"], found["op"]) == ("the widest of 4 of 8 channels", "wide", "MUL")
    assert found["step"] == pytest.approx(5.08)
    assert found["range"] == found["signal"] == pytest.approx(2, abs=0.2)
    assert found["largest"] == pytest.approx(114, abs=1)
    assert (found["widest"], found["constant"]) == ("another channel", None)


def test_channels_that_are_wide_enough_still_or_told_elsewhere():
    assert find_swallowed(measure(widened(10, last=False), samples(SMALL))) is None
    assert find_swallowed(measure(widened(0, last=False), samples(SMALL))) is None
    assert find_swallowed(measure(widened(1, last=True), samples(SMALL))) is None  # of an output: channels-lost


def test_few_channels_may_be_nearly_dead():
    carried = measure(widened(1, last=False), samples(SMALL))
    channels = {**carried.channels, 2: np.repeat([[-100.0], [100.0]], 8, axis=1)}
    channels[2][:, 7] = -1, 1
    assert find_swallowed(Carried(carried.graph, carried.ranges, channels)) is None


def test_tensors_without_channels():
    """Where each sample has another number of columns, as what is chosen has; and where there are no numbers."""
    chosen = widen(widen(None, np.float32([[1, 5, 2]])), np.float32([[3, -2]]))
    assert chosen.tolist() == [[-2], [5]]
    assert widen(None, np.float32(4)).tolist() == [[4], [4]]
    assert widen(widen(None, np.zeros((1, 0))), np.float32([[1, 2]])).tolist() == [[1], [2]]
    assert widen(widen(None, np.float32([[1, 2]])), np.float32([[0, 3]])).tolist() == [[0, 2], [1, 3]]


def test_a_step_that_no_channel_asks_for_is_not_one_of_channels():
    """Other samples, or none, made it: more of them may help."""
    assert find_swallowed(measure(widened(1, last=False), samples(SMALL / 2))) is None


def test_what_is_gathered_at_places_that_were_reckoned_from_the_best_is_chosen():
    numbers, floats = schema().TensorType.INT32, schema().TensorType.FLOAT32
    shapes = {"scores": (1, 9), "k": (), "best": (1, 3), "places": (1, 3), "one": (1,), "rows": (1, 3), "boxes": (9, 4)}
    kinds = {"scores": floats, "best": floats, "boxes": floats}
    tensors = [
        tensor(shape, kinds.get(name, numbers), buffer=1 + place if name in {"k", "one"} else 0, name=name.encode())
        for place, (name, shape) in enumerate(shapes.items())
    ]
    tensors += [tensor((1, 3, 4), floats, name=b"chosen"), tensor((9, 4), floats, name=b"all")]
    names = ("TOPK_V2", "ADD", "GATHER", "NEG")
    made = model(
        tensors=tensors,
        operators=[
            (0, [0, 1], [2, 3], 0, None),
            (1, [3, 4], [5], 0, None),
            (2, [6, 5], [7], 0, None),
            (3, [6], [8], 0, None),
        ],
        codes=[(getattr(schema().BuiltinOperator, name), 1, None) for name in names],
        inputs=[0, 6],
        outputs=[2, 7, 8],
        buffers=[b"", b"", np.int32(3).tobytes(), b"", b"", np.int32(1).tobytes()],
    )
    assert chosen_outputs(Graph(pack(made))) == {2, 7}
