"""Why a Python refuses a text that this one parses: it is older, or its compiler finds what no parser looks at.

The oracle is CPython: its parser asked for an older grammar (`feature_version`), and its compiler.
"""

from __future__ import annotations

import ast
import itertools
import re
import sys

from envdoctor.core.errors import Unreadable
from envdoctor.support.syntax import InvalidSyntax, grammar_error, parse_python

_OLDEST = (3, 7)  # that every parser since Python 3.10 can be asked for
_STARS_SINCE = (3, 11)  # PEP 646: `tuple[*Ts]`, `*args: *Ts`; the parser does not ask for whom
_FORMATTED_ANEW = (3, 12)  # PEP 701: the fields of a string may hold its own quotes, backslashes and comments
#: By the Python that brought it, how a text with its grammar looks; one that only looks so costs a moment.
_NEWER = {
    (3, 8): re.compile(r":=|[(,]\s*/\s*[,)]"),
    (3, 9): re.compile(r"with[ \t]*\("),
    (3, 10): re.compile(r"\n[ \t]*match\b.*:[ \t]*(?:#.*)?\n"),
    (3, 11): re.compile(r"except[ \t]*\*"),
    (3, 12): re.compile(r"def[ \t]+\w+[ \t]*\[|class[ \t]+\w+[ \t]*\[|\n[ \t]*type[ \t]+\w"),
    (3, 13): re.compile(r"(?:def|class|type)[ \t]+\w+[ \t]*\[[^)]*?="),
    (3, 14): re.compile(r"except[ \t]*\*?[^:(\n]*,|(?<!\w)(?:t|tr|rt)['\"]", re.IGNORECASE),
}
_STARS = re.compile(r"\[(?:[^\[\]\n]*,\s*)?\*\w|:[ \t]*\*\w")
#: What only the compiler refuses, where it stands in a wrong place.
_PLACED = re.compile(
    r"\n(?:return|yield|await|break|continue|nonlocal|\*"
    r"|[ \t]+(?:(?:global|nonlocal)\b|from\b[^\n]*\bimport[ \t]*\(?\*))"
)
_WORDS = ("__debug__", "await ", "async for ", "async with ")
_PARAMETERS = re.compile(r"def[ \t]+\w+[ \t]*\(((?:[^()]+|\([^()]*\))*)")
_PARAMETER = re.compile(r"(?:^|,)[\s*]*([^\W\d]\w*)(?=\s*(?:[,:=]|\Z))")
_NESTED = re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]|\([^()]*\)|#[^\n]*")
#: What a newer Python may allow: any comprehension of an asynchronous function (3.11), mangled names (3.13).
_ALLOWED_LATER = ("asynchronous comprehension", "future feature", "no binding for nonlocal '_")
#: Comments and strings, as Pythons before 3.12 divide a text into them; at last, the start of one without an end.
_STRING = re.compile(
    r"#[^\n]*|("
    r"'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''|\"\"\"[^\"\\]*(?:(?:\\.|\"(?!\"\"))[^\"\\]*)*\"\"\""
    r"|'[^\\\n']*(?:\\.[^\\\n']*)*'|\"[^\\\n\"]*(?:\\.[^\\\n\"]*)*\"|['\"])",
    re.DOTALL,
)
_FORMATTED = re.compile(r"(?<!\w)(?:f|fr|rf)\Z", re.IGNORECASE)
_MARKS = ("f'", 'f"', "fr'", 'fr"')


def why_refused(text: str, version: tuple[int, int]) -> InvalidSyntax | None:
    """What a Python certainly says against a text that the parser of this Python takes; None if nothing is known.

    Args:
        text: of a module, without a byte order mark.
        version: of that Python. Of a newer one than this, only what the compiler of this one says is told.
    """
    return older_grammar(text, version) or _misplaced(text, version)


def may_be_newer(error: InvalidSyntax, text: str, version: tuple[int, int]) -> bool:
    """Whether what this Python says against a text may be due to grammar that a newer one, of that version, takes."""
    here = sys.version_info[:2]
    newer = [looks for since, looks in _NEWER.items() if here < since <= version]
    if version > max(_NEWER) or any(looks.search(f"\n{text}") for looks in newer):
        return True
    line = "".join(text.split("\n")[error.line - 1 : error.line]).lower()
    in_string = error.problem.startswith("f-string") or not error.line or any(mark in line for mark in _MARKS)
    return (here < _FORMATTED_ANEW and in_string) or (here < _STARS_SINCE and bool(_STARS.search(text)))


def older_grammar(text: str, version: tuple[int, int]) -> InvalidSyntax | None:
    """What an older Python says against the grammar of a text that this one takes; None where nothing is known."""
    if version >= sys.version_info[:2]:
        return None
    if any(version < since and looks.search(f"\n{text}") for since, looks in _NEWER.items()):
        refused = grammar_error(lambda: ast.parse(text, feature_version=max(version, _OLDEST)))
        if refused is not None:
            return refused
    if version < _STARS_SINCE and _STARS.search(text) and (line := _starred_line(parse_python(text), text)):
        return InvalidSyntax(line, "a star in an index or an annotation is only supported in Python 3.11 and greater")
    if version < _FORMATTED_ANEW <= sys.version_info and (line := _reformatted_line(text)):
        return InvalidSyntax(line, "such a field of an f-string is only supported in Python 3.12 and greater")
    return None


def _misplaced(text: str, version: tuple[int, int]) -> InvalidSyntax | None:
    has_word = any(word in text for word in _WORDS)
    if not (has_word or _PLACED.search(f"\n{text}") or _has_late_future(text) or _may_repeat(text)):
        return None
    refused = grammar_error(lambda: compile(text, "text", "exec", dont_inherit=True))
    if refused is None or version <= sys.version_info[:2]:
        return refused
    return None if any(words in refused.problem for words in _ALLOWED_LATER) else refused


def _may_repeat(text: str) -> bool:
    """Whether a function may have two parameters of one name; it is the compiler that knows."""
    lists = (found[1] for found in _PARAMETERS.finditer(text))
    return any(_has_twice(each) and _has_twice(_NESTED.sub("", each)) for each in lists)


def _has_twice(parameters: str) -> bool:
    names = _PARAMETER.findall(parameters)
    return len(names) != len(set(names))


def _has_late_future(text: str) -> bool:
    """Whether a `from __future__` stands behind another statement."""
    if "__future__" not in text:
        return False
    tree = parse_python(text)
    body = tree.body[ast.get_docstring(tree, clean=False) is not None :]
    others = itertools.dropwhile(_is_future, body)
    return any(_is_future(each) for each in others)


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _starred_line(tree: ast.Module, text: str) -> int:
    lines = text.split("\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
            inner = node.slice
            has_star = any(isinstance(each, ast.Starred) for each in inner.elts)
            if has_star and not lines[inner.lineno - 1].encode()[inner.col_offset :].startswith(b"("):
                return inner.lineno
        elif isinstance(node, ast.arg) and isinstance(node.annotation, ast.Starred):
            return node.lineno
    return 0


def _reformatted_line(text: str) -> int:
    """The line of the first string with a field that Pythons before 3.12 don't take; 0 if there is none.

    As they divide the text: a field ends with its string, and has neither a backslash nor a comment in it.
    """
    lowered = text.lower()
    if not any(mark in lowered for mark in _MARKS):
        return 0
    for found in _STRING.finditer(text):
        string, start = found[1], found.start()
        prefix = _FORMATTED.search(text, max(0, start - 3), start) if string else None
        if string and prefix:
            is_plain = string.count("{") == string.count("}") and not {"\\", "#"} & set(string)
            if len(string) == 1 or not (is_plain or _is_read_by_older(prefix[0] + string)):
                return text.count("\n", 0, start) + 1
    return 0


def _is_read_by_older(piece: str) -> bool:
    """Whether a formatted string, as older Pythons divide the text, may be one that they take."""
    try:
        tree = parse_python(f"({piece})")
    except Unreadable:
        return False
    return not any(
        "\\" in field or any(found[0].startswith("#") for found in _STRING.finditer(field))
        for node in ast.walk(tree)
        if isinstance(node, ast.FormattedValue)
        for field in [_field(f"({piece})", node)]
    )


def _field(text: str, node: ast.FormattedValue) -> str:
    """A replacement field without its format, which follows the rules of strings."""
    whole = ast.get_source_segment(text, node) or ""
    form = ast.get_source_segment(text, node.format_spec) or "" if node.format_spec else ""
    return whole[: len(whole) - 1 - len(form)]
