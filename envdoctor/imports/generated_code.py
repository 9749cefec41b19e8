"""What code that the protocol buffer compiler made asks of the distribution protobuf when it is imported.

Source: `google/protobuf/runtime_version.py` (the versions of the generated code and of the runtime are compared since
5.27, by other rules since 6.32) and `google/protobuf/descriptor.py` (code from before 3.19 can't make descriptors where
they are kept in C, as they are since 4.21).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from envdoctor.imports.events import What
from envdoctor.imports.exceptions import Exc, Raised, built_in
from envdoctor.imports.removed_names import release_numbers
from envdoctor.imports.site import Presence
from envdoctor.imports.values import UNKNOWN
from envdoctor.imports.variables import may_be_set, variable_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine
    from envdoctor.imports.scopes import Scope

PROTOBUF = "protobuf"
_RUNTIME = "google.protobuf.runtime_version.ValidateProtobufRuntimeVersion"
_IN_C = "google._upb._message"
_UNCHECKED = "TEMPORARILY_DISABLE_PROTOBUF_VERSION_CHECK"
_FORM = "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"
_MADE_BY_HAND = ("FieldDescriptor", "EnumDescriptor", "EnumValueDescriptor", "Descriptor")
#: Versions in which the rules changed.
_ONE_OLDER_ADMITTED, _ANY_OLDER_ADMITTED, _KEPT_IN_C = (5, 28), (6, 32), (4,)
_ARGUMENTS = 6


def functions(machine: Machine) -> dict[str, Callable[[tuple[Any, ...], Scope, State], Any]]:
    """What calls of generated code come to, by the full names of what is called."""
    by_hand = functools.partial(_descriptor, machine)
    return {
        _RUNTIME: functools.partial(_compared, machine),
        **{f"google.protobuf.descriptor.{name}": by_hand for name in _MADE_BY_HAND},
    }


def needed_version(generated: tuple[int, int, int], runtime: str) -> str:
    """The versions of protobuf that can import code which another version generated, as a specifier.

    Args:
        generated: the version that the code was generated for.
        runtime: the installed version, which decides by which rule the two are compared.

    Returns:
        "" if the installed version is one of them.
    """
    have = release_numbers(runtime)
    newer = generated > have
    if have < _ANY_OLDER_ADMITTED:
        admitted = {have[0], have[0] - 1} if have >= _ONE_OLDER_ADMITTED else {have[0]}
        newer |= generated[0] not in admitted or have[1:] < generated[1:]
    return ">={}.{}.{}".format(*generated) if newer else ""


def keeps_in_c(runtime: str) -> bool:
    """Whether a version of protobuf keeps descriptors in C, if it has its extension module."""
    return release_numbers(runtime) >= _KEPT_IN_C


def _compared(machine: Machine, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
    """The check that generated code begins with.

    Raises:
        Raised: the versions certainly don't suit each other.
    """
    runtime = machine.site.version_of(PROTOBUF)
    major, minor, patch, suffix = values[1:5] if len(values) == _ARGUMENTS else (UNKNOWN,) * 4
    known = all(type(each) is int for each in (major, minor, patch)) and suffix == "" and not machine.escapes.finders
    if known and runtime and not may_be_set(_UNCHECKED, machine):
        needed = needed_version((major, minor, patch), runtime)
        if needed:
            event = machine.emit(What.ASK, PROTOBUF, state, name=needed, fails=True)
            raise Raised(Exc("VersionError", built_in("Exception").kinds, complete=True, cause=event))
        return None
    machine.may_raise(state, "Exception")
    return UNKNOWN


def _descriptor(machine: Machine, values: tuple[Any, ...], _: Scope, state: State) -> Any:  # noqa: ANN401
    """A descriptor that is made by hand.

    Raises:
        Raised: descriptors certainly are kept in C.
    """
    runtime, found = machine.site.version_of(PROTOBUF), machine.imports.find(_IN_C)
    in_c = found.presence in {Presence.ELSEWHERE, Presence.NATIVE} and not found.fails
    if in_c and runtime and keeps_in_c(runtime) and variable_of((_FORM, ""), machine, state) in {"", "upb"}:
        event = machine.emit(What.ASK, PROTOBUF, state, name="<4", fails=True)
        raise Raised(built_in("TypeError", event))
    machine.opaque(state, *values)
    return UNKNOWN
