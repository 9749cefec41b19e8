"""Requirements that apply by what no target tells: Python's patch release, the kernel."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.target import NEWEST_PATCH

if TYPE_CHECKING:
    from envdoctor.core.target import Target

_OF_KERNEL = re.compile(r"platform_release|platform_version")
_OF_IMPLEMENTATION = "implementation_version"
_OF_PATCH = re.compile(rf"python_full_version|{_OF_IMPLEMENTATION}")
_RELEASE = re.compile(r"(?P<minor>\d+\.\d+)\.(?P<patch>\d+)")


def is_untold(line: str, target: Target) -> bool:
    """Whether a requirement's marker may hold on some machines of a target and not on others.

    `python_full_version < "3.11"`, as resolvers write it, is the same for all patch releases of every Python.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    marker = line.partition(";")[2]
    if _OF_KERNEL.search(marker) or (target.interpreter.implementation != "cp" and _OF_IMPLEMENTATION in marker):
        return True
    if not _OF_PATCH.search(marker):
        return False
    try:
        parsed = Requirement(line).marker
    except InvalidRequirement:
        return True
    minor = target.interpreter.short_version
    named = {int(found["patch"]) for found in _RELEASE.finditer(marker) if found["minor"] == minor}
    patches = {0, NEWEST_PATCH}.union(*({max(0, patch - 1), patch, patch + 1} for patch in named))
    answers = set()
    for patch in patches:
        full = dict.fromkeys(("python_full_version", _OF_IMPLEMENTATION), f"{minor}.{patch}")
        answers.add(parsed is None or parsed.evaluate({**target.markers, **full, "extra": ""}))
    return len(answers) > 1
