"""What gates measured, in words."""

from __future__ import annotations

import pytest

from envdoctor_reports._measured import title, worded

FINE = {
    "name": "logits",
    "finite": True,
    "difference": 0.0432,
    "cosine": 0.999964,
    "agreement": 1.0,
    "still": False,
    "constant": False,
}


def compared(**changes):
    values = {"by": "TensorFlow 2.21.0", "samples": 100, "random": False, "outputs": [{**FINE, **changes}]}
    return worded({"comparison": values})["comparison"]


def test_a_comparison_is_a_sentence_an_output():
    assert compared() == {
        "float model run by": "TensorFlow 2.21.0",
        "samples": 100,
        "output logits": "largest difference 4.3% of its range, cosine 0.99996, "
        "same largest value in 100.0% of the samples",
    }


def test_a_compiled_file_is_compared_with_the_model_that_it_was_made_of_which_need_be_no_float_one():
    shown = worded({"comparison": {"by": "LiteRT 2.3.0", "ran": "IREE's runtime", "outputs": [FINE]}})
    assert title(next(iter(shown))) == "comparison of the compiled file with the model"
    assert shown["compiled"]["model run by"] == "LiteRT 2.3.0"
    assert "float" not in " ".join(shown["compiled"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"finite": False, "difference": None, "cosine": None}, "holds NaN or infinity, same largest value"),
        ({"constant": True}, "the quantized model always gives the same"),
        ({"still": True}, "the float model hardly reacts to the samples"),
    ],
)
def test_what_is_odd_is_said(changes, words):
    assert words in compared(**changes)["output logits"]


def test_made_up_samples_are_never_hidden():
    assert worded({"random": True, "samples": 9}) == {"random": True, "samples": 9}
    assert worded({"random": False, "prepared": [], "moved_inside": 0, "samples": 0}) == {"samples": 0}


def test_accuracy_is_in_percent():
    found = worded({"accuracy": {"float": 0.96, "int8": 0.5, "output": "logits", "samples": 300}})["accuracy"]
    assert found == {"float model": "96.0%", "quantized model": "50.0%", "output": "logits", "samples": 300}


def test_the_table_of_a_compiler_has_a_line_an_operator():
    rows = [
        {"operator": "CONV_2D", "count": 3, "status": "Mapped to Edge TPU"},
        {"operator": "MEAN", "count": 1, "status": "Operation not supported"},
    ]
    assert worded({"log_rows": rows}) == {
        "compiler's table": "3 CONV_2D: Mapped to Edge TPU\n1 MEAN: Operation not supported"
    }


@pytest.mark.parametrize(
    ("on_cpu", "share", "rows"),
    [
        ({}, 1.0, ("7 of 7 (100.0%)", "none")),
        ({"MEAN": 2, "PAD": 1}, 0.5714, ("4 of 7 (57.1%)", "2 MEAN, 1 PAD")),
        ({"MEAN": 7}, 0.0, ("0 of 7 (0.0%)", "7 MEAN")),
    ],
)
def test_operators_are_counted_for_both_sides(on_cpu, share, rows):
    mapping = {"accelerator_packages": 1, "operators": 7, "operators_on_cpu": on_cpu, "mapped_share": share}
    assert worded({"npu_cycles": 5, **mapping}) == {
        "npu_cycles": 5,
        "operators on NPU": rows[0],
        "operators on CPU": rows[1],
    }
    assert list(worded(mapping)) == ["operators on accelerator", "operators on CPU"]


def test_alike_reasons_are_a_line():
    mean, pad = ({"operator": name, "reason": "Unsupported type"} for name in ("MEAN", "PAD"))
    assert worded({"reasons": [mean, pad, mean, {**pad, "reason": "5D"}]}) == {
        "reasons": "2 MEAN, 1 PAD: Unsupported type\n1 PAD: 5D"
    }
