"""What dictionaries hold: their keys in the slot of a list's items, and each value in a slot of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.imports.values import ABSENT, UNKNOWN, Kind, Perhaps, Reference, is_constant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine

_KEYS = ""


def key_slot(key: Any) -> str:  # noqa: ANN401 - any constant
    """The slot of a dictionary for what it has under a key; keys that are equal have the same."""
    return f" {hash(key)} {key!r}" if isinstance(key, (str, bytes)) else f" {hash(key)}"


def make_dict(machine: Machine, keys: Sequence[Any], values: Sequence[Any], state: State) -> Reference:
    """A new dictionary; all its keys are constants."""
    place = machine.place()
    held = {key_slot(key): value for key, value in zip(keys, values, strict=True)}
    state.make(place, {_KEYS: tuple(dict.fromkeys(keys)), **held})
    return Reference(Kind.DICT, place)


def under_key(machine: Machine, subject: Reference, key: Any, state: State) -> Any:  # noqa: ANN401
    """What a dictionary holds under a key; UNKNOWN where that is not known."""
    known = subject.place not in machine.escapes.wild and is_constant(key)
    value = state.read(subject.place, key_slot(key)) if known else UNKNOWN
    if value is UNKNOWN or value is ABSENT or isinstance(value, Perhaps):
        machine.opaque(state, subject, key)
        return UNKNOWN
    return value


def text_pairs(machine: Machine, value: Any, state: State) -> tuple[tuple[str, Any], ...] | None:  # noqa: ANN401
    """The keys and values of a dictionary that has only texts as keys; None for anything else that may be given."""
    is_dict = isinstance(value, Reference) and value.kind is Kind.DICT
    keys = machine.expressions.items(value, state) if is_dict else None
    if keys is None or not all(isinstance(key, str) for key in keys):
        return None
    return tuple((key, under_key(machine, value, key, state)) for key in keys)


def put(machine: Machine, subject: Reference, key: Any, value: Any, state: State) -> bool:  # noqa: ANN401
    """Gives a dictionary a value under a key; whether it is still known what keys it has."""
    keys = machine.expressions.items(subject, state)
    if keys is None or not is_constant(key):
        return False
    slot = machine.statements.targets.slot
    slot(subject.place, _KEYS, tuple(dict.fromkeys((*keys, key))), state)
    slot(subject.place, key_slot(key), value, state)
    return True
