"""Modules whose own functions bind names in them that their text does not show; CPython imports the same."""

import pytest

from extensions import compile_module
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


GENERATED = """from google.protobuf import descriptor as _descriptor
FIELD = _descriptor.FieldDescriptor(name="size", full_name="a.A.size", index=0, number=1, type=3)
"""


PURE = {"google/protobuf/__init__.py": "", "google/protobuf/descriptor.py": "class FieldDescriptor: pass"}
#: Version, whether it is compiled, the variable, and whether the text is refused, as was seen with real ones.
PROTOBUFS = [("5.29.5", True, "", True), ("5.29.5", True, "python", False), ("5.29.5", False, "", False)]


@pytest.mark.slow
@pytest.mark.parametrize("protobuf", [*PROTOBUFS, ("3.20.3", True, "", False)])
def test_old_generated_text_is_refused_by_a_newer_protobuf(site, look, monkeypatch, tmp_path, protobuf):
    version, compiled, form, refused = protobuf
    monkeypatch.setenv("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION", form or "upb")
    natives = {"google/_upb/_message.abi3.so": compile_module(tmp_path, "_message")} if compiled else {}
    site.install("protobuf", version, files=PURE | natives)
    site.install("foo", files={"foo/__init__.py": "from foo import a_pb2", "foo/a_pb2.py": GENERATED})
    failed = look(site).failed
    assert [(each.module, each.owner.name) for each in failed] == [("foo", "protobuf")] * refused


def test_packages_of_a_namespace_in_a_namespace_are_imported(site, look):
    site.install(
        "deep", files={"google/cloud/storage/__init__.py": "import nobody_has_this", "google/cloud/storage/a.py": ""}
    )
    assert [each.module for each in look(site).failed] == ["google.cloud.storage"]
