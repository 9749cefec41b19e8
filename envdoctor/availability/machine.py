"""What a judgment says of the system's libraries, held against those that this very machine has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.binaries.policy import provider_of
from envdoctor.core.availability import CellReason, ReasonKind
from envdoctor.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    #: Whether the machine's loader finds a library, by a look-up's name or a file's; None where that is not known.
    HasLibrary = Callable[[str], bool | None]


def settle(reasons: Iterable[CellReason], has: HasLibrary) -> tuple[CellReason, ...]:
    """The reasons on this machine: what is here stands in nobody's way, and what is not is no mere possibility.

    A library that a package of the system would bring is a condition; any other makes the set as broken here as it is
    anywhere.
    """
    return tuple(sorted((_settled(reason, has) for reason in reasons), key=lambda each: -each.severity))


def _settled(reason: CellReason, has: HasLibrary) -> CellReason:
    answers = [_any(map(has, forms)) for forms in reason.libraries]
    if answers and all(answers):
        return replace(
            reason,
            kind=ReasonKind.NOTE,
            severity=Severity.INFO,
            message=f"{reason.subject} needs {_names(reason)} of the system, which is here.",
            remedies=(),
        )
    if False not in answers or not reason.condition:
        return reason
    if reason.severity is Severity.ERROR:
        absent = [forms for forms, answer in zip(reason.libraries, answers, strict=True) if answer is False]
        if not all(any(map(_is_of_the_system, forms)) for forms in absent):
            return reason
    return replace(reason, kind=ReasonKind.NOTE, severity=Severity.WARNING, message=f"{reason.message} (not here)")


def _names(reason: CellReason) -> str:
    return " and ".join(forms[0].rpartition("/")[2] for forms in reason.libraries)


def _any(answers: Iterable[bool | None]) -> bool | None:
    found = list(answers)
    return True if True in found else None if None in found else False


def _is_of_the_system(name: str) -> bool:
    provider = provider_of(name) or provider_of(f"lib{name}.so")
    return provider is not None and provider.kind == "system"
