"""Calls that ask for the metadata of a distribution, and raise where it is not installed, or that one refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.imports.events import What
from envdoctor.imports.exceptions import Exc, Raised, built_in
from envdoctor.imports.removed_names import release_numbers
from envdoctor.imports.site import Presence
from envdoctor.imports.values import UNKNOWN, External, Result
from envdoctor.imports.variables import variable_of

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
#: What text that protoc before 3.19 generated makes itself, and the first version of protobuf whose compiled form
#: refuses that. Each was called with 3.20.3, 4.21.1, 4.25.8, 5.29.5 and 6.33.0, and with PROTOCOL_BUFFERS_...=python.
_DESCRIPTORS = frozenset(
    f"google.protobuf.descriptor.{name}"
    for name in ("Descriptor", "FieldDescriptor", "EnumDescriptor", "EnumValueDescriptor")
)
PROTOBUF, REFUSING = "protobuf", "4"
_FORM = "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"


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
    if isinstance(subject, External) and subject.name in _DESCRIPTORS:
        _refuse_generated(machine, state)
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


def _refuse_generated(machine: Machine, state: State) -> None:
    """A part of a message that is made by generated text.

    Raises:
        Raised: protobuf is one that refuses it.
    """
    version = machine.site.version_of(PROTOBUF)
    compiled = machine.imports.find("google._upb._message")
    is_compiled = compiled.presence in {Presence.ELSEWHERE, Presence.NATIVE} and not compiled.fails
    refuses = bool(version) and release_numbers(version) >= release_numbers(REFUSING)
    if is_compiled and refuses and variable_of((_FORM, ""), machine, state) in {"", "upb"}:
        machine.emit(What.ASK, PROTOBUF, state, name=version)
        raise Raised(built_in("TypeError", machine.emit(What.RAISE, "TypeError", state)))
