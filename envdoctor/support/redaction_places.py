"""Secrets in the places where others have their names: the rows `place` of redaction.toml.

A value counts only if it is no word of a sentence: it has a letter and a digit, and eight characters or more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.frozen import frozen
from envdoctor.support.redaction_names import spares_after_option
from envdoctor.support.redaction_rules import SECRET, Rule, compiled

if TYPE_CHECKING:
    import re
    from collections import Counter
    from collections.abc import Iterator

_QUOTE = r"""(?:\\{0,3}["'`])"""
#: A letter and a digit near its beginning.
_MIXED = r"(?=[^\s\d]{0,60}\d)(?=[^\sA-Za-z]{0,60}[A-Za-z])"
_BARE = rf"{_MIXED}(?P<hide>[^\s\"'`,;<>(){{}}\[\]\\][^\s\"'`;<>()]{{7,2000}})"
_NO_REQUIREMENT = r"(?![^\s=<>~!]{1,80}[=<>~!]=)"
_NO_FILE = rf"(?![\w./-]{{1,200}}\.[a-z]\w{{0,7}}{_QUOTE}?[ \t\r]*$)"
_WORD = r"(?:pass(?:word|wd|phrase)|secret|token|(?:api|access|private|secret|auth)[ _.-]?key|credential)"
_ANY_WORD = rf"(?i){_WORD}"
#: How the pattern of a place begins that has such a word first.
_AT_WORD = ("(?i)@WORD@", "(?im)@WORD@")
_HINTS = ("pass", "secret", "token", "key", "cred")
#: What the words between `@` in a pattern stand for.
_FRAGMENTS = {
    "WORD": _WORD,
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


@frozen(kw_only=False)
class SecretsAtWords:
    """The rule for places that begin with a word such as `token`: it is looked for once, and each way tried there."""

    patterns: tuple[str, ...]
    hints: tuple[str, ...] = _HINTS

    def apply(self, text: str, tally: Counter[str]) -> str:
        """See `Rule`."""
        pieces, done = [], 0
        for word in compiled(_ANY_WORD).finditer(text):
            found = self._value_at(text, word.start()) if word.start() >= done else None
            if found is not None:
                pieces += [text[done : found.start("hide")], SECRET]
                done = found.end("hide")
                tally["secret"] += 1
        return "".join([*pieces, text[done:]])

    def _value_at(self, text: str, start: int) -> re.Match[str] | None:
        for pattern in self.patterns:
            found = compiled(pattern).match(text, start)
            if found is not None and found["hide"] != SECRET and not _stays(found):
                return found
        return None


def secrets_in_places() -> Iterator[Rule | SecretsAtWords]:
    """The rules for them."""
    at_words = []
    for row in (way for place in load_table("redaction")["place"] for way in place["ways"]):
        pattern = row["pattern"]
        begins = pattern.startswith(_AT_WORD)
        for word, fragment in _FRAGMENTS.items():
            pattern = pattern.replace(f"@{word}@", fragment)
        if begins:
            at_words.append(pattern)
        else:
            hints = tuple(row.get("hints", _HINTS))
            yield Rule(kind="secret", pattern=pattern, placeholder=SECRET, hints=hints, spares=_stays)
    yield SecretsAtWords(tuple(at_words))


def _stays(match: re.Match[str]) -> bool:
    return spares_after_option(match["hide"])
