"""Defaults of dataclasses that Python refuses since it looks at hashes, or always."""

import sys
from dataclasses import replace

import pytest

import import_oracle
from envdoctor.core.target import Interpreter
from import_oracle import cpython_says, judged, raised_by

HEAD = "import dataclasses, typing\nfrom dataclasses import dataclass, field\n@dataclass\nclass C:\n    a: int = 1\n"
ALWAYS = {
    "a list": "@dataclass\nclass D:\n    a: list = []",
    "a dictionary in a field": "@dataclass\nclass D:\n    a: dict = field(default={})",
    "with options": "@dataclasses.dataclass(frozen=True)\nclass D:\n    a: set = set()",
}
SINCE_3_11 = {
    "another dataclass": "@dataclass\nclass D:\n    c: C = C()",
    "with options": "@dataclasses.dataclass(order=True)\nclass D:\n    c: C = C(a=2)",
    "in a field": "@dataclass\nclass D:\n    c: C = field(default=C())",
}
FINE = {
    "a factory": "@dataclass\nclass D:\n    a: list = field(default_factory=list)\n    c: C = field(default_factory=C)",
    "frozen": "@dataclass(frozen=True)\nclass F:\n    a: int = 1\n@dataclass\nclass D:\n    f: F = F()",
    "without comparing": "@dataclass(eq=False)\nclass F:\n    a: int = 1\n@dataclass\nclass D:\n    f: F = F()",
    "with a hash": "@dataclass\nclass F:\n    def __hash__(self): return 1\n@dataclass\nclass D:\n    f: F = F()",
    "of the class": "@dataclass\nclass D:\n    c: typing.ClassVar[C] = C()\n    d: 'typing.ClassVar' = []",
    "no field": "@dataclass\nclass D:\n    c = C()\n    d = []",
    "no dataclass": "class D:\n    c: C = C()",
    "a tuple": "@dataclass\nclass D:\n    a: tuple = ()",
    "bound anew": "@dataclass\nclass D:\n    a: list = []\n    a = None",
    "behind a handler": "try:\n    @dataclass\n    class D:\n        a: list = []\nexcept ValueError:\n    pass",
    "another decorator": "def dataclass(c): return c\n@dataclass\nclass D:\n    a: list = []",
    "a plain class": "class P: pass\n@dataclass\nclass D:\n    p: P = P()",
}


@pytest.mark.parametrize("version", [(3, 10), (3, 11)])
def test_what_is_refused_by_version(version, monkeypatch):
    monkeypatch.setattr(import_oracle, "HERE", replace(import_oracle.HERE, interpreter=Interpreter(version=version)))
    assert {raised_by(HEAD + text) for text in ALWAYS.values()} == {"ValueError"}
    assert {raised_by(HEAD + text) for text in SINCE_3_11.values()} == {"ValueError" if version > (3, 10) else ""}
    told = judged({"pkg/__init__.py": HEAD + ALWAYS["a list"]}).failures[0].cause
    assert told.name == "line 8: a default that can't be hashed"
    assert {kind for kind, text in FINE.items() if raised_by(HEAD + text)} == set()


@pytest.mark.slow
def test_cpython_agrees(tmp_path):
    kinds = (ALWAYS, SINCE_3_11, FINE)
    refused, by_hash, fine = (cpython_says([HEAD + text for text in each.values()], tmp_path) for each in kinds)
    assert set(refused) == {"ValueError"}
    assert set(by_hash) == {"ValueError" if sys.version_info >= (3, 11) else ""}
    assert set(fine) == {""}
