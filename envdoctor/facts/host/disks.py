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
        asked = variable == VARIABLE and not disk.is_plenty
        found.setdefault(device, _with_environments(disk, cache) if asked else disk)
    return tuple(found.values())


def _with_environments(disk: Disk, cache: Cache) -> Disk:
    if not cache.environments.is_dir():
        return disk
    from envdoctor.environments.store import count_idle, names_made

    return dataclasses.replace(disk, made=names_made(cache), idle=count_idle(cache))


def nearest(folder: str) -> str:
    """The folder, or the nearest one above it that exists."""
    folder = os.path.abspath(folder)
    while not os.path.isdir(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return folder
