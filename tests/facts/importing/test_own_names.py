"""Modules whose own functions bind names in them that their text does not show; CPython imports the same."""

import pytest

from loading_facts import import_in_child

BINDS = "def {0}(name):\n    globals()[name] = 1\n{0}('there')\n"
#: Texts of `bar`, and whether it is proven that it has no `gone`.
TEXTS = {
    "bar.py": (BINDS.format("_define"), True),
    "bar.py ": (BINDS.format("define"), False),  # which others may call
    "bar/__init__.py": (BINDS.format("_define"), False),  # so may other modules of the package
    "bar.py  ": (f"{BINDS.format('_define')}import json\njson.dumps = _define\n", False),
}


@pytest.mark.slow
@pytest.mark.parametrize("path", TEXTS)
def test_a_private_function_of_a_project_that_is_one_module_is_called_by_nobody_else(site, look, path):
    text, proven = TEXTS[path]
    site.install("bar", files={path.strip(): text})
    site.install("foo", files={"foo.py": "from bar import there\nfrom bar import gone"})
    site.install("fine", files={"fine.py": "from bar import there"})
    assert "gone" in import_in_child("foo", site)
    assert not import_in_child("fine", site)
    assert [each.module for each in look(site).failed] == ["foo"] * proven


ATTACHED = """import importlib, sys
def attach(package, modules=None, names=None):
    modules = set() if modules is None else set(modules)
    if names is None:
        names = {}
    where = {name: module for module, each in names.items() for name in each}
    def __getattr__(name):
        if name in modules:
            return importlib.import_module(f"{package}.{name}")
        elif name in where:
            found = getattr(importlib.import_module(f"{package}.{where[name]}"), name)
            sys.modules[package].__dict__[name] = found
            return found
        raise AttributeError(f"no {name}")
    def __dir__():
        return sorted(where)
    return __getattr__, __dir__, list(where)
NAMES = {"inner": [*LISTED], "other": ["more"]}
__getattr__, __dir__, __all__ = attach(__name__, modules=[], names=NAMES)
"""
KEPT = """def __getattr__(name):
    if name in ("there", "more"):
        STORE
        return 1
    raise AttributeError(name)
"""
#: Texts of `bar/__init__.py` that answer for `there`, and whether it is proven that they have no `gone`.
ANSWERING = {
    "many names of modules": (ATTACHED.replace("*LISTED", f"'there', {str(list('abcdef') * 20)[1:-1]}"), True),
    "its own names": (KEPT.replace("STORE", "globals()[name] = 1"), True),
    "by setattr": (KEPT.replace("STORE", "import sys; setattr(sys.modules[__name__], name, 1)"), True),
    "others with it": (KEPT.replace("STORE", "for each in ('there', 'go' + 'ne'): globals()[each] = 1"), False),
    "by another name": (KEPT.replace("STORE", "name = str(name); globals()[name] = 1"), False),
    "any name": ("def __getattr__(name):\n    globals()[name] = 1\n    return 1\n", None),
    "a module of that name": (KEPT.replace("STORE", "import sys; sys.modules[name] = sys"), False),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ANSWERING)
def test_a_package_that_keeps_what_it_answers_has_no_name_that_it_refuses(site, look, kind):
    text, proven = ANSWERING[kind]
    site.install("bar", files={"bar/__init__.py": text, "bar/inner.py": "there = 1", "bar/other.py": "more = 1"})
    site.install("foo", files={"foo.py": "from bar import gone"})
    site.install("fine", files={"fine.py": "from bar import there, more"})
    assert bool(import_in_child("foo", site)) is (proven is not None)
    assert not import_in_child("fine", site)
    assert [each.module for each in look(site).failed] == ["foo"] * bool(proven)
