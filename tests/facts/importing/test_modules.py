"""Where modules are, held against Python's own path finder."""

import sys
from importlib.machinery import EXTENSION_SUFFIXES, PathFinder

import pytest

from envdoctor.facts.importing.modules import Hooks, Modules
from envdoctor.imports.site import Presence

SUFFIX = EXTENSION_SUFFIXES[0]
FILES = {
    "one/plain.py": "",
    "one/pack/__init__.py": "",
    "one/pack/sub.py": "",
    "one/pack.py": "",
    "one/both.py": "",
    f"one/both{SUFFIX}": "",
    "one/fast/__init__.py": "",
    f"one/fast/__init__{SUFFIX}": "",
    "one/space/here.py": "",
    "two/space/there.py": "",
    "one/portion/x.txt": "",
    "two/portion/__init__.py": "",
    "two/plain.py": "",
    "two/only.py": "",
    "two/Case.py": "",
    "one/compiled.pyc": "",
    "one/data.txt": "",
    f"one/other.cpython-1{SUFFIX}": "",
}
NAMES = [
    *("plain", "pack", "both", "fast", "space", "portion", "only", "Case", "case", "compiled", "data", "other", "gone"),
]


@pytest.fixture
def folders(tmp_path):
    for path, content in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    return [str(tmp_path / "one"), str(tmp_path / "two")]


@pytest.mark.parametrize("name", NAMES)
def test_a_module_is_where_python_finds_it(folders, name):
    sys.path_importer_cache.clear()
    spec = PathFinder.find_spec(name, folders)
    place = Modules(folders, EXTENSION_SUFFIXES).find(name)
    if spec is None:
        assert place.presence is Presence.ABSENT
    elif spec.origin is None:
        assert (place.presence, list(place.folders)) == (Presence.NAMESPACE, list(spec.submodule_search_locations))
    else:
        assert place.path == spec.origin
        assert list(place.folders) == list(spec.submodule_search_locations or ())


def test_submodules_are_looked_for_in_their_package(folders):
    modules = Modules(folders, EXTENSION_SUFFIXES)
    assert modules.find("pack.sub").path.endswith("one/pack/sub.py")
    assert modules.find("pack.gone").presence is Presence.ABSENT
    assert modules.find("plain.gone").presence is Presence.ABSENT
    assert modules.find("space.there").path.endswith("two/space/there.py")


def test_the_unit_of_a_module_is_its_package_below_namespaces(folders):
    modules = Modules(folders, EXTENSION_SUFFIXES)
    names = ("pack.sub.x", "space.there.x", "plain", "gone.x")
    assert list(map(modules.unit, names)) == ["pack", "space.there", "plain", "gone"]


def test_of_an_archive_on_the_path_nothing_is_known(folders, tmp_path):
    (tmp_path / "old.egg").write_bytes(b"PK")
    assert Modules([str(tmp_path / "old.egg"), *folders], ()).find("gone").presence is Presence.UNKNOWN


def test_hooks_give_modules_that_no_folder_has(folders):
    hooks = Hooks(mapped={"gone": f"{folders[1]}/only.py", "plain": "/nowhere.py"}, provided=frozenset({"distutils"}))
    modules = Modules(folders, (), hooks)
    assert modules.find("gone").path.endswith("two/only.py")
    assert modules.find("plain").path.endswith("one/plain.py")
    assert modules.find("distutils").presence is Presence.UNKNOWN
    assert Modules(folders, (), Hooks(anything=True)).find("nobody").presence is Presence.UNKNOWN
