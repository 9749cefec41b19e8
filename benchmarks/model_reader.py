"""How long `envdoctor model` takes, and how much memory reading a model needs.

    python benchmarks/model_reader.py [--shared DIR]

Reading: the best of 20 in one process. Memory: the peak while reading, against the size of the file less its constants.
The whole command: the best of 7 processes, processor time, as measured by the operating system.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.prediction import predict
from envdoctor.tflite.reader import read_model

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
REPEATS, PROCESSES, SHOWN = 20, 7, 12


def best(function: Callable[[], object], repeats: int) -> float:
    """The shortest of several runs, in milliseconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1000 * min(times)


def memory(path: Path) -> tuple[int, int]:
    """Peak bytes while reading, and bytes of the file that are tables rather than constants."""
    read_model(path)  # what is made once a process, such as the schema's tables, is no part of it
    tracemalloc.start()
    model = read_model(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    constants = {
        (tensor.content.start, tensor.content.size)
        for subgraph in model.subgraphs
        for tensor in subgraph.tensors
        if tensor.content
    }
    return peak, path.stat().st_size - sum(size for _, size in constants)


def process_time(path: Path) -> float:
    """Processor time of one `envdoctor model`, in milliseconds."""
    words = [sys.executable, "-m", "envdoctor", "model", str(path), "--to", "edgetpu"]
    reader, writer = os.pipe()
    child = os.posix_spawn(
        sys.executable,
        words,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, writer, 1), (os.POSIX_SPAWN_CLOSE, reader)],
    )
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        stream.read()
    _, _, usage = os.wait4(child, 0)
    return 1000 * (usage.ru_utime + usage.ru_stime)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("ENVDOCTOR_SHARED", ROOT.parent / "shared")))
    folder = parser.parse_args().shared / "data" / "edgetpu" / "models"
    paths = sorted(folder.glob("*.tflite"), key=lambda path: path.stat().st_size)
    if not paths:
        parser.error(f"no models in {folder}; name the folder with --shared or ENVDOCTOR_SHARED")
    print(f"{'model':<18}{'bytes':>10}{'operators':>11}{'read ms':>9}{'predict ms':>12}{'peak/tables':>13}")
    for path in paths[:: max(1, len(paths) // SHOWN)] + paths[-1:]:
        model = read_model(path)
        peak, tables = memory(path)
        read, predicted = best(lambda: read_model(path), REPEATS), best(lambda: predict(model), REPEATS)  # noqa: B023
        operators = sum(len(subgraph.operators) for subgraph in model.subgraphs)
        row = f"{path.stem:<18}{path.stat().st_size:>10}{operators:>11}{read:>9.1f}{predicted:>12.1f}"
        print(f"{row}{peak / tables:>13.2f}")
    print(f"envdoctor model, {paths[-1].name}: {min(process_time(paths[-1]) for _ in range(PROCESSES)):.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
