"""What the names in a module stand for."""

import ast
import textwrap
from dataclasses import replace

import pytest

from envdoctor.core.target import Interpreter
from envdoctor.wheels.import_actions import ActionKind, import_actions
from envdoctor.wheels.module_aliases import ModuleAliases
from wheel_files import LINUX


def uses(source, target=LINUX, kind=ActionKind.USE):
    found = import_actions(textwrap.dedent(source), "pkg.mod", is_package=False, target=target)
    return [f"{each.name}.{each.attribute}" for each in found if each.kind is kind and each.certain]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import numpy as np\nx = np.sctypes['int']", ["numpy.sctypes"]),
        ("import a.b\nx = a.b.c", ["a.b"]),
        ("import a.b as c\nx = c.d", ["a.b.d"]),
        ("from a import b\nb.c()", ["a.b.c"]),
        ("from . import b\nb.c()", []),
        ("import a\na = wrap(a)\na.b", []),
        ("try:\n    import fast as m\nexcept ImportError:\n    import slow as m\nm.x", []),
        (
            "import a\ndef f(x=a.default, *, y: a.Kind = 1) -> a.Result:\n    a.later",
            ["a.default", "a.Kind", "a.Result"],
        ),
        ("import a\n@a.decorated\nclass C(a.Base, metaclass=a.Meta):\n    x = a.field", None),
        ("import a\ndef f():\n    a.inside\nf()", ["a.inside"]),
        ("import a\ndef f(a):\n    a.inside\nf(1)", []),
        ("import a\ndef f():\n    a = 1\n    a.inside\nf()", []),
        ("import a\nif hasattr(a, 'x'):\n    a.x", []),
        ("import a\ny = a.x if hasattr(a, 'x') else None", []),
        ("import a\ntry:\n    a.x\nexcept AttributeError:\n    pass", []),
        ("import a\ntry:\n    a.x\nexcept KeyError:\n    pass", ["a.x"]),
        ("import a\ny = lambda: a.x", []),
    ],
)
def test_what_is_asked_of_a_module_while_importing(source, found):
    expected = ["a.decorated", "a.Base", "a.Meta", "a.field"] if found is None else found
    assert sorted(uses(source)) == sorted(expected)


def test_what_is_given_to_a_module():
    assert uses("import numpy as np\nnp.bool = bool", kind=ActionKind.SET) == ["numpy.bool"]


def test_annotations_that_are_not_evaluated():
    source = "import a\nx: a.Kind = 1\ndef f(y: a.Other): ..."
    assert uses(f"from __future__ import annotations\n{source}") == []
    assert uses(source, replace(LINUX, interpreter=Interpreter(version=(3, 14)))) == []
    assert uses(source) == ["a.Kind", "a.Other"]


def test_names_hidden_by_a_function_come_back():
    tree = ast.parse("import a\ndef f(a): ...")
    aliases, expression = ModuleAliases(tree, LINUX), ast.parse("a.x", mode="eval").body
    with aliases.hidden_by(tree.body[1]):
        assert aliases.module(expression) == ""
    assert aliases.module(expression) == "a"
