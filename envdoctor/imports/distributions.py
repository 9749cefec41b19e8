"""Calls that ask for the metadata of a distribution, and raise where it is not installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.imports.events import What
from envdoctor.imports.exceptions import Exc, Raised, built_in
from envdoctor.imports.values import UNKNOWN, External, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine

_NOT_FOUND = "PackageNotFoundError"
_VERSION = ".version"
_ASKING = frozenset(
    f"{module}.{name}"
    for module in ("importlib.metadata", "importlib_metadata")
    for name in ("version", "distribution", "metadata", "requires", "files")
)


def call_distributions(
    machine: Machine,
    subject: Any,  # noqa: ANN401
    arguments: tuple[Any, ...] | None,
    keywords: Mapping[str, Any],
    state: State,
) -> Result | None:
    """What a call that asks for a distribution returns; None if it is no such call.

    Source: the documentation of `importlib.metadata`: PackageNotFoundError, which is a ModuleNotFoundError.

    Raises:
        Raised: there certainly is none of that name.
    """
    if not isinstance(subject, External) or subject.name not in _ASKING:
        return None
    name = arguments[0] if arguments else keywords.get("distribution_name", UNKNOWN)
    if isinstance(name, str) and not machine.escapes.finders and machine.site.has_distribution(name) is False:
        event = machine.emit(What.ASK, name, state, fails=True)
        raise Raised(Exc(_NOT_FOUND, built_in("ModuleNotFoundError").kinds, cause=event))
    text = ""
    if isinstance(name, str) and subject.name.endswith(_VERSION) and not machine.escapes.finders:
        text = machine.site.version_of(name)
    if text:
        machine.emit(What.ASK, name, state, name=text)
        return Result(text)
    machine.surprise(state)
    return Result(UNKNOWN)
