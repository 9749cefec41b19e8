"""What the wheels of a set need and no metadata names: one of several backends, the run time of another language."""

from __future__ import annotations

import json
import posixpath
from typing import TYPE_CHECKING

from envdoctor.core.availability import CellReason, ReasonKind
from envdoctor.core.data import load_table
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Evidence, Severity
from envdoctor.support.requirement import admits, normal_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from envdoctor.wheels.contents import WheelContents

_OF_DOTNET = ".runtimeconfig.json"  # beside a program for .NET: which run time starts it
_DOTNET_ITSELF = ("hostfxr", "coreclr")


def backend_reasons(wheels: Sequence[WheelContents]) -> Iterator[CellReason]:
    """Wheels of which the import takes one of several distributions, and none is in the set."""
    brought = {name for wheel in wheels for name in wheel.imports}
    for wheel in wheels:
        for row in load_table("unnamed_requirements")["needs"]:
            is_meant = normal_name(wheel.metadata.name) == row["name"] and _admits(row["versions"], wheel)
            if is_meant and brought.isdisjoint(row["any_of"]):
                one_of = " or ".join(filter(None, [", ".join(row["any_of"][:-1]), row["any_of"][-1]]))
                yield _reason(
                    wheel,
                    f"no metadata names {row['what']}, and nothing in the set brings {one_of}: {row['why']}",
                    f"{row['what']} is there: {one_of}",
                    Evidence(source="data/unnamed_requirements.toml", excerpt=row["source"]),
                )


def _admits(versions: str, wheel: WheelContents) -> bool:
    try:
        return admits(versions, wheel.metadata.version)
    except ValueError:
        return False


def runtime_reasons(wheel: WheelContents, read: Callable[[str], str]) -> Iterator[CellReason]:
    """A wheel with a program for .NET that asks for a run time of the machine; one with its own is no case.

    Args:
        wheel: it.
        read: the text of a member.

    Raises:
        NetworkProblem: the text could not be had.
    """
    names = [posixpath.basename(name).lower() for name in wheel.members]
    if any(part in name for name in names for part in _DOTNET_ITSELF):
        return
    for member in (name for name in wheel.members if name.endswith(_OF_DOTNET)):
        version = _framework(read, member)
        if version:
            yield _reason(
                wheel,
                f"{member} asks for the .NET run time {version} of the machine, which no wheel brings",
                f"the .NET run time {version} is there",
                Evidence(source=f"{member} of {wheel.label}", excerpt=f"framework version {version}"),
            )
            return


def _framework(read: Callable[[str], str], member: str) -> str:
    """The version of the framework that a .runtimeconfig.json asks of the machine; "" if it asks for none."""
    try:
        options = json.loads(read(member).removeprefix("\ufeff"))["runtimeOptions"]
        found = options.get("framework") or options["frameworks"][0]
        return str(found["version"])[:20]
    except (Unreadable, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return ""


def _reason(wheel: WheelContents, message: str, condition: str, evidence: Evidence) -> CellReason:
    return CellReason(
        kind=ReasonKind.NOTE,
        severity=Severity.WARNING,
        subject=wheel.label,
        message=f"{wheel.label}: {message}.",
        evidence=(evidence,),
        condition=condition,
    )
