import numpy as np

from envdoctor.stages.workers.asked import asked_inputs, read_asked


def request(**samples):
    return {"inputs": [["x", [None, None, 2], "float32"], ["n", [3], "int32"], ["any", None, "float32"]], **samples}


def test_inputs_are_read_back_from_the_request():
    assert [(spec.name, spec.shape) for spec in asked_inputs(request())] == [
        ("x", (None, None, 2)),
        ("n", (3,)),
        ("any", None),
    ]


def test_samples_fix_the_sizes_that_the_model_leaves_open(tmp_path):
    np.savez(tmp_path / "given.npz", x=np.zeros((4, 7, 2), "float32"))
    asked = read_asked({"inputs": request()["inputs"][:1], "calibration": str(tmp_path / "given.npz")}, 3)
    assert [spec.shape for spec in asked.fixed] == [(1, 7, 2)]
    assert asked.sizes == ["(1, 7, 2) for 'x' (float32, (N, any, 2))"]
    assert asked.samples is asked.given
    assert asked.given.summary == {"samples": 3, "random": False, "matched": ""}


def test_without_samples_a_model_is_run_with_made_up_ones():
    asked = read_asked({"inputs": request()["inputs"][1:2]}, 3)
    assert (asked.given, asked.labelled, asked.sizes) == (None, None, [])
    assert asked.samples.random
    assert [spec.shape for spec in asked.fixed] == [(3,)], "a batch that the model has is kept"
