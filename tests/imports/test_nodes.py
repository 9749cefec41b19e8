"""All nodes of syntax trees."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from envdoctor.imports.nodes import every_node

STATEMENTS = """
import a.b as c
from .d import e as f, g
@dec
async def h(i, /, j: int = 1, *k, l, m=2, **n) -> o:
    global p, q
    async with r as s, t: await u
    async for v in w: yield x
    return [y async for z in aa if bb]
class A(B, metaclass=C):
    d: int
    e: str = f"{g!r:>{h}}" "i"
try:
    del a, b[c:d:e]
except (F, G) as h:
    raise I from J
else: k = {**l, m: n}; o += p if q else not r
finally: assert s, t
match u:
    case {"v": w, **x} | [y, *z] | A(b, c=d) | None | 1 | e.f | _ as g if h: pass
while (i := j): lambda k=1, *l: (yield from m)
"""
TEXTS = [STATEMENTS, "type X[T] = list[T]"] if sys.version_info >= (3, 12) else [STATEMENTS]
if sys.version_info >= (3, 14):
    TEXTS.append("t'{a!r:>{b}}'")


def expected(tree: ast.AST) -> list[ast.AST]:
    aside = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)
    return [node for node in ast.walk(tree) if not isinstance(node, aside)]


@pytest.mark.parametrize("text", TEXTS)
def test_every_node_of_all_kinds_in_the_order_of_walk(text):
    tree = ast.parse(text)
    assert every_node(tree) == expected(tree)


@pytest.mark.slow
def test_every_node_of_modules_of_python():
    for file in sorted(Path(ast.__file__).parent.glob("*.py"))[::5]:
        tree = ast.parse(file.read_bytes())
        assert every_node(tree) == expected(tree)
