"""What dictionaries hold: their keys in the slot of a list's items, and each value in a slot of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.imports.values import ABSENT, UNKNOWN, Perhaps, is_constant

if TYPE_CHECKING:
    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine
    from envdoctor.imports.values import Reference

_KEYS = ""


def key_slot(key: Any) -> str:  # noqa: ANN401 - any constant
    """The slot of a dictionary for what it has under a key; keys that are equal have the same."""
    return f" {hash(key)} {key!r}" if isinstance(key, (str, bytes)) else f" {hash(key)}"


def under_key(machine: Machine, subject: Reference, key: Any, state: State) -> Any:  # noqa: ANN401
    """What a dictionary holds under a key; UNKNOWN where that is not known."""
    known = subject.place not in machine.escapes.wild and is_constant(key)
    value = state.read(subject.place, key_slot(key)) if known else UNKNOWN
    if value is UNKNOWN or value is ABSENT or isinstance(value, Perhaps):
        machine.opaque(state, subject, key)
        return UNKNOWN
    return value


def put(machine: Machine, subject: Reference, key: Any, value: Any, state: State) -> bool:  # noqa: ANN401
    """Gives a dictionary a value under a key; whether it is still known what keys it has."""
    keys = machine.expressions.items(subject, state)
    if keys is None or not is_constant(key):
        return False
    slot = machine.statements.targets.slot
    slot(subject.place, _KEYS, tuple(dict.fromkeys((*keys, key))), state)
    slot(subject.place, key_slot(key), value, state)
    return True
