"""The target that this very Python is."""

from __future__ import annotations

import re
import sys
import sysconfig
from functools import lru_cache
from typing import TYPE_CHECKING

from envdoctor.core.errors import UsageProblem
from envdoctor.core.target import Interpreter, Libc, Platform, System, Target

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHAPES = (
    (re.compile(r"manylinux_(\d+)_(\d+)_(.+)"), System.LINUX, Libc.GLIBC),
    (re.compile(r"musllinux_(\d+)_(\d+)_(.+)"), System.LINUX, Libc.MUSL),
    (re.compile(r"macosx_(\d+)_(\d+)_(.+)"), System.MACOS, None),
)
_WINDOWS = {"win_amd64": "amd64", "win_arm64": "arm64", "win32": "x86"}


@lru_cache(maxsize=1)
def target_here() -> Target:
    """Platform and interpreter of the running process, as `packaging` finds them.

    Raises:
        UsageProblem: the platform is none that wheels are built for.
    """
    from packaging.tags import platform_tags

    return Target(platform=platform_from_tags(platform_tags()), interpreter=_interpreter())


def platform_from_tags(tags: Iterable[str]) -> Platform:
    """The platform that accepts these platform tags, best first.

    Raises:
        UsageProblem: the tags are of no platform that is known here.
    """
    tags = tuple(tags)
    for tag in tags:
        for shape, system, libc in _SHAPES:
            if match := shape.fullmatch(tag):
                return Platform(system=system, arch=match[3], version=(int(match[1]), int(match[2])), libc=libc)
        if tag in _WINDOWS:
            return Platform(system=System.WINDOWS, arch=_WINDOWS[tag])
    said = ", ".join(tags[:3]) or "no tags"
    raise UsageProblem(f"No wheels are built for this platform ({said}); name another with --platform.")


def _interpreter() -> Interpreter:
    return Interpreter(
        implementation="pp" if sys.implementation.name == "pypy" else "cp",
        version=sys.version_info[:2],
        patch=sys.version_info[2],
        free_threaded=bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    )
