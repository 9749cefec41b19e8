"""Secrets in the places where others have their names: the rows `place` of redaction.toml.

A value counts only if it is no word of a sentence: it has a letter and a digit, and eight characters or more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.support.redaction_names import spares_after_option
from envdoctor.support.redaction_rules import SECRET, Rule

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

_QUOTE = r"""(?:\\{0,3}["'`])"""
#: A letter and a digit near its beginning.
_MIXED = r"(?=[^\s\d]{0,60}\d)(?=[^\sA-Za-z]{0,60}[A-Za-z])"
_BARE = rf"{_MIXED}(?P<hide>[^\s\"'`,;<>(){{}}\[\]\\][^\s\"'`;<>()]{{7,2000}})"
_NO_REQUIREMENT = r"(?![^\s=<>~!]{1,80}[=<>~!]=)"
_NO_FILE = rf"(?![\w./-]{{1,200}}\.[a-z]\w{{0,7}}{_QUOTE}?[ \t\r]*$)"
#: What the words between `@` in a pattern stand for.
_FRAGMENTS = {
    "WORD": r"(?:pass(?:word|wd|phrase)|secret|token|(?:api|access|private|secret|auth)[ _.-]?key|credential)",
    "QUOTE": _QUOTE,
    "GAP": r"[ \t]{0,20}",
    "MIXED": _MIXED,
    "BARE": _BARE,
    "TEXT": rf"(?:b|r|u|f)?{_QUOTE}{_MIXED}(?P<hide>[^\s\"'`\\]{{8,2000}}){_QUOTE}",
    "EITHER": rf"(?:b|r|u|f)?{_QUOTE}?{_BARE}",
    #: A line with nothing but a value on it.
    "LINE": (
        rf"[ \t]{{0,40}}(?:- )?{_QUOTE}?{_NO_REQUIREMENT}{_NO_FILE}"
        rf"{_MIXED}(?P<hide>[^\s\"'`(){{}}\[\]\\,;]{{8,2000}}){_QUOTE}?,?[ \t\r]*$"
    ),
    "COMMENT": r"(?:#|//|--|;|/\*|<!--)",
}


def secrets_in_places() -> Iterator[Rule]:
    """The rules for them."""
    for row in load_table("redaction")["place"]:
        pattern = row["pattern"]
        for word, fragment in _FRAGMENTS.items():
            pattern = pattern.replace(f"@{word}@", fragment)
        yield Rule(kind="secret", pattern=pattern, placeholder=SECRET, hints=tuple(row["hints"]), spares=_stays)


def _stays(match: re.Match[str]) -> bool:
    return spares_after_option(match["hide"])
