"""Task: run a .tflite file in TensorFlow Lite Micro's interpreter, and measure its arena.

Request: `model`, `said` (a file for what the interpreter prints), `samples` (an .npz file for what went in and came
out, for `run_litert`). The result is `refused`, the interpreter's words, empty if it ran; and then the bytes of the
arena: `used`, `head` and `tail` as the interpreter's recording allocator prints them, `smallest` of the arenas that the
model can be set up and run in, and `allocations`, the allocator's own lines.
"""

from __future__ import annotations

import importlib
import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: What the allocator prints where an arena is too small.
_TOO_SMALL = re.compile(r"Failed to (?:allocate|resize)|Unable to allocate|Too many buffers|missing: \d+")
_PRINTED = re.compile(r"Arena allocation (?P<part>total|head|tail) (?P<bytes>\d+) bytes")
_PREFIX = "[RecordingMicroAllocator] "
#: Arenas that are tried until the model fits; the planner counts in 32 bits.
_ARENAS = (1 << 18, 1 << 22, 1 << 26, 1 << 29)
_ALIGNMENT = 16
#: What is said of a process that the interpreter ended.
_ENDED = "ended it while the model was set up"
_RUNS = 2
_LONGEST = 2000


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    import numpy as np

    data, said = Path(request["model"]).read_bytes(), Path(request["said"])
    interpreter, size, words = _open(data, said)
    if interpreter is None:
        return {"refused": words}
    with _captured(said) as printed:
        inputs = [_made_up(detail, number) for number, detail in enumerate(_details(interpreter.get_input_details))]
    with _captured(said) as printed:
        outputs = _run(interpreter, inputs)
    if outputs is None:
        return {"refused": _words(printed)}
    stored = {f"in_{number}": values for number, values in enumerate(inputs)}
    stored |= {f"out_{number}": values for number, values in enumerate(outputs)}
    np.savez(request["samples"], **stored)
    with _captured(said) as printed:
        interpreter.print_allocations()
    parts = {match["part"]: int(match["bytes"]) for match in _PRINTED.finditer(printed[0])}
    del interpreter
    return {
        "refused": "",
        "used": parts["total"],
        "head": parts["head"],
        "tail": parts["tail"],
        "smallest": _smallest(data, said, parts["total"], size),
        "allocations": [line.removeprefix(_PREFIX) for line in printed[0].splitlines() if line.startswith(_PREFIX)],
    }


def _open(data: bytes, said: Path) -> tuple[Any, int, str]:
    """The model, ready to run, with the arena that it got; or None, and the interpreter's words."""
    words = ""
    for size in _ARENAS:
        works, words = _try(data, said, size)
        if works:
            return _made(data, size), size, words
        if not _TOO_SMALL.search(words) and not words.endswith(_ENDED):
            break
    return None, 0, words


def _made(data: bytes, size: int) -> Any:  # noqa: ANN401  (no types in tflite-micro)
    return importlib.import_module("tflite_micro").runtime.Interpreter.from_bytes(data, arena_size=size)


def _try(data: bytes, said: Path, size: int) -> tuple[bool, str]:
    """Whether the model can be set up in an arena, and what is printed; asked in a process of its own.

    In an arena that is too small the interpreter may write where nothing is, and end the process.
    """
    with _captured(said) as printed:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                _made(data, size)
                status = 0
            except (RuntimeError, ValueError) as error:
                os.write(2, f" {error}".encode())
            finally:
                os._exit(status)
        _, ended = os.waitpid(child, 0)
    if os.WIFSIGNALED(ended):
        printed.append(f"signal {os.WTERMSIG(ended)} {_ENDED}")
    return ended == 0, _words(printed)


def _smallest(data: bytes, said: Path, used: int, size: int) -> int:
    """The smallest arena in which the model can be set up: never below what it uses in the end."""
    low, high = used // _ALIGNMENT - 1, size // _ALIGNMENT
    while high - low > 1:
        middle = (low + high) // 2
        if _try(data, said, middle * _ALIGNMENT)[0]:
            high = middle
        else:
            low = middle
    return high * _ALIGNMENT


def _run(interpreter: Any, inputs: list[Any]) -> list[Any] | None:  # noqa: ANN401  (no types in tflite-micro)
    """The outputs of all runs, the first axis counting them; None if the interpreter failed."""
    import numpy as np

    given: list[list[Any]] = []
    try:
        for number in range(_RUNS):
            for index, values in enumerate(inputs):
                interpreter.set_input(values[number], index)
            interpreter.invoke()
            given.append([np.copy(values) for values in _details(interpreter.get_output)])
    except (RuntimeError, ValueError) as error:
        os.write(2, f"{error}\n".encode())
        return None
    return [np.stack(values) for values in zip(*given, strict=True)]


def _details(ask: Any) -> list[Any]:  # noqa: ANN401  (no types in tflite-micro)
    """What the interpreter gives for each input or output, until it has no more."""
    found: list[Any] = []
    while True:
        try:
            found.append(ask(len(found)))
        except (IndexError, RuntimeError, ValueError):
            return found


def _made_up(detail: Mapping[str, Any], seed: int) -> Any:  # noqa: ANN401  (an array)
    """Values for an input, the first axis counting the runs: zeros first, then over a type's range, or from -1 to 1."""
    import numpy as np

    generator = np.random.default_rng(seed)
    kind, shape = np.dtype(detail["dtype"]), (_RUNS - 1, *detail["shape"])
    if kind.kind == "f":
        drawn = generator.uniform(-1, 1, shape)
    elif kind.kind in "iu" and len(detail["quantization_parameters"]["scales"]):
        limits = np.iinfo(kind)
        drawn = generator.integers(limits.min, limits.max, shape, endpoint=True)
    else:
        drawn = generator.integers(0, 2, shape)  # an index, a count or a truth value
    return np.concatenate([np.zeros((1, *detail["shape"])), drawn]).astype(kind)


@contextmanager
def _captured(said: Path) -> Iterator[list[str]]:
    """What the interpreter's own code prints, which goes to the process's standard error, as the first of a list.

    It is in a file, so that it is there when the interpreter ends the process.
    """
    printed = [""]
    before = os.dup(2)
    with said.open("w+b") as stream:
        os.dup2(stream.fileno(), 2)
        try:
            yield printed
        finally:
            os.dup2(before, 2)
            os.close(before)
            stream.seek(0)
            printed[0] = stream.read().decode("utf-8", "replace")


def _words(printed: list[str]) -> str:
    return " ".join(" ".join(printed).split())[:_LONGEST]
