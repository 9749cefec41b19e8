"""What `envdoctor guard` would have told in the last year, day by day, about requirements without pins.

    python benchmarks/guard_year.py [--days 365] [--every 14] [--cache FOLDER] [PACKAGE ...]

Each package is guarded by itself. Asked is the day after each of its releases, and every so many days, since what it
requires has releases, too. Printed is each day on which something was told, or was over; the rest was quiet. Asks the
user's own package index; nothing is installed. What was yanked since then counts as yanked.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.lock import LockRequest
from envdoctor.doctor.guard import guard
from envdoctor.index.access import open_index
from envdoctor.index.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from envdoctor.core.guard import GuardReport

PACKAGES = ("ai-edge-litert", "ai-edge-quantizer", "mediapipe", "onnx", "numpy", "opencv-python", "protobuf")
PLATFORMS = "linux-x86_64,linux-aarch64-glibc2.36,macos-arm64,windows-amd64"
PYTHONS = "3.10,3.12,3.13"
_SHOWN = 150


def days_to_ask(package: str, first: date, last: date, every: int) -> list[date]:
    """The day after each release, and every so many days."""
    files = open_index(load_settings(), None).project(package).files
    released = {file.uploaded.date() + timedelta(days=1) for file in files if file.uploaded is not None}
    regular = {first + timedelta(days=number) for number in range(0, (last - first).days + 1, every)}
    return sorted(day for day in released | regular if first <= day <= last)


def told(report: GuardReport) -> Iterator[str]:
    """A line for each thing that is new."""
    for alarm in report.alarms:
        if alarm.is_new:
            why = alarm.reasons[0].message[:_SHOWN] if alarm.reasons else ""
            where = f"{alarm.targets[0]} and {len(alarm.targets) - 1} more"
            yield f"{alarm.verdict.value} {', '.join(alarm.releases)} on {where} (since {alarm.since[:10]}): {why}"
            yield f"  pin: {' '.join(alarm.pins) or 'nothing found'}"
    yield from (f"over: {key}" for key in report.over)
    yield from (f"unknown on {target}: {why[:_SHOWN]}" for target, why in report.unknown)


def replay(package: str, days: list[date], request: LockRequest, state: Path) -> None:
    """One package through all days, with what was told before kept."""
    start = time.perf_counter()
    for day in days:
        report, remember = guard(replace(request, requirements=(package,), as_of=day.isoformat()), state)
        remember()
        for line in told(report):
            print(f"{day} {package}: {line}", flush=True)
    print(f"{package}: {len(days)} days, {time.perf_counter() - start:.0f} s", flush=True)


def main() -> None:
    """Replay the packages one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="*", default=PACKAGES)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--every", type=int, default=14)
    parser.add_argument("--platform", default=PLATFORMS)
    parser.add_argument("--python", default=PYTHONS)
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    last = datetime.now(timezone.utc).date()
    first = last - timedelta(days=options.days)
    request = LockRequest(platforms=options.platform, pythons=options.python, cache=options.cache)
    with tempfile.TemporaryDirectory() as folder:
        for package in options.packages:
            days = days_to_ask(package, first, last, options.every)
            replay(package, days, request, Path(folder, f"{package}.json"))


if __name__ == "__main__":
    main()
