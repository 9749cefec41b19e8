"""Recipes of the LiteRT quantizer (ai-edge-quantizer's JSON), read and checked before anything is started.

The form is that of litert_quantizer.recipe_manager and litert_quantizer.qtyping (0.11.0): a list of entries with
`regex`, `operation`, `algorithm_key` and `op_config`; later entries win. What only the quantizer knows (the names of
operators and algorithms, what of the model a regular expression matches) its worker checks.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import UsageProblem
from envdoctor.support.files import read_regular

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_LARGEST = 1 << 20
_LONGEST_REGEX = 1000
_ENTRY: Mapping[str, type] = {"regex": str, "operation": str, "algorithm_key": str, "op_config": dict}
_CONFIG: Mapping[str, type] = {
    "activation_tensor_config": dict, "weight_tensor_config": dict, "compute_precision": str,
    "explicit_dequantize": bool, "skip_checks": bool, "min_weight_elements": int,
}  # fmt: skip
_TENSOR: Mapping[str, type] = {
    "num_bits": int, "symmetric": bool, "granularity": str, "dtype": str, "algorithm_params": dict, "block_size": int,
}  # fmt: skip
_WORDS = {
    "compute_precision": ("INTEGER", "FLOAT"),
    "granularity": (
        *("TENSORWISE", "CHANNELWISE"),
        *("BLOCKWISE_32", "BLOCKWISE_64", "BLOCKWISE_128", "BLOCKWISE_256"),
    ),
    "dtype": ("INT", "UINT", "FLOAT"),
}
_BITS = (2, 4, 8, 16, 32)
_NO_QUANTIZE = "no_quantize"
_NAMES = {str: "a text", dict: "an object", bool: "true or false", int: "a whole number"}


def read_recipe(path: Path) -> list[dict[str, Any]]:
    """Read a recipe.

    Raises:
        UsageProblem: it can't be read, is no JSON, or no recipe; one sentence says where and what is meant.
    """
    try:
        entries = json.loads(read_regular(path, _LARGEST))
    except OSError as error:
        raise UsageProblem(f"--recipe {path}: {error.strerror or error}.") from None
    except (ValueError, RecursionError) as error:
        raise UsageProblem(f"--recipe {path} is no JSON: {error}.") from None
    if not isinstance(entries, list) or not entries:
        raise _wrong(path, "it is no list of entries with regex, operation, algorithm_key and op_config")
    for number, entry in enumerate(entries, start=1):
        complaint = _judge(entry)
        if complaint:
            raise _wrong(path, f"entry {number}: {complaint}")
    return entries


def needs_calibration(entries: Sequence[Mapping[str, Any]]) -> bool:
    """True if a recipe quantizes activations, as litert_quantizer.recipe_manager.RecipeManager tells it."""
    configs = [entry.get("op_config", {}) for entry in entries if entry["algorithm_key"] != _NO_QUANTIZE]
    static = any("activation_tensor_config" in one and one.get("compute_precision") == "INTEGER" for one in configs)
    return static or any(entry["algorithm_key"] == "GPTQ" for entry in entries)


def _wrong(path: Path, words: str) -> UsageProblem:
    return UsageProblem(f"--recipe {path} is no recipe of the LiteRT quantizer: {words}.")


def _judge(entry: object) -> str:
    """What is wrong with an entry; empty if nothing is."""
    if not isinstance(entry, dict):
        return "it is no object"
    complaint = _judge_fields(entry, _ENTRY)
    missing = [name for name in _ENTRY if name not in entry and name != "op_config"]
    if complaint or missing:
        return complaint or f"it has no {missing[0]}"
    if len(entry["regex"]) > _LONGEST_REGEX:
        return f"its regex is longer than {_LONGEST_REGEX} characters"
    try:
        re.compile(entry["regex"])
    except (re.error, RecursionError, OverflowError) as error:
        return f"its regex {entry['regex']!r} is not valid: {error}"
    if entry["algorithm_key"] == _NO_QUANTIZE:
        return ""
    return _judge_config(entry.get("op_config"))


def _judge_config(config: Mapping[str, Any] | None) -> str:
    if not config or "weight_tensor_config" not in config:
        return "its op_config has no weight_tensor_config"
    complaint = _judge_fields(config, _CONFIG)
    for name in ("activation_tensor_config", "weight_tensor_config"):
        if complaint or name not in config:
            continue
        tensor = config[name]
        complaint = _judge_fields(tensor, _TENSOR)
        if not complaint and tensor.get("num_bits") not in _BITS:
            complaint = f"num_bits of {name} is {tensor.get('num_bits')}, and not one of {', '.join(map(str, _BITS))}"
    return complaint


def _judge_fields(values: Mapping[str, Any], known: Mapping[str, type]) -> str:
    for name, value in values.items():
        if name not in known:
            return f"{name} is no field of it; those are {', '.join(known)}"
        if not isinstance(value, known[name]) or (known[name] is int and isinstance(value, bool)):
            return f"{name} is {json.dumps(value)[:40]}, and not {_NAMES[known[name]]}"
        if name in _WORDS and value not in _WORDS[name]:
            return f"{name} is {value!r}, and not one of {', '.join(_WORDS[name])}"
    return ""
