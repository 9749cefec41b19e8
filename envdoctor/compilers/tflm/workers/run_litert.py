"""Task: run what TensorFlow Lite Micro was given through LiteRT's kernels, and compare the outputs.

The reference kernels are asked, and where they differ the optimized ones too: the two are not always the same (SUM of
int8 over many values), and what agrees with one of them is no fault of TensorFlow Lite Micro. Some operators have no
reference kernel at all (ELU, DEPTH_TO_SPACE of version 2): then the optimized ones alone are asked.

Request: `model`, `samples` (the .npz file that `run_micro` wrote). The result is `refused`, LiteRT's words, empty if it
ran; else `outputs`, for each its `name`, `values`, how many, `different`, how many of them differ at all, and the
largest difference: in `steps` of its scale, None for one without, and as a `share` of its range in LiteRT, None if it
is not finite; `kernels`, which of LiteRT's are meant, those that are nearest.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 2000
#: What is no constant moves by more than this share of its largest value.
_NARROWEST = 1e-6


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    import numpy as np
    from ai_edge_litert import interpreter as litert

    with np.load(request["samples"]) as stored:
        values = {name: stored[name] for name in stored.files}
    data, kinds = Path(request["model"]).read_bytes(), litert.OpResolverType
    refused, outputs = "", list[dict[str, Any]]()
    for kernels, resolver in (
        ("reference", kinds.BUILTIN_REF),
        ("optimized", kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES),
    ):
        try:
            found = _outputs(data, resolver, values, kernels)
        except (RuntimeError, ValueError) as error:
            refused = " ".join(str(error).split())[:_LONGEST] or type(error).__name__
            continue
        outputs = [min(pair, key=_apart) for pair in zip(outputs or found, found, strict=True)]
        if not any(one["different"] for one in outputs):
            break
    return {"refused": "" if outputs else refused, "outputs": outputs}


def _outputs(data: bytes, resolver: Any, values: Mapping[str, Any], kernels: str) -> list[dict[str, Any]]:  # noqa: ANN401
    """How far the outputs are from what LiteRT gives with some kernels."""
    import numpy as np
    from ai_edge_litert import interpreter as litert

    made = litert.Interpreter(model_content=data, experimental_op_resolver_type=resolver)
    made.allocate_tensors()
    answers = _answers(made, values)
    return [
        {
            **_compare(detail, np.stack([answer[number] for answer in answers]), values[f"out_{number}"]),
            "kernels": kernels,
        }
        for number, detail in enumerate(made.get_output_details())
    ]


def _apart(one: Mapping[str, Any]) -> tuple[float, int]:
    """How far an output is from LiteRT's."""
    far = one["share"] if one["steps"] is None else one["steps"]
    return (float("inf") if far is None else far, one["different"])


def _answers(made: Any, values: Mapping[str, Any]) -> list[list[Any]]:  # noqa: ANN401  (no types in ai-edge-litert)
    """The outputs of each run."""
    import numpy as np

    given = []
    inputs = made.get_input_details()
    runs = len(next(iter(values.values())))
    for run_number in range(runs):
        for number, detail in enumerate(inputs):
            made.set_tensor(detail["index"], values[f"in_{number}"][run_number])
        made.invoke()
        given.append([np.copy(made.get_tensor(detail["index"])) for detail in made.get_output_details()])
    return given


def _compare(detail: Mapping[str, Any], expected: Any, given: Any) -> Mapping[str, object]:  # noqa: ANN401  (arrays)
    import numpy as np

    left, right = expected.astype("float64").ravel(), given.astype("float64").ravel()
    if left.shape != right.shape:
        raise ValueError(f"{detail['name']} has {left.size} values in LiteRT and {right.size} in TensorFlow Lite Micro")
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    difference = float(np.abs(left - right)[~same].max(initial=0.0))
    span = max(float(np.ptp(left)), float(np.abs(left).max()) * _NARROWEST) if left.size else 0.0
    share = 0.0 if not difference else difference / span if span else None
    quantized = bool(detail["quantization"][0])
    return {
        "name": detail["name"],
        "values": int(left.size),
        "different": int((~same).sum()),
        "steps": difference if quantized else None,
        "share": share if share is not None and np.isfinite(share) else None,
    }
