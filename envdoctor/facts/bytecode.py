"""Modules that are installed compiled, without their text: whether this Python reads them.

Source: CPython's Lib/importlib/_bootstrap_external.py and Include/internal/pycore_magic_number.h, which tell the magic
numbers of each version; the last of a version is that of its releases.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen
from envdoctor.support.files import read_head

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.records import Record

_MAGIC = {
    (3, 6): 3379,
    (3, 7): 3394,
    (3, 8): 3413,
    (3, 9): 3425,
    (3, 10): 3439,
    (3, 11): 3495,
    (3, 12): 3531,
    (3, 13): 3571,
    (3, 14): 3627,
}
_HEAD = 16  # bytes before the code
_MOST_FILES = 2000


@frozen
class ForeignBytecode:
    """A distribution with compiled modules that this Python refuses.

    Attributes:
        files: their paths, without text beside them.
        made_for: the Python that the first is for, such as "3.10"; empty where it is of none that is known.
    """

    distribution: Distribution
    files: tuple[str, ...]
    made_for: str


@frozen
class Bytecode:
    """All of them."""

    foreign: tuple[ForeignBytecode, ...] = ()


def derive(facts: Facts) -> Bytecode:
    """Look at the heads of compiled modules that lie where their text would; none is run.

    Raises:
        FactUnavailable: the interpreter or the RECORDs could not be looked at.
    """
    parts = facts.python.version.split(".")
    version = (int(parts[0]), int(parts[1])) if "".join(parts[:2]).isdecimal() else (0, 0)
    if facts.python.implementation != "cpython" or version not in _MAGIC:
        return Bytecode()
    active = {one.metadata for one in facts.packages.active().values()}
    records = (record for record in facts.records.records if record.distribution.metadata in active)
    return Bytecode(foreign=tuple(found for record in records for found in _foreign(record, _MAGIC[version])))


def _foreign(record: Record, magic: int) -> Iterator[ForeignBytecode]:
    paths = {path for path in record.paths if path.endswith((".pyc", ".py"))}
    alone = sorted(path for path in paths if path.endswith(".pyc") and "__pycache__" not in path)
    files = [os.path.join(record.distribution.root, path) for path in alone if path[:-1] not in paths][:_MOST_FILES]
    numbers = {file: number for file in files if (number := _number(file)) is not None and number != magic}
    if numbers:
        first = next(iter(numbers.values()))
        version = next((each for each, number in _MAGIC.items() if number == first), None)
        made_for = "{}.{}".format(*version) if version else ""
        yield ForeignBytecode(distribution=record.distribution, files=tuple(numbers), made_for=made_for)


def _number(file: str) -> int | None:
    """The magic number of a compiled module; 0 of what is none; None where it can't be read."""
    try:
        head = read_head(file, _HEAD)
    except OSError:
        return None
    return int.from_bytes(head[:2], "little") if len(head) == _HEAD and head[2:4] == b"\r\n" else 0
