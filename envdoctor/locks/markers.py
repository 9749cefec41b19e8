"""Markers (PEP 508) that tell the targets of a lock from each other, and that say where a version belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import UsageProblem
from envdoctor.support.target_names import target_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envdoctor.core.target import Target


def check_targets(targets: Sequence[Target]) -> None:
    """Make sure that an installer can tell the targets of a lock apart.

    Raises:
        UsageProblem: two of them evaluate every marker alike, as two glibc versions do.
    """
    seen: dict[str, Target] = {}
    for target in targets:
        marker = marker_of(target)
        if marker in seen:
            both = f"{target_name(seen[marker])} and {target_name(target)}"
            raise UsageProblem(
                f"No marker tells {both} apart, so that one lock can't hold a set for each; lock the older one, "
                "whose wheels the newer one takes too, or write two locks."
            )
        seen[marker] = target


def marker_of(target: Target) -> str:
    """What is true on this target, and false on one of another system, architecture, Python or implementation."""
    return f"{_platform(target)} and {_python(target)}"


def marker_for(targets: Sequence[Target], among: Sequence[Target]) -> str:
    """What is true on these of the lock's targets only; empty if they are all of them."""
    if len(targets) == len(among):
        return ""
    pythons = {_python(target) for target in among}
    wanted: dict[str, list[str]] = {}
    for target in targets:
        wanted.setdefault(_platform(target), []).append(_python(target))
    every = [platform for platform, own in wanted.items() if set(own) == _of(platform, among)]
    if len(every) == len(wanted):
        return _either(every)
    own = {_python(target) for target in targets}
    if own != pythons and len(targets) == sum(_python(target) in own for target in among):
        return _either(sorted(own))
    return _either([*every, *(marker_of(target) for target in targets if _platform(target) not in every)])


def requires_python(targets: Iterable[Target]) -> str:
    """The range from the oldest to the newest Python of the lock."""
    versions = [target.interpreter.version for target in targets]
    oldest, newest = min(versions), max(versions)
    return f">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1] + 1}"


def _platform(target: Target) -> str:
    markers = target.markers
    return f"sys_platform == '{markers['sys_platform']}' and platform_machine == '{markers['platform_machine']}'"


def _python(target: Target) -> str:
    markers = target.markers
    return (
        f"python_version == '{markers['python_version']}' and implementation_name == '{markers['implementation_name']}'"
    )


def _of(platform: str, among: Sequence[Target]) -> set[str]:
    return {_python(target) for target in among if _platform(target) == platform}


def _either(markers: Sequence[str]) -> str:
    unique = list(dict.fromkeys(markers))
    return unique[0] if len(unique) == 1 else " or ".join(f"({marker})" for marker in unique)
