"""The messages of a SavedModel as they are nested: each must be one, its texts UTF-8, and its sizes possible."""

from __future__ import annotations

import functools
from typing import NamedTuple

from envdoctor.core.data import load_table
from envdoctor.core.errors import Unreadable
from envdoctor.support.protobuf import read_message

_KEY, _VALUE, _UNKNOWN_SIZE = 1, 2, -1


class _Shape(NamedTuple):
    """Which fields of a message are texts, other messages (of what kind), and maps."""

    texts: tuple[int, ...]
    parts: tuple[tuple[int, str], ...]


def require_messages(data: memoryview) -> None:
    """Refuse what the decoder of protocol buffers would not take, wherever in a SavedModel it stands.

    Raises:
        Unreadable: a message is damaged, a text no UTF-8, or a size negative.
    """
    waiting = [("SavedModel", data)]
    while waiting:
        kind, part = waiting.pop()
        message, shape = read_message(part), _shapes()[kind]
        for number in shape.texts:
            for text in message.parts(number):
                _require_text(text)
        if kind == "Size" and message.signed(1) < _UNKNOWN_SIZE:
            raise Unreadable(f"a shape in it has the size {message.signed(1)}")
        waiting += [(inner, each) for number, inner in shape.parts for each in message.parts(number)]


def _require_text(text: memoryview) -> None:
    try:
        str(text, "utf-8")
    except UnicodeDecodeError:
        raise Unreadable(f"a text in it is no UTF-8: {bytes(text[:40])!r}") from None


@functools.cache
def _shapes() -> dict[str, _Shape]:
    """The table's messages, with one more for the entries of each kind of map."""
    shapes = {}
    for kind, fields in load_table("saved-model")["messages"].items():
        texts, parts = [], []
        for word in fields.split():
            number, is_map, inner = word.partition(">")
            if is_map:
                parts.append((int(number), f">{inner}"))
                shapes[f">{inner}"] = _Shape((_KEY,), ((_VALUE, inner),)) if inner else _Shape((_KEY, _VALUE), ())
            elif ":" in word:
                parts.append((int(word.partition(":")[0]), word.partition(":")[2]))
            else:
                texts.append(int(word))
        shapes[kind] = _Shape(tuple(texts), tuple(parts))
    return shapes
