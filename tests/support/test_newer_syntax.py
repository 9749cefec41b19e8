"""What newer Pythons' grammar has, in the words of older ones; where this Python knows it, it says the same."""

import ast
import sys

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.support.newer_syntax import parse_newer

NEWER = {
    "an alias": ("type A[T] = dict[\n  str, T]\n", "from typing import TypeAliasType as A"),
    "an alias behind a colon": ("if x: type A = int\n", "from typing import TypeAliasType as A"),
    "a function": ("def f[T: (int, str), *Ts, **P](x: T): ...\n", "TypeVar as P, TypeVar as T, TypeVar as Ts"),
    "parameters on lines": ("def f[\n  T,\n](x: T): ...\nlast = 1\n", "def f(x: T):"),
    "a class": ("@deco\nclass C[T = int](Base[T]): ...\n", "class C(Base[T], Generic):"),
    "the same quotes": ("x = 'a' f'{b['c']}' 'd'\n", "x = f'a{id(0)}d'"),
    "a backslash": ("x = f\"{'\\n'.join(y)}\"\n", "x = f'{id(0)}'"),
    "nested": ("x = f'{a!r:>{w['k']}} {{}} {y:%H} \\N{EM DASH} {a if a != b else f'{c['d']}'}'\n", "x = f'{id(0)}'"),
    "a comment in a field": ("x = f'{\n  y # }\n}'\nlast = 1\n", "x = f'{id(0)}'"),
    "exceptions": ("try: ...\nexcept A, b.C(1, 2):\n    pass\n", "except (A, b.C(1, 2)):"),
}
if sys.version_info >= (3, 11):
    NEWER["a group of them"] = ("try: ...\nexcept* A, B: ...\n", "except* (A, B):")


@pytest.mark.parametrize(("text", "words"), NEWER.values(), ids=NEWER)
def test_in_older_words(text, words):
    tree = parse_newer(text, (3, 14))
    if "id(0)" not in words or sys.version_info < (3, 12):  # later ones read these strings themselves
        assert words in ast.unparse(tree)
    if "last" in text:
        assert tree.body[-1].lineno == text.count("\n")
    if sys.version_info >= (3, 14):
        compile(text, "text", "exec")


@pytest.mark.parametrize(
    "text", ["type = 5\ntype(x)\ntype[int]\n", "x = f'{y:{z}}' 'b'\n", "try: ...\nexcept (A, B): ...\n"]
)
def test_what_is_not_newer_stays(text):
    assert ast.unparse(ast.parse(text)) in ast.unparse(parse_newer(text, (3, 14)))


@pytest.mark.parametrize("text", ["print 'x'\n", "f'{x'", "x = f'{", "def f[T", "class C[", "'", "f'\\"])
def test_what_no_python_of_that_version_takes(text):
    with pytest.raises(Unreadable):
        parse_newer(text, (3, 13))


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python 3.14 takes it itself")
def test_a_bare_list_of_exceptions_is_of_3_14():
    with pytest.raises(Unreadable):
        parse_newer("try: ...\nexcept A, B: ...\n", (3, 13))
