"""Task: run a .tflite file once on zeros, in the LiteRT interpreter.

Request: `model`, `delegates` (a list of truth values: run it without the default delegates, with them, or both). The
result names for each (`plain`, `delegated`) why it does not run; an empty text if it does. Kernels without a delegate
are as strict as those of older interpreters: the delegates take some operators that those refuse.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import litert_run

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What kernels of whole numbers and of quantized ones say of zeros alone: nothing of the model.
_OF_ZEROS = ("ivision by 0", "!= zero_point was not true")
_LONGEST = 400


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    data = Path(request["model"]).read_bytes()
    return {("delegated" if each else "plain"): refusal(data, delegates=each) for each in request["delegates"]}


def refusal(data: bytes, *, delegates: bool) -> str:
    """Why the interpreter does not run a model; empty if it does, or if that can't be told with made-up inputs."""
    import numpy as np

    try:
        interpreter = litert_run.make_interpreter(data, delegates=delegates)
        for detail in interpreter.get_input_details():
            if -1 in detail["shape_signature"][1:] or detail["dtype"] in {str, bytes, np.object_, np.bytes_}:
                return ""
            interpreter.set_tensor(detail["index"], np.zeros(detail["shape"], dtype=detail["dtype"]))
        interpreter.invoke()
    except (RuntimeError, ValueError) as error:
        words = " ".join(str(error).split())[:_LONGEST]
        return "" if any(each in words for each in _OF_ZEROS) else words or type(error).__name__
    return ""
