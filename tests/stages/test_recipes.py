"""Recipes of the LiteRT quantizer: what is taken, and one sentence about each thing that is not."""

import copy
import json

import pytest

from envdoctor.core.errors import UsageProblem
from envdoctor.stages.recipes import needs_calibration, read_recipe

WEIGHTS = {"num_bits": 8, "symmetric": True, "granularity": "CHANNELWISE", "dtype": "INT"}
DYNAMIC = {
    "regex": ".*",
    "operation": "*",
    "algorithm_key": "min_max_uniform_quantize",
    "op_config": {"weight_tensor_config": WEIGHTS, "compute_precision": "INTEGER", "explicit_dequantize": False},
}
LEAVE = {"regex": "logits", "operation": "FULLY_CONNECTED", "algorithm_key": "no_quantize"}


def static():
    entry = copy.deepcopy(DYNAMIC)
    entry["op_config"]["activation_tensor_config"] = {**WEIGHTS, "symmetric": False, "granularity": "TENSORWISE"}
    return entry


def with_config(**changes):
    return {**DYNAMIC, "op_config": {**DYNAMIC["op_config"], **changes}}


def with_weights(**changes):
    return with_config(weight_tensor_config={**WEIGHTS, **changes})


def write(path, entries):
    path.write_text(json.dumps(entries))
    return path


def test_a_recipe_is_read(tmp_path):
    entries = [DYNAMIC, LEAVE, static(), with_weights(num_bits=4, granularity="BLOCKWISE_32")]
    assert read_recipe(write(tmp_path / "r.json", entries)) == entries


@pytest.mark.parametrize(
    ("entries", "needed"),
    [([DYNAMIC, LEAVE], False), ([DYNAMIC, static()], True), ([{**LEAVE, "op_config": static()["op_config"]}], False)],
)
def test_only_activations_need_samples(entries, needed):
    assert needs_calibration(entries) is needed


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({}, "it is no list of entries"),
        ([], "it is no list of entries"),
        (["x"], "entry 1: it is no object"),
        ([DYNAMIC, {**DYNAMIC, "regex": "("}], "entry 2: its regex '('"),
        ([{**DYNAMIC, "regex": 3}], "regex is 3, and not a text"),
        ([{**DYNAMIC, "regex": "a" * 2000}], "longer than 1000 characters"),
        ([{key: DYNAMIC[key] for key in ("regex", "algorithm_key")}], "it has no operation"),
        ([{**DYNAMIC, "operations": "*"}], "operations is no field of it"),
        ([{**DYNAMIC, "op_config": {}}], "no weight_tensor_config"),
        ([with_config(weight_tensor_config=8)], "weight_tensor_config is 8, and not an object"),
        ([with_config(explicit_dequantize="no")], 'explicit_dequantize is "no", and not true or false'),
        ([with_config(compute_precision="INT8")], "compute_precision is 'INT8', and not one of INTEGER, FLOAT"),
        ([with_weights(num_bits="8")], 'num_bits is "8", and not a whole number'),
        ([with_weights(num_bits=True)], "num_bits is true, and not a whole number"),
        ([with_weights(num_bits=7)], "num_bits of weight_tensor_config is 7"),
        ([with_weights(granularity="ROWS")], "granularity is 'ROWS'"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path, entries, words):
    with pytest.raises(UsageProblem) as caught:
        read_recipe(write(tmp_path / "r.json", entries))
    assert words in str(caught.value)
    assert "r.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_refused(tmp_path, content):
    (tmp_path / "r.json").write_bytes(content)
    with pytest.raises(UsageProblem, match=r"r\.json is no JSON"):
        read_recipe(tmp_path / "r.json")


def test_a_recipe_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageProblem, match="No such file"):
        read_recipe(tmp_path / "r.json")
