"""A text that is no Python fails to be imported, in the eyes of CPython and in ours."""

import sys
from dataclasses import replace

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.core.target import Interpreter
from envdoctor.imports.syntax_errors import RefusedText, tree_for
from grammar_texts import NEWER
from import_oracle import HERE, cpython_says, judged, raised_by

BROKEN = {
    "Python 2": "print 'x'",
    "an exception of Python 2": "raise ValueError, 'e'",
    "a conflict of versions": "<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> other",
    "a text cut off": "def f(",
    "indentation": "if 1:\nx = 1",
    "behind a handler for something else": "try:\n    from pkg import bad\nexcept ImportError:\n    pass",
}
SOUND = {
    "a handler": "try:\n    from pkg import bad\nexcept SyntaxError:\n    pass",
    "a bare handler": "try:\n    from pkg import bad\nexcept Exception:\n    pass",
    "not reached": "if False:\n    from pkg import bad",
    "another encoding": "# coding: utf-7\nx = +ACI-text+ACI-",
}


@pytest.mark.slow
@pytest.mark.parametrize("text", [*BROKEN.values(), *SOUND.values()], ids=[*BROKEN, *SOUND])
def test_as_cpython(text, tmp_path):
    (tmp_path / "0" / "pkg").mkdir(parents=True)
    (tmp_path / "0" / "pkg" / "bad.py").write_text("print 1")
    (said,) = cpython_says([text], tmp_path)
    assert (said != "") is (text in BROKEN.values())
    assert raised_by(text, bad="print 1") in ({"SyntaxError"} if said else {""})


@pytest.mark.slow
def test_a_nul_byte_whatever_is_raised_for_it(tmp_path):
    text = "x = 1\0"
    assert cpython_says([text], tmp_path)[0]
    (failure,) = judged({"pkg/__init__.py": "from pkg import bad", "pkg/bad.py": text}).failures
    assert (failure.cause.via, failure.cause.name) == (("pkg", "pkg.bad"), "line 1: it holds a NUL byte")


def refused(text, *version):
    try:
        tree_for(text, replace(HERE, interpreter=Interpreter(version=version)))
    except RefusedText:
        return True
    except Unreadable:
        return False
    return False


@pytest.mark.parametrize("text", ["x = (", "def x(:\n", "print 'x'", "if 1:\nx = 1", "y = f'{x}'\n\ndef x(:"])
def test_a_newer_python_refuses_what_looks_like_nothing_new(text):
    assert refused(text, *sys.version_info[:2])
    assert refused(text, 3, 14)
    assert not refused(text, 3, 99)


def test_a_newer_python_may_take_what_looks_new():
    for since, texts in NEWER.items():
        for text in texts:
            assert not refused(text, 3, 14), text
            assert not refused(f"{text}\ndef x(:", 3, 14) or since <= sys.version_info[:2]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="f-strings have other rules since Python 3.12")
def test_an_older_python_reads_f_strings_otherwise():
    older = replace(HERE, interpreter=Interpreter(version=(3, 11)))
    with pytest.raises(Unreadable) as said:
        tree_for('f"{x! r}"', older)
    assert not isinstance(said.value, RefusedText)


def test_an_older_python_does_not_take_newer_grammar():
    older = replace(HERE, interpreter=Interpreter(version=(3, 9)))
    text = "match 1:\n    case 1: pass\n"
    (failure,) = judged({"pkg/__init__.py": "from pkg import bad", "pkg/bad.py": text}, target=older).failures
    assert failure.cause.name.startswith("line 2: Pattern matching is only supported in Python 3.10")
    assert not judged({"pkg/__init__.py": "from pkg import bad", "pkg/bad.py": text}).failures


@pytest.mark.slow
def test_what_only_the_compiler_refuses(tmp_path):
    for text in ("return 1", "x = 1\nfrom __future__ import annotations", "def f():\n    x = 1\n    global x"):
        assert cpython_says([text], tmp_path)[0]
        assert raised_by(text) == "SyntaxError"


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("def f(a, a): ...\n", True),
        ("return 1\n", True),
        ("def f():\n    await g()\n", True),
        ("async def f(it):\n    return [[x async for x in it] for _ in it]\n", False),
    ],
)
def test_what_only_the_compiler_refuses_is_refused_by_a_newer_python_too(text, bad):
    newer = replace(HERE, interpreter=Interpreter(version=(sys.version_info[0], sys.version_info[1] + 1)))
    assert bool(judged({"pkg/__init__.py": text}, target=newer).failures) is bad


@pytest.mark.parametrize(
    "text",
    [
        "type A = int\n",
        "type A[T: int] = list[T]\nfrom pkg import A\ndef f(x: A[int]): ...\n",
        "def f[T](x: T) -> T: return x\n",
        "def f[T](x: T) -> T:\n    def g(y: T): ...\n    return g(x)\nf(1)\n",
        "class C[T](list[T]): ...\nC[int]\n",
        "class C[T: int, *Ts, **P](list[T]):\n    y: T\n    def f[S](self, x: T, s: S) -> tuple[T]: ...\nC[int]\n",
    ],
)
@pytest.mark.parametrize("bad", [True, False])
def test_what_a_newer_python_reads_is_followed(text, bad):
    newer = replace(HERE, interpreter=Interpreter(version=(3, 14)))
    part = "import nobody_has_it" if bad else "import os"
    files = {"pkg/__init__.py": f"{text}import pkg.part\n", "pkg/part.py": part}
    assert bool(judged(files, target=newer).failures) is bad


@pytest.mark.slow
def test_what_is_not_utf_8_and_names_no_encoding(tmp_path):
    package = tmp_path / "0" / "pkg"
    package.mkdir(parents=True)
    (package / "bad.py").write_bytes(b"# fine\nx = '\xe9'\n")
    assert cpython_says(["from pkg import bad"], tmp_path) == ["SyntaxError"]
    text = "# fine\nx = '\udce9'\n"
    (failure,) = judged({"pkg/__init__.py": "from pkg import bad", "pkg/bad.py": text}).failures
    assert (failure.raises, failure.cause.name) == ("SyntaxError", "line 2: it is not UTF-8, and names no encoding")
    assert not judged({"pkg/__init__.py": "from pkg import bad", "pkg/bad.py": f"# coding: latin-1\n{text}"}).failures
