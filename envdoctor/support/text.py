"""Words for people: text that is safe to show, sizes, times, and commands as a shell takes them."""

from __future__ import annotations

import functools
import os
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Control characters, and the ones that turn the reading direction or hide themselves: what a terminal or a reader can
#: be fooled with. Line feeds and tabs are not among them.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_SHELL_SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_MOST_DIGITS = 18
_HOME = re.compile(r"~[\\/]")


def visible(text: str) -> str:
    r"""The text with every control character shown as its escape (`\x1b`), so that none has an effect.

    Line ends become line feeds and tabs four spaces; both are kept.
    """
    text = text.replace("\r\n", "\n").expandtabs(4)
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    number = ord(match[0])
    if number < 0x100:  # noqa: PLR2004  (as Python's repr does)
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"  # noqa: PLR2004


def one_line(text: str) -> str:
    """The text on one line, safe to show."""
    return " ".join(visible(text).split())


def encodable(text: str, encoding: str) -> str:
    """The text as a stream of that encoding can take it; what it can't is shown as an escape, not lost."""
    try:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        return text.encode("ascii", "backslashreplace").decode()


def cells(text: str) -> int:
    """How many columns of a terminal the text takes: wide East Asian characters two, combining ones none."""
    return len(text) if text.isascii() else sum(_cells_of(character) for character in text)


@functools.lru_cache(maxsize=1024)
def _cells_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def wrap(text: str, width: int) -> list[str]:
    """Break a text into lines of at most that many columns, between words only: a path or a command stays whole.

    Line feeds in the text are kept; an empty text is one empty line.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            if line and cells(line) + 1 + cells(word) > width:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
    return lines


def plural(count: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def short_name(name: str, most: int = 60) -> str:
    """A tensor's name, its end alone where it is long: converters write paths of modules, several where they fuse."""
    first = next((part for part in name.split(";;") if part), name).rstrip(";")
    if len(first) <= most:
        return first
    parts = first[-most:].partition("/")
    return f"...{parts[1]}{parts[2]}" if parts[2] else f"...{first[-most:]}"


def size(count: float) -> str:
    """A number of bytes in binary units (`83.9 MiB`)."""
    for unit in ("B", "KiB", "MiB"):
        if abs(count) < 1024:  # noqa: PLR2004  (bytes in a KiB, as is plain here)
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def duration(seconds: float) -> str:
    """A time (`0.12 ms`, `0.60 s`, `12.3 s`, `3 min 20 s`)."""
    if 0 < seconds < 0.1:  # noqa: PLR2004  (below a tenth, milliseconds read better)
        return f"{seconds * 1000:.2g} ms"
    if seconds < 100:  # noqa: PLR2004  (from there on, fractions of a second don't matter)
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def few(names: Sequence[str], shown: int = 4) -> str:
    """``a, b, c, d and 3 more``."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {more} more" if more > 0 else "")


def frequency(hertz: float) -> str:
    """A frequency (`500 MHz`)."""
    for unit in ("Hz", "kHz", "MHz"):
        if hertz < 1000:  # noqa: PLR2004  (a metric prefix)
            return f"{hertz:.4g} {unit}"
        hertz /= 1000
    return f"{hertz:.4g} GHz"


def quote_command(argv: tuple[str, ...], *, windows: bool = os.name == "nt") -> str:
    """A command as it can be pasted into a shell: sh, or on Windows cmd and PowerShell.

    A leading `~/`, as redaction leaves it, stays unquoted, so that the shell puts the reader's home there.
    """
    quote = _quote_windows if windows else _quote_posix
    return " ".join(quote(visible(word)) for word in argv)


def _quote_posix(word: str) -> str:
    home, rest = (word[:2], word[2:]) if _HOME.match(word) else ("", word)
    if _SHELL_SAFE.fullmatch(rest) or (home and not rest):
        return home + rest
    return home + "'" + rest.replace("'", "'\"'\"'") + "'"


def _quote_windows(word: str) -> str:
    if re.fullmatch(r"[\w@%+=:,./\\~-]+", word):
        return word
    return '"' + word.replace('"', '\\"') + '"'


def version_tuple(text: str) -> tuple[int, ...]:
    """`2.17` as (2, 17)."""
    return tuple(map(int, text.split(".")))


def read_number(digits: str) -> int:
    """Decimal digits as a number; what is too long for any that is meant is the largest of eighteen digits.

    `int` refuses more than 4,300 digits with a ValueError, and a file or a server may give as many as it likes.
    """
    return int(digits) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS - 1
