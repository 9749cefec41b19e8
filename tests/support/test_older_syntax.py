"""Texts that this Python parses and another refuses; where that other one is on this machine, it is asked."""

import json
import subprocess
import sys
import warnings

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.support.older_syntax import why_refused
from envdoctor.support.syntax import parse_python
from grammar_texts import NEWER
from pythons import other_pythons

TAKEN = [
    "a[(*b,)]",
    "a[b*c]",
    "f(*a, **k)",
    "x = 1\ntype = 2\ntype[x]",
    "match = 1\nmatch[0]: int",
    "try: ...\nexcept (A, B): ...",
    "f'{d[\"a\"]}'",
    "f'\\n{x}'",
    "f'{x!r:>{w}}'",
    "f'{{ {x}'",
    "f'{x} # {y}'",
    "rf'{x}\\d#'",
    "f'''{\n y}'''",
    "x = 'if' if'{' else 2",
    "# f'{d['\nf'{x}#{y}'",
    "def f():\n    global x\n    x = 1",
    "from __future__ import annotations\nx: int",
    '"""Words."""\nfrom __future__ import annotations',
    "def f(a: dict[int, int, int], b=g(a, a)): ...",
    "async def f(y):\n    return [x async for x in y if await x]",
]
MISPLACED = ["return 1", "nonlocal x", "def f():\n    x = 1\n    global x", "x = 1\nfrom __future__ import annotations"]
MISPLACED += ["def f(__debug__): ...", "class A:\n    def f(self):\n        from os import *", "await x", "*a"]
MISPLACED += ["def f(a, a): ...", "def f(\n    a: int = g(),\n    *,\n    b,\n    **a,\n): ..."]
MISPLACED += ["def f(y):\n    return [x async for x in y]", "def f(x):\n    await x"]
MISPLACED += ["def f(x):\n    async with x: ..."]
PYTHONS = [(3, minor) for minor in range(8, 15)]


def is_here(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parse_python(text)
        except Unreadable:
            return False
    return True


def test_an_older_python_refuses():
    for since, texts in NEWER.items():
        for text in filter(is_here, texts):
            for version in PYTHONS:
                told = why_refused(text, version)
                assert (told is not None) is (version < since <= sys.version_info[:2]), (text, version)
                assert told is None or told.line, text


def test_what_all_take_is_not_refused():
    assert [(text, version) for text in TAKEN for version in PYTHONS if why_refused(text, version)] == []


def test_what_only_the_compiler_refuses():
    versions = [version for version in PYTHONS if version <= sys.version_info[:2]]
    assert [(text, version) for text in MISPLACED for version in versions if why_refused(text, version) is None] == []
    assert why_refused("async def f():\n    return [[x async for x in y] for z in w]", (3, 14)) is None


@pytest.mark.slow
def test_those_pythons_say_the_same():
    asked = [(version, program) for version, program in other_pythons().items() if version < sys.version_info[:2]]
    if not asked:
        pytest.skip("no older Python is on this machine")
    texts = [*TAKEN, *MISPLACED, *(text for each in NEWER.values() for text in each)]
    code = "import json, sys, warnings\nwarnings.simplefilter('ignore')\nfor text in json.load(sys.stdin):\n"
    code += "    try: compile(text, 'text', 'exec'); print(1)\n    except SyntaxError: print(0)\n"
    for version, program in asked:
        words = json.dumps([text for text in texts if is_here(text)])
        done = subprocess.run(
            [program, "-I", "-S", "-c", code], input=words, capture_output=True, text=True, check=True
        )
        said = [line == "1" for line in done.stdout.split()]
        assert said == [why_refused(text, version) is None for text in texts if is_here(text)], version


def test_what_a_newer_python_may_allow_is_not_refused_for_it():
    text = "x = 1\nfrom __future__ import of_a_python_to_come\n"
    assert why_refused(text, sys.version_info[:2])
    assert why_refused("from __future__ import of_a_python_to_come\nreturn_ = 1\nglobals()\n", (99, 0)) is None
