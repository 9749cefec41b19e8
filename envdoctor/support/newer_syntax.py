"""Writes what newer Pythons' grammar has in the words of older ones, so that its meaning for an import stays.

PEP 695 (`type X = ...`, `def f[T]`, `class C[T]`) and 701 (f-strings) of Python 3.12, 758 (`except A, B:`) of 3.14.
"""

from __future__ import annotations

import ast
import io
import itertools
import re
import tokenize
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from tokenize import TokenInfo

    Edit = tuple[tuple[int, int], tuple[int, int], str]

SINCE, NEWEST = (3, 12), (3, 14)
_BARE_LISTS_SINCE = (3, 14)
_START = re.compile(r"#[^\n]*|(?<!\w)([A-Za-z]{0,2})('''|\"\"\"|'|\")")
_MARKS = re.compile(r"[\[\](){}:]|!=")
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")
_BETWEEN = {tokenize.NL, tokenize.COMMENT}
_STARTS = {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}
#: Stands for every parameter of a type, and for what a class with any has as its last base.
_PARAMETER, _GENERIC = "TypeVar", "Generic"


def parse_newer(source: str, version: tuple[int, int]) -> ast.Module:
    """The tree of a text that only newer Pythons take; annotations are as if they were not evaluated.

    Args:
        source: the text.
        version: of the Python that is to take it.

    Raises:
        Unreadable: it is not understood.
    """
    try:
        text, names, classes = _in_older_words(_without_new_strings(source), version)
        tree = ast.parse(text)
    except (SyntaxError, tokenize.TokenError, ValueError, IndexError, RecursionError, MemoryError) as error:
        raise Unreadable(f"not Python that can be read: {error}") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.lineno in classes:
            node.bases.append(ast.Name(_GENERIC, ast.Load()))
    taken = [ast.alias(_PARAMETER, name) for name in sorted(names)] + [ast.alias(_GENERIC)] * bool(classes)
    ahead = [ast.ImportFrom("__future__", [ast.alias("annotations")], 0)]
    ahead += [ast.ImportFrom("typing", taken, 0)] if taken else []
    tree.body[:0] = ahead
    return ast.fix_missing_locations(tree)


def _without_new_strings(source: str) -> str:
    """The text with a formatted string in place of each that this Python can't read; what it gives is not known."""
    parts, done, at = list[str](), 0, 0
    while found := _START.search(source, at):
        at = found.end()
        if not found[2]:
            continue
        at = _string_end(source, found)
        if "f" in found[1].lower() and not _is_read(piece := source[found.start() : at]):
            lines = "\n" * piece.count("\n")
            parts += [source[done : found.start()], f'f"""{{id(0){lines}}}"""']
            done = at
    return "".join([*parts, source[done:]])


def _is_read(piece: str) -> bool:
    try:
        ast.parse(f"({piece})")
    except SyntaxError:
        return False
    return True


def _string_end(source: str, start: re.Match[str]) -> int:
    """Where a string literal ends."""
    prefix, quote = start[1].lower(), start[2]
    at, is_formatted = start.end(), bool({"f", "t"} & set(prefix))
    while not source.startswith(quote, at):
        if source[at] == "\\":
            is_named = "r" not in prefix and source.startswith("N{", at + 1)
            at = source.index("}", at) + 1 if is_formatted and is_named else at + 1 + (source[at + 1] not in "{}")
        elif is_formatted and source[at] in "{}":
            is_doubled = source[at + 1] == source[at]
            at = at + 2 if is_doubled else _field_end(source, at + 1)
        else:
            at += 1
    return at + len(quote)


def _field_end(source: str, at: int) -> int:
    """Where a replacement field of a formatted string ends."""
    depth = 0
    while True:
        mark, string = _MARKS.search(source, at), _START.search(source, at)
        if mark is None:
            raise ValueError("a field of a formatted string has no end")
        if string is not None and string.start() < mark.start():
            at = _string_end(source, string) if string[2] else string.end()
            continue
        at = mark.end()
        if mark[0] == ":" and not depth:
            while source[at] != "}":
                at = _field_end(source, at + 1) if source[at] == "{" else at + 1
            return at + 1
        if mark[0] == "}" and not depth:
            return at
        depth += (mark[0] in _OPEN) - (mark[0] in _CLOSE)


def _in_older_words(source: str, version: tuple[int, int]) -> tuple[str, set[str], set[int]]:
    """The text, the names of the parameters that were taken out of it, and the lines of classes that had any."""
    tokens = [each for each in tokenize.generate_tokens(io.StringIO(source).readline) if each.type not in _BETWEEN]
    edits: list[Edit] = []
    names, classes = set[str](), set[int]()
    for at, token in enumerate(tokens[:-2]):
        name, after = tokens[at + 1], tokens[at + 2]
        is_named = token.type == name.type == tokenize.NAME
        if is_named and token.string in {"def", "class"} and after.string == "[":
            end = _closing(tokens, at + 2)
            names.update(_parameters(tokens[at + 2 : end]))
            classes |= {token.start[0]} if token.string == "class" else set()
            edits.append((after.start, tokens[end].end, "\\\n" * (tokens[end].end[0] - after.start[0])))
        elif is_named and token.string == "type" and after.string in {"=", "["} and _starts(tokens, at):
            end = next(place for place, each in enumerate(tokens) if place > at and each.type == tokenize.NEWLINE)
            lines = "\\\n" * (tokens[end].start[0] - token.start[0])
            edits.append((token.start, tokens[end].start, f"from typing import {lines}TypeAliasType as {name.string}"))
        elif token.string == "except" and version >= _BARE_LISTS_SINCE:
            edits += _handled(tokens, at)
    return _edited(source, edits), names, classes


def _starts(tokens: Sequence[TokenInfo], at: int) -> bool:
    """Whether a statement starts with a token."""
    return at == 0 or tokens[at - 1].type in _STARTS or tokens[at - 1].string in {";", ":"}


def _closing(tokens: Sequence[TokenInfo], at: int) -> int:
    depth = 0
    while True:
        depth += (tokens[at].string in _OPEN) - (tokens[at].string in _CLOSE)
        if not depth:
            return at
        at += 1


def _parameters(tokens: Sequence[TokenInfo]) -> Iterator[str]:
    depth = 0
    for before, token in itertools.pairwise(tokens):
        depth += (before.string in _OPEN) - (before.string in _CLOSE)
        if depth == 1 and token.type == tokenize.NAME and before.string in {"[", ",", "*", "**"}:
            yield token.string


def _handled(tokens: Sequence[TokenInfo], at: int) -> Iterator[Edit]:
    """Parentheses around the exceptions of an `except` that has several without any."""
    at += 1 + (tokens[at + 1].string == "*")
    start, is_list = tokens[at].start, False
    while tokens[at].string != ":":
        is_list |= tokens[at].string == ","
        at = _closing(tokens, at) + 1
    if is_list:
        yield start, start, " ("
        yield tokens[at].start, tokens[at].start, ")"


def _edited(source: str, edits: Sequence[Edit]) -> str:
    lines = source.splitlines(keepends=True)
    for start, end, text in reversed(edits):
        (row, column), (last, end_column) = start, end
        lines[row - 1 : last] = [lines[row - 1][:column] + text + lines[last - 1][end_column:]]
    return "".join(lines)
