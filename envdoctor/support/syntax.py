"""Python's syntax trees, for text that nobody runs."""

from __future__ import annotations

import ast
import codecs
import re
import threading
import warnings
from collections import OrderedDict
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

# CPython 3.11 counts the depth of its trees in one place for all threads: "AST constructor recursion depth mismatch".
_ONE_AT_A_TIME = threading.Lock()
#: Characters of text whose trees are kept, since the same module is asked about for one Python after the other; a tree
#: takes some forty times as much memory.
_MOST_KEPT = 4 << 20
_kept: OrderedDict[str, ast.Module] = OrderedDict()
_COOKIE = re.compile(r"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")  # PEP 263
_LONGEST_HEAD = 400
_characters = 0  # in these


class InvalidSyntax(Unreadable):
    """A text breaks the grammar of the Python that reads it.

    Attributes:
        line: from 1; 0 where none is told.
        problem: what is wrong.
    """

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"not Python that can be read: {problem} (line {line})")
        self.line = line
        self.problem = problem


class UnknownEncoding(InvalidSyntax):
    """A text names an encoding that Python does not have; a package may bring it, before the text is read."""


def parse_python(source: str) -> ast.Module:
    """The syntax tree of a module's text. Safe to call from several threads; says nothing of the text's style.

    The tree is shared with who asks for the same text: don't change it.

    Raises:
        InvalidSyntax: it is not Python as this interpreter knows it.
        Unreadable: it is nested too deeply, or has characters that can't be.
    """
    global _characters  # noqa: PLW0603 - guarded by the lock, as what it counts
    source = source.removeprefix("\ufeff")  # a byte order mark, which Python takes at the start of a file
    with _ONE_AT_A_TIME:
        tree = _kept.get(source)
        if tree is None:
            tree = _kept[source] = _parsed(source)
            _characters += len(source)
        _kept.move_to_end(source)
        while len(_kept) > 1 and _characters > _MOST_KEPT:
            _characters -= len(_kept.popitem(last=False)[0])
        return tree


def grammar_error(reader: Callable[[], object]) -> InvalidSyntax | None:
    """What CPython's parser or compiler says against a text, asked one at a time and without its warnings."""
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            reader()
        except SyntaxError as error:
            return InvalidSyntax(error.lineno or 0, error.msg)
        except (ValueError, RecursionError, MemoryError):  # not for its grammar
            pass
    return None


def encoding_of(text: str) -> tuple[str, int]:
    """The encoding that the first or second line of a text names (PEP 263), and in which line; "" and 0 for none."""
    lines = text[:_LONGEST_HEAD].splitlines()[:2] if "coding" in text[:_LONGEST_HEAD] else []
    for number, line in enumerate(lines, 1):
        match = _COOKIE.match(line)
        if match or (line.strip() and not line.lstrip().startswith("#")):
            return (match[1], number) if match else ("", 0)
    return "", 0


def _parsed(source: str) -> ast.Module:
    encoding, line = encoding_of(source)
    try:
        codecs.lookup(encoding or "utf-8")
    except LookupError:
        raise UnknownEncoding(line, f"unknown encoding: {encoding}") from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # since Python 3.12 "invalid escape sequence" would be printed
        try:
            return ast.parse(source)
        except SyntaxError as error:
            raise InvalidSyntax(error.lineno or 0, error.msg) from error
        except (ValueError, RecursionError, MemoryError) as error:
            raise Unreadable(f"not Python that can be read: {error}") from error
