"""What a user says that a model takes: `--inputs 1x3x224x224`, several with commas, `name=SIZES:type` in full."""

from __future__ import annotations

import re

from envdoctor.core.errors import UsageProblem
from envdoctor.stages.workers.arrays import InputSpec

HOW = "--inputs 1x3x224x224 (several with commas; in full name=1x3x224x224:float32)"
_INPUT = re.compile(r"(?:(?P<name>[^\W\d]\w*)=)?(?P<sizes>\d+(?:x\d+)*)(?::(?P<type>\w+))?", re.ASCII)
_TYPES = ("float32", "float16", "int64", "int32", "int8", "uint8", "bool")
_MOST, _LARGEST = 32, 1 << 31


def parse_inputs(text: str) -> tuple[InputSpec, ...]:
    """The inputs that `--inputs` describes; unnamed ones are called `input_0` and so on by position.

    Raises:
        UsageProblem: it can't be read, or a batch is not 1.
    """
    parts = [part.strip() for part in text.split(",")]
    inputs = tuple(_parse(part, number) for number, part in enumerate(parts))
    if len({spec.name for spec in inputs}) < len(inputs) or len(inputs) > _MOST:
        raise UsageProblem(f"--inputs {text}: two inputs have the same name, or there are more than {_MOST}.")
    return inputs


def _parse(part: str, number: int) -> InputSpec:
    match = _INPUT.fullmatch(part)
    if match is None:
        raise UsageProblem(f"--inputs: '{part}' says no shape; write {HOW}.")
    dtype = match["type"] or "float32"
    if dtype not in _TYPES:
        raise UsageProblem(f"--inputs: '{dtype}' is no element type of an input; they are {', '.join(_TYPES)}.")
    shape = tuple(int(size) for size in match["sizes"].split("x"))
    if shape[0] != 1:
        batched = "x".join(["1", *(str(size) for size in shape if size != 1)])
        raise UsageProblem(
            f"--inputs: '{part}' has a batch of {shape[0]}; the first size is the batch, write 1 for it. "
            "If it is no batch (a sequence that comes first, the nodes of a graph), let the function return a module "
            f"that takes {batched} and calls the model with x.transpose(0, 1) or x[0]."
        )
    if not all(0 < size < _LARGEST for size in shape):
        raise UsageProblem(f"--inputs: '{part}' has a size that no input can have.")
    return InputSpec(match["name"] or f"input_{number}", shape, dtype)
