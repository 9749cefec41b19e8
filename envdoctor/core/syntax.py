"""Python's syntax trees, for text that nobody runs."""

from __future__ import annotations

import ast
import threading
import warnings

from envdoctor.core.errors import Unreadable

# CPython 3.11 counts the depth of its trees in one place for all threads: "AST constructor recursion depth mismatch".
_ONE_AT_A_TIME = threading.Lock()


def parse_python(source: str) -> ast.Module:
    """The syntax tree of a module's text. Safe to call from several threads; says nothing of the text's style.

    Raises:
        Unreadable: it is not Python as this interpreter knows it, or is nested too deeply.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # since Python 3.12 "invalid escape sequence" would be printed
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise Unreadable(f"not Python that can be read: {error}") from error
