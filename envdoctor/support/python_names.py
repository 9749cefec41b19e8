"""Names of Pythons, as typed and printed: ``3.11``, ``cp313t``, ``pp310``; and ranges of them, ``3.10-3.14``."""

from __future__ import annotations

import re
from typing import Any

from envdoctor.core.data import load_table
from envdoctor.core.errors import UsageProblem
from envdoctor.core.target import Interpreter

_PYTHON = re.compile(r"(cp|cpython|py|python|pp|pypy)?(\d)[._]?(\d{1,2})(?:\.(\d+))?(t)?")
_RANGE = re.compile(r"3\.(\d{1,2})-3\.(\d{1,2})")


def parse_pythons(text: str) -> tuple[Interpreter, ...]:
    """The Pythons that a list names: ``3.11``, ``3.10-3.14``, ``cp313t,pp310``.

    Raises:
        UsageProblem: a word is no Python that is known, or a range is none.
    """
    words = list(filter(None, re.split(r"[,\s]+", text.strip().lower())))
    if not words:
        raise UsageProblem(f"{text!r} names no Python; {_known()}.")
    found: list[Interpreter] = []
    for word in words:
        found += _range(word) if "-" in word else [_one(word)]
    return tuple(dict.fromkeys(found))


def read_python(word: str) -> Interpreter | None:
    """The Python that a word in lower case names; None if it has not the shape of one.

    Raises:
        UsageProblem: it has, and there is no such Python.
    """
    match = _PYTHON.fullmatch(word)
    if match is None or (not match[1] and match[2] not in "23"):
        return None
    python = Interpreter(
        implementation="pp" if (match[1] or "").startswith("pp") or match[1] == "pypy" else "cp",
        version=(int(match[2]), int(match[3])),
        patch=int(match[4]) if match[4] else None,
        free_threaded=bool(match[5]),
    )
    if not _exists(python):
        raise UsageProblem(f"{word!r} is no Python that is known; {_known()}.")
    return python


def _one(word: str) -> Interpreter:
    python = read_python(word)
    if python is None:
        raise UsageProblem(f"{word!r} is no Python; {_known()}.")
    return python


def _range(word: str) -> list[Interpreter]:
    match = _RANGE.fullmatch(word)
    if match is None:
        raise UsageProblem(f"{word!r} is no Python and no range; {_known()}.")
    first, last = int(match[1]), int(match[2])
    if first > last:
        raise UsageProblem(f"{word!r} is no range of Pythons: it runs backwards; write 3.{last}-3.{first}.")
    for end in (first, last):
        _one(f"3.{end}")
    return [Interpreter(version=(3, minor)) for minor in range(first, last + 1)]


def _exists(python: Interpreter) -> bool:
    is_pypy = python.implementation == "pp"
    first, last = _bounds()["pypy" if is_pypy else "free_threaded" if python.free_threaded else "cpython"]
    return python.version[0] == 3 and first <= python.version[1] <= last and not (is_pypy and python.free_threaded)  # noqa: PLR2004  (Python 3)


def _bounds() -> dict[str, tuple[int, int]]:
    """First and last minor version of each kind."""
    table: dict[str, Any] = load_table("targets")["pythons"]
    return {kind: (first, last) for kind, (first, last) in table.items()}


def _known() -> str:
    spans = {kind: f"3.{first} to 3.{last}" for kind, (first, last) in _bounds().items()}
    return (
        f"envdoctor knows CPython {spans['cpython']} (written 3.11, or 3.10-3.14 for several), free-threaded "
        f"{spans['free_threaded']} (3.13t) and PyPy {spans['pypy']} (pp310)"
    )
