"""Measures the room where caches and environments are kept."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
from typing import TYPE_CHECKING

from envdoctor.facts.host import Disk

if TYPE_CHECKING:
    from envdoctor.core.request import Request
    from envdoctor.environments.cache import Cache


def measure_disks(request: Request) -> tuple[Disk, ...]:
    """The room in envdoctor's cache and in the folder for temporary files, one entry a file system."""
    from envdoctor.environments.cache import VARIABLE, open_cache

    cache = open_cache(request)
    places = (
        (str(cache.root), "environments and downloads", VARIABLE),
        (tempfile.gettempdir(), "temporary files", "TMPDIR"),
    )
    found: dict[int, Disk] = {}
    for folder, purpose, variable in places:
        there = nearest(folder)
        try:
            usage = shutil.disk_usage(there)
            device = os.stat(there).st_dev
        except OSError:
            continue
        disk = Disk(folder=there, purpose=purpose, variable=variable, free=usage.free, total=usage.total)
        made = _names_made(cache) if variable == VARIABLE and not disk.is_plenty else frozenset()
        found.setdefault(device, dataclasses.replace(disk, made=made))
    return tuple(found.values())


def _names_made(cache: Cache) -> frozenset[str]:
    if not cache.environments.is_dir():
        return frozenset()
    from envdoctor.environments.store import names_made

    return names_made(cache)


def nearest(folder: str) -> str:
    """The folder, or the nearest one above it that exists."""
    folder = os.path.abspath(folder)
    while not os.path.isdir(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return folder
