"""Packages that import all modules which `pkgutil` finds in them; CPython imports the same in a child process."""

import sys

import pytest

from loading_facts import import_in_child

LOOPS = {
    "iter_modules": "import importlib, pkgutil\nfor _, name, _ in pkgutil.iter_modules(__path__):\n"
    "    importlib.import_module(f'{__name__}.{name}')\n",
    "with a prefix": "import importlib, pkgutil\nfor info in pkgutil.iter_modules(__path__, __name__ + '.'):\n"
    "    importlib.import_module(info.name)\n",
    "by keyword": "import importlib, pkgutil\nfor info in pkgutil.iter_modules(path=__path__, prefix='foo.'):\n"
    "    if not info.ispkg:\n        importlib.import_module(info[1])\n",
    "all names of a module that lists them": "import os, pkgutil\n__all__ = [name for _, name, _ in"
    " pkgutil.walk_packages(path=[os.path.split(__file__)[0]])]\nfrom foo import *\n",
    "a folder by pathlib": "import importlib, pathlib, pkgutil\n"
    "for _, name, _ in pkgutil.iter_modules([str(pathlib.Path(__file__).parent)]):\n"
    "    importlib.import_module('.' + name, __package__)\n",
}
SOUND = {"foo/a.py": "", "foo/b.py": "import os", "foo/sub/__init__.py": "", "foo/data/x.txt": "", "foo/b.txt": ""}
WITHOUT_PACKAGE = {path: text for path, text in SOUND.items() if "sub" not in path}


@pytest.mark.slow
@pytest.mark.parametrize("loop", LOOPS)
def test_a_module_that_is_only_found_by_looking_is_imported(site, look, loop):
    files = WITHOUT_PACKAGE if "walk" in LOOPS[loop] else SOUND
    site.install("foo", files={"foo/__init__.py": LOOPS[loop], **files, "foo/c.py": "import nowhere_at_all"})
    assert "No module named 'nowhere_at_all'" in import_in_child("foo", site)
    (failed,) = look(site).failed
    assert (failed.module, failed.asking.module) == ("foo", "foo.c")


@pytest.mark.slow
@pytest.mark.parametrize("loop", LOOPS)
def test_and_where_all_can_be_imported_nothing_is_said(site, look, loop):
    site.install("foo", files={"foo/__init__.py": LOOPS[loop], **SOUND})
    assert not import_in_child("foo", site)
    assert not look(site).failed


@pytest.mark.slow
def test_what_is_skipped_is_not_imported(site, look):
    loop = LOOPS["iter_modules"].replace("    importlib", "    if name != 'c':\n        importlib")
    site.install("foo", files={"foo/__init__.py": loop, **SOUND, "foo/c.py": "import nowhere_at_all"})
    assert not import_in_child("foo", site)
    assert not look(site).failed


@pytest.mark.slow
def test_a_finder_has_no_find_module_since_3_12(site, look):
    loop = "import pkgutil\nfor finder, name, _ in pkgutil.iter_modules(__path__):\n    finder.find_module(name)\n"
    site.install("foo", files={"foo/__init__.py": loop, "foo/a.py": ""})
    late = sys.version_info >= (3, 12)
    assert ("find_module" in import_in_child("foo", site)) is late
    assert [each.module for each in look(site, python={"version": "3.12.1"}).failed] == ["foo"]
    assert not look(site, python={"version": "3.11.7"}).failed
