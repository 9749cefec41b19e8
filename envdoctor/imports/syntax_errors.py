"""Whether a text that this Python can't read is refused by another one, too, or what it says to a newer one."""

from __future__ import annotations

import contextlib
import re
import sys
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.support.newer_syntax import SINCE, parse_newer
from envdoctor.support.older_syntax import may_be_newer, why_refused
from envdoctor.support.syntax import InvalidSyntax, encoding_of, parse_python

if TYPE_CHECKING:
    import ast

    from envdoctor.core.target import Target

NUL = "\0"
_UNDECODED = re.compile("[\udc80-\udcff]")  # as `surrogateescape` leaves them
_F_STRINGS = ("f'", 'f"', "fr'", 'fr"')
_OTHER_GRAMMAR = "barry_as_FLUFL"  # a feature of __future__ that few know
_FORMATTED_ANEW = (3, 12)  # PEP 701: what stands in an f-string follows other rules since


class RefusedText(Unreadable):
    """A text that a target's Python certainly refuses; its words say the line and what is wrong."""


def tree_for(text: str, target: Target) -> ast.Module:
    """The tree of a text as the Python of a target reads it.

    What this Python refuses, an older one refuses as well, but for f-strings, and a newer one too where nothing in the
    text looks like what came with it. In another encoding the text may be another one. A NUL, and what is not UTF-8, is
    refused by all of them.

    Raises:
        RefusedText: that Python takes it for no Python.
        Unreadable: it is not understood, which proves nothing.
    """
    here, there = sys.version_info[:2], target.interpreter.version
    is_plain = _OTHER_GRAMMAR not in text and not _other_encoding(text)
    try:
        tree = parse_python(text)
    except Unreadable as error:
        if SINCE <= there > here:
            with contextlib.suppress(Unreadable):
                return parse_newer(text, there)
        anew = there < _FORMATTED_ANEW <= here and any(each in text.lower() for each in _F_STRINGS)
        if refused := _undecoded(text):
            raise RefusedText(refused) from error
        old = there <= here
        if isinstance(error, InvalidSyntax) and is_plain and not anew and (old or not may_be_newer(error, text, there)):
            raise RefusedText(f"line {error.line}: {error.problem}") from error
        raise
    wrong = why_refused(text.removeprefix("\ufeff"), there) if is_plain else None
    if wrong is not None:
        raise RefusedText(f"line {wrong.line}: {wrong.problem}")
    return tree


def _undecoded(text: str) -> str:
    if _other_encoding(text):
        return ""
    if NUL in text:
        return f"line {text[: text.index(NUL)].count(chr(10)) + 1}: it holds a NUL byte"
    stray = _UNDECODED.search(text)
    return f"line {text[: stray.start()].count(chr(10)) + 1}: it is not UTF-8, and names no encoding" if stray else ""


def _other_encoding(text: str) -> bool:
    """Whether the first two lines name an encoding other than UTF-8."""
    return encoding_of(text)[0].lower().replace("_", "-") not in {"", "utf-8", "utf8"}
