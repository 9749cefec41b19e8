"""`envdoctor sweep` with 1 and 2 workers against the plain loop over the same items, in one run.

    python benchmarks/sweep.py [--wheels 2000] [--models 1000]

The items are made here: wheels of some modules each, and small int8 models, all different files. Everything is judged
by the file alone. Told are wall and processor seconds an item (of all processes, from start to end), the ratios to the
loop, and the largest worker; on a busy machine only the processor time says something.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "helpers"))
MODULE = b"import os\nimport json\n\n\ndef work(value):\n    return json.dumps({'value': value, 'pid': os.getpid()})\n"


def make_wheels(folder: Path, count: int) -> None:
    from index_wheels import wheel

    for number in range(count):
        package = f"pkg{number}"
        files = {f"{package}/part{part}.py": MODULE for part in range(10)} | {f"{package}/__init__.py": MODULE}
        filename, content = wheel(package, "1.0", files=files)
        (folder / filename).write_bytes(content)


def make_models(folder: Path, count: int) -> None:
    from tflite_bytes import pack, small

    for number in range(count):
        (folder / f"model{number}.tflite").write_bytes(pack(small()))


def spent() -> float:
    """Processor seconds of this process and of its children that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def measured(run: Callable[[], Any]) -> tuple[float, float, Any]:
    wall, cpu = time.perf_counter(), spent()
    result = run()
    return time.perf_counter() - wall, spent() - cpu, result


def compare(kind: str, plan: tuple[Callable[[], None], Callable[[int, Path], Any]], database: Path, count: int) -> None:
    """The loop first: what a process imports once is paid there, and by each worker."""
    loop, sweep = plan
    wall, cpu, _ = measured(loop)
    print(f"{kind:7} loop       {1000 * wall / count:7.2f} ms wall  {1000 * cpu / count:7.2f} ms processor an item")
    for workers in (1, 2):
        own, busy, report = measured(lambda workers=workers: sweep(workers, database / f"{kind}-{workers}.sqlite"))
        largest = max(row.memory for row in report.rows) >> 20
        assert report.is_fine or kind == "models", report.counts
        print(
            f"{kind:7} {workers} worker{'s' * (workers > 1):1}  {1000 * own / count:7.2f} ms wall  "
            f"{1000 * busy / count:7.2f} ms processor  wall {own / wall:.2f}, processor {busy / cpu:.2f} of the loop; "
            f"workers up to {largest} MiB"
        )
    again, busy, report = measured(lambda: sweep(2, database / f"{kind}-2.sqlite"))
    assert report.reused == count
    print(f"{kind:7} again      {1000 * again / count:7.2f} ms wall  {1000 * busy / count:7.2f} ms processor an item")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheels", type=int, default=2000)
    parser.add_argument("--models", type=int, default=1000)
    asked = parser.parse_args()

    from envdoctor.doctor.sweep import SweepOptions, WheelsRequest, sweep_models, sweep_wheels
    from envdoctor.doctor.sweep_judges import WheelQuestion, judge_model, judge_wheel

    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheels, models = folder / "wheels", folder / "models"
        for made in (wheels, models):
            made.mkdir()
        make_wheels(wheels, asked.wheels)
        make_models(models, asked.models)
        target, goals = ("linux-x86_64-cp311", "linux-x86_64-cp311", ""), ("edgetpu", "litert")

        def loop_wheels() -> None:
            for path in sorted(wheels.iterdir()):
                judge_wheel(WheelQuestion(subject=str(path), targets=(target,), offline=True, cache=folder / "loop"))

        def swept_wheels(workers: int, database: Path) -> object:
            request = WheelsRequest(paths=(wheels,), platforms=target[0], offline=True, cache=folder / database.stem)
            return sweep_wheels(request, SweepOptions(database=database, workers=workers))

        def loop_models() -> None:
            for path in sorted(models.iterdir()):
                judge_model((str(path), goals))

        def swept_models(workers: int, database: Path) -> object:
            return sweep_models((models,), goals, SweepOptions(database=database, workers=workers))

        compare("wheels", (loop_wheels, swept_wheels), folder, asked.wheels)
        compare("models", (loop_models, swept_models), folder, asked.models)


if __name__ == "__main__":
    main()
