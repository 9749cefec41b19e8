"""Syntax trees, from several threads at once and without a word about style."""

import ast
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.support import syntax
from envdoctor.support.syntax import parse_python


def test_a_tree():
    assert isinstance(parse_python("import a\n").body[0], ast.Import)


@pytest.mark.parametrize("source", ["def", "x = '\0'", "(" * 5000, "\ud800"])
def test_what_is_no_python(source):
    with pytest.raises(Unreadable, match="not Python that can be read"):
        parse_python(source)


def test_the_tree_of_the_same_text_is_kept_for_a_while(monkeypatch):
    monkeypatch.setattr(syntax, "_MOST_KEPT", 100)
    texts = [f"a{number} = 1  # {'x' * 30}\n" for number in range(4)]
    first = parse_python(texts[0])
    assert parse_python(texts[0]) is first
    for text in texts:
        parse_python(text)
    assert parse_python(texts[0]) is not first
    large = "b = 1  # " + "x" * 200
    assert parse_python(large) is parse_python(large)


def test_nothing_is_said_of_style():
    code = r"from envdoctor.support.syntax import parse_python; parse_python('x = \"\\d\"; y = x is 1')"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


class Noisy:
    """Is collected in the middle of whatever else goes on, and takes its time."""

    def __init__(self):
        self.me = self

    def __del__(self):
        for _ in range(50):
            pass


@pytest.mark.slow
def test_threads_do_not_meet(monkeypatch):
    source = textwrap.dedent(
        """
        class A:
            def f(self, *args, key=None):
                return [x for x in args if x or key] + [lambda y: (y, {1: [2, (3, 4)]})]
        """
    )
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def parse(number):
        assert [Noisy() for _ in range(50)]
        return len(parse_python(f"{source * 20}# {number}\n").body)

    try:
        with ThreadPoolExecutor(6) as pool:
            assert set(pool.map(parse, range(120))) == {20}
    finally:
        sys.setswitchinterval(interval)
