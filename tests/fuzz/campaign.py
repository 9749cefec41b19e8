"""Damages files of every format that envdoctor reads, reads them, and reports what must not happen.

    python tests/fuzz/campaign.py --seed 1 --minutes 10
    python tests/fuzz/campaign.py --seed 1 --target elf --only 1234 --keep DIR

Must not happen: an exception that is not the room's own, more than 2 s of a processor or 200 MB, a file that is read
as fine though the loader or zipfile refuses it. Mach-O and PE have no loader here: disagreements with macholib and
pefile are listed and judged by a person. Judged so far, and no faults: macholib refuses load commands that it does
not know, dyld only those that are marked as required; pefile drops the whole import table where no function is asked
of the first library, which Windows loads all the same, or where the sections' alignment is another, and the reader
asks for more libraries then, never for fewer; the loader dies of code, which no reader looks at (also where a program
header moves other bytes to its place), and asks for symbols under names that damage made, which are judged with all
that is loaded (LIB011); SQLite finds damage in pages of a history that were not asked for. Each mutant is a function
of the seed, the target and its number, so it can be made again.
"""

from __future__ import annotations

import argparse
import mmap
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

for _folder in ("helpers", "../reports", "../probes", ".."):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / _folder))

from targets import JUDGE, TARGETS, Target  # noqa: E402 - the path to it is made above

if TYPE_CHECKING:
    from mutations import Seed

_BATCH = 200
_SLOW, _STUCK = 2.0, 20
_MEMORY, _MOST_MEMORY = 200 << 20, 1 << 30
_PROGRESS = struct.Struct("<qqq")  # the mutant at hand, how many were read as fine, how many were refused


class Finding(NamedTuple):
    """One thing that must not happen, or that a person must judge."""

    target: str
    number: int
    what: str
    size: int

    @property
    def judged(self) -> bool:
        """Whether a person must judge it."""
        return self.what.startswith(JUDGE)


class Stuck(BaseException):
    """A reader does not end."""


def main() -> int:
    """Run the campaign; 1 if anything was found that must not happen."""
    options = _options()
    scratch = Path(tempfile.mkdtemp(prefix="fuzz-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    try:
        names = options.target or list(TARGETS)
        findings = _replay(options, scratch) if options.only is not None else _run(names, options, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return _tell(findings, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same mutants")
    parser.add_argument("--minutes", type=float, default=2.0, help="how long all targets together may take")
    parser.add_argument("--most", type=int, default=1 << 40, help="mutants of each target at most")
    parser.add_argument("--target", action="append", choices=sorted(TARGETS), help="only this one; may be given again")
    parser.add_argument("--only", type=int, help="run this mutant of the one target again, with its traceback")
    parser.add_argument("--keep", type=Path, help="a folder for the inputs of what was found")
    return parser.parse_args()


def _run(names: list[str], options: argparse.Namespace, scratch: Path) -> list[Finding]:
    findings: list[Finding] = []
    total = 0
    end = time.monotonic() + options.minutes * 60
    for left, name in zip(range(len(names), 0, -1), names, strict=True):
        if not TARGETS[name].seeds():  # which takes its time, and is remembered
            findings.append(Finding(name, 0, f"{JUDGE} nothing to damage: its seeds need what is not here", 0))
        share = (end - time.monotonic()) / left  # what one target leaves, the next ones have
        count, fine, refused, found = _run_target(name, options, scratch, time.monotonic() + max(1.0, share))
        total += count
        findings += found
        print(f"{name:14} {count:7,} mutants: {fine:7,} read, {refused:7,} refused, {len(found):5,} found", flush=True)
    print(f"{'together':14} {total:7,} mutants, seed {options.seed}")
    return findings


def _run_target(
    name: str, options: argparse.Namespace, scratch: Path, end: float
) -> tuple[int, int, int, list[Finding]]:
    seeds = TARGETS[name].seeds()
    progress = mmap.mmap(-1, _PROGRESS.size)
    first, fine, refused = 0, 0, 0
    findings: list[Finding] = []
    while seeds and first < options.most and (not first or time.monotonic() < end):
        last = min(first + _BATCH, options.most)
        found, status = _batch(name, options.seed, range(first, last), scratch, progress)
        findings += found
        at, read, said_no = _PROGRESS.unpack(progress[:])
        fine, refused = fine + read, refused + said_no
        if status:
            findings.append(Finding(name, at, f"the process died: status {status}", 0))
            last = at + 1
        first = last
    return first, fine, refused, findings


def _batch(name: str, seed: int, numbers: range, scratch: Path, progress: mmap.mmap) -> tuple[list[Finding], int]:
    """Some mutants in a process of their own, which may die of them."""
    import pickle

    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            found = _look_at(name, seed, numbers, scratch, progress)
            with os.fdopen(writing, "wb") as stream:
                pickle.dump(found, stream)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        data = stream.read()
    _, status = os.waitpid(child, 0)
    return (pickle.loads(data) if data else []), status


def _look_at(name: str, seed: int, numbers: range, scratch: Path, progress: mmap.mmap) -> list[Finding]:
    target, seeds = TARGETS[name], TARGETS[name].seeds()
    sound = [_sound(target, each, scratch) for each in seeds]
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_memory("VmData") + _MOST_MEMORY, most))  # the machine's other users
    signal.signal(signal.SIGALRM, _stop)
    findings, fine, refused = [], 0, 0
    for number in numbers:
        progress[:] = _PROGRESS.pack(number, fine, refused)
        index, data = _mutant(name, seed, number, seeds)
        what, is_fine = _judge(target, data, sound[index], scratch)
        fine, refused = fine + is_fine, refused + (not is_fine)
        if what:
            findings.append(Finding(name, number, what, len(data)))
    progress[:] = _PROGRESS.pack(numbers[-1], fine, refused)
    return findings


def _mutant(name: str, seed: int, number: int, seeds: list) -> tuple[int, bytes]:
    chance = random.Random(f"{seed} {name} {number}")
    index = chance.randrange(len(seeds))
    return index, TARGETS[name].mutate(seeds[index], chance)


def _judge(target: Target, data: bytes, sound: object, scratch: Path) -> tuple[str, bool]:
    """What is wrong with how a mutant was read, and whether it was read as fine."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before, start = _memory("VmRSS"), time.process_time()
    signal.alarm(_STUCK)
    try:
        read = target.read(data, scratch)
        signal.alarm(0)
        return _cost(start, before) or target.dispute(data, sound, read, scratch), True
    except target.errors:
        return _cost(start, before), False
    except MemoryError:
        return f"more than {_MOST_MEMORY >> 20} MB", False
    except (Exception, Stuck) as error:  # noqa: BLE001 - that is what is looked for
        frames = [each for each in traceback.extract_tb(error.__traceback__) if "envdoctor" in each.filename]
        place = f"{Path(frames[-1].filename).name}:{frames[-1].name}" if frames else "?"
        return f"{type(error).__name__} in {place}: {str(error)[:80]!a}", False
    finally:
        signal.alarm(0)


def _cost(start: float, before: int) -> str:
    """What was too much since then."""
    seconds, grown = time.process_time() - start, _memory("VmHWM") - before
    if seconds > _SLOW:
        return f"{seconds:.1f} s"
    return f"{grown >> 20} MB" if grown > _MEMORY else ""


def _sound(target: Target, seed: Seed, scratch: Path) -> tuple[object, Seed]:
    try:
        return target.read(seed.data, scratch), seed
    except target.errors:  # a model that needs more than this machine has is a seed all the same
        return None, seed


def _stop(*_: object) -> None:
    raise Stuck(f"not done after {_STUCK} s")


def _memory(what: str) -> int:
    """A figure of this process in bytes."""
    return int(Path("/proc/self/status").read_text().partition(f"{what}:")[2].split()[0]) << 10


def _replay(options: argparse.Namespace, scratch: Path) -> list[Finding]:
    (name,) = options.target
    target, seeds = TARGETS[name], TARGETS[name].seeds()
    index, data = _mutant(name, options.seed, options.only, seeds)
    read = target.read(data, scratch)
    what = target.dispute(data, _sound(target, seeds[index], scratch), read, scratch)
    return [Finding(name, options.only, what, len(data))] if what else []


def _tell(findings: list[Finding], options: argparse.Namespace) -> int:
    """One line a kind of finding, with the smallest input; the inputs into a folder."""
    kinds = Counter((each.judged, each.target, _kind(each.what)) for each in findings)
    for (judged, target, kind), count in sorted(kinds.items()):
        same = [each for each in findings if (each.judged, each.target, _kind(each.what)) == (judged, target, kind)]
        least = min(same, key=lambda each: each.size)
        word = "" if judged else "WRONG: "
        again = f"--seed {options.seed} --target {target} --only {least.number}"
        print(f"{word}{target}: {count} x {' '.join(least.what.split())} (the smallest: {again})")
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            data = _mutant(target, options.seed, least.number, TARGETS[target].seeds())[1]
            (options.keep / f"{target}-{options.seed}-{least.number}.bin").write_bytes(data)
    wrong = sum(not each.judged for each in findings)
    print(f"{wrong} wrong, {len(findings) - wrong} to be judged")
    return 1 if wrong else 0


def _kind(what: str) -> str:
    """What is found without its numbers and paths."""
    words = [word for word in what.split() if not any(sign.isdigit() or sign in "/'\"" for sign in word)]
    return " ".join(words[:12])


if __name__ == "__main__":
    sys.exit(main())
