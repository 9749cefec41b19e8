"""Whether a text that this Python can't read is refused by another one, too, or what it says to a newer one."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.support.newer_syntax import SINCE, parse_newer
from envdoctor.support.syntax import InvalidSyntax, encoding_of

if TYPE_CHECKING:
    import ast

    from envdoctor.core.target import Target

NUL = "\0"
_UNDECODED = re.compile("[\udc80-\udcff]")  # as `surrogateescape` leaves them
_F_STRINGS = ("f'", 'f"', "fr'", 'fr"')
_OTHER_GRAMMAR = "barry_as_FLUFL"  # a feature of __future__ that few know
_FORMATTED_ANEW = (3, 12)  # PEP 701: what stands in an f-string follows other rules since


def refusal(error: Exception, text: str, target: Target) -> str:
    """What is wrong with a text that `parse_python` did not take, if the target's Python certainly refuses it; else "".

    What this Python refuses, an older one refuses as well, but for f-strings; of a newer one nothing is known. In
    another encoding the text may be another one. A NUL, and what is not UTF-8, is refused by all of them.

    Args:
        error: what was raised for it.
        text: the text of a module.
        target: whose Python is to read it.
    """
    if NUL in text and not _other_encoding(text):
        return f"line {text[: text.index(NUL)].count(chr(10)) + 1}: it holds a NUL byte"
    if (stray := _UNDECODED.search(text)) and not _other_encoding(text):
        return f"line {text[: stray.start()].count(chr(10)) + 1}: it is not UTF-8, and names no encoding"
    if not isinstance(error, InvalidSyntax) or _OTHER_GRAMMAR in text or _other_encoding(text):
        return ""
    here, there = sys.version_info[:2], target.interpreter.version
    anew = there < _FORMATTED_ANEW <= here and any(each in text.lower() for each in _F_STRINGS)
    return "" if there > here or anew else f"line {error.line}: {error.problem}"


def newer_tree(text: str, target: Target) -> ast.Module | None:
    """The tree of a text that this Python did not take, as the newer one of a target does; None where not known."""
    here, there = sys.version_info[:2], target.interpreter.version
    if there <= here or there < SINCE:
        return None
    try:
        return parse_newer(text, there)
    except Unreadable:
        return None


def _other_encoding(text: str) -> bool:
    """Whether the first two lines name an encoding other than UTF-8."""
    return encoding_of(text)[0].lower().replace("_", "-") not in {"", "utf-8", "utf8"}
