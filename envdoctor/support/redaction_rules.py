"""The rules of redaction: what is looked for in a text and what takes its place.

A rule is a regular expression whose group `hide` is replaced. Every pattern starts at a boundary and has bounded
repetitions, so that a long hostile text costs time in proportion to its length.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.frozen import frozen

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator

_WORD_START = re.compile(r"\(\?<!\[A-Za-z0-9[^\]]*\]\)")
SECRET = "****"  # noqa: S105  (what stands in a secret's place)
USER = "<user>"
HOST = "<host>"
EMAIL = "<e-mail>"
ADDRESS = "<address>"

#: Values of this many characters are looked for inside longer words too; shorter ones only as words of their own.
LONG = 8
_SHORT_SECRET = 4
#: How much of the text around a match can spare it.
_AROUND = 100
#: A token of a vendor has at least this many characters behind its prefix.
_TOKEN = 16
#: No name in a program begins like a prefix of this length; what follows a shorter one, or one that is a word, must be
#: no words (`key-value-store`, `npm_config_cache`, `napi_create_function`).
_PLAIN_PREFIX = 5
_WORD_PREFIX = re.compile("[a-z]+_")
_NO_WORDS = r"[\w.=+/~:-]{0,40}?(?=[A-Za-z]{0,40}\d|[A-Za-z]{20})[A-Za-z0-9]{12}"


@frozen
class Rule:
    """One thing to look for.

    Attributes:
        kind: what it is, for a person (`GitHub token`); the key of a tally.
        placeholder: what takes the place of the group `hide`.
        hints: a text that holds none of them (compared in lower case) can't match.
        spares: says of a match whether its value stays.
    """

    kind: str
    pattern: str
    placeholder: str
    hints: tuple[str, ...]
    spares: Callable[[re.Match[str]], bool] | None = None

    def apply(self, text: str, tally: Counter[str]) -> str:
        """The text with every match hidden; counts the changes."""
        return compiled(self.pattern).sub(lambda match: self._hide(match, tally), text)

    def _hide(self, match: re.Match[str], tally: Counter[str]) -> str:
        if match["hide"] == self.placeholder or (self.spares is not None and self.spares(match)):
            return match[0]
        start, end = match.start("hide") - match.start(), match.end("hide") - match.start()
        tally[self.kind] += 1
        return match[0][:start] + self.placeholder + match[0][end:]


def text_before(match: re.Match[str]) -> str:
    """The end of the text before what a match would hide."""
    first = match.start("hide")
    return match.string[max(0, first - _AROUND) : first]


def text_after(match: re.Match[str]) -> str:
    """The beginning of the text behind what a match would hide."""
    last = match.end("hide")
    return match.string[last : last + _AROUND]


@functools.cache
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, compiled once."""
    return re.compile(pattern)


def known_secrets(values: tuple[str, ...]) -> Iterator[Rule]:
    """Rules for values that are known to be secret, longest first."""
    for value in sorted(set(values), key=lambda value: (-len(value), value)):
        if len(value) < _SHORT_SECRET or value.strip("*") == "" or value in f"{USER}{HOST}{EMAIL}{ADDRESS}":
            continue
        pattern = rf"(?P<hide>{re.escape(value)})"
        if len(value) < LONG:
            pattern = rf"(?<![\w.-]){pattern}(?![\w.-])"
        yield Rule(kind="secret", pattern=pattern, placeholder=SECRET, hints=(value.lower(),))


def shapes() -> Iterator[Rule]:
    """Rules for what is told by its shape: the table's own patterns, then the prefixes of vendors' tokens."""
    table = load_table("redaction")
    for row in table["shape"]:
        yield Rule(
            kind=row["name"], pattern=_also_in_strings(row["pattern"]), placeholder=SECRET, hints=tuple(row["hints"])
        )
    for vendor, prefixes in table["tokens"].items():
        for prefix in prefixes:
            yield Rule(
                kind=f"{vendor} token",
                pattern=_also_in_strings(
                    rf"(?<![A-Za-z0-9])(?P<hide>{re.escape(prefix)}"
                    rf"(?={'' if _is_plain(prefix) else _NO_WORDS})"
                    rf"[\w.=+/~:-]{{{_TOKEN},2000}})(?<![.:])"
                ),
                placeholder=SECRET,
                hints=(prefix.lower(),),
            )


def _is_plain(prefix: str) -> bool:
    return len(prefix) >= _PLAIN_PREFIX and not _WORD_PREFIX.fullmatch(prefix)


def _also_in_strings(pattern: str) -> str:
    """The pattern, where words also begin behind the escape sequence of a line end (in JSON)."""
    return _WORD_START.sub(lambda start: rf"(?:{start[0]}|(?<=\\[nrt]))", pattern)
