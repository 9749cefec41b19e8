"""Submodules that have no file, in packages that have extension modules: made by them, or gone."""

import pytest

from envdoctor.facts.importing.unit import names_held
from extensions import compile_module
from loading_facts import HERE, import_in_child, loading_facts
from sites import Site

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not HERE, reason="reads ELF files of this machine")]
MAKES = 'PyObject *made = PyImport_AddModule("foo.made"); PyModule_AddIntConstant(made, "answer", 42);'


@pytest.mark.parametrize(("body", "name", "fails"), [("", "gone", True), (MAKES, "made", False), (MAKES, "gone", True)])
def test_a_submodule_without_a_file(body, name, fails, tmp_path):
    site = Site(tmp_path / "site-packages")
    init = f"from foo import _fast\nfrom foo.{name} import answer"
    site.install("foo", files={"foo/__init__.py": init, "foo/_fast.so": compile_module(tmp_path, "_fast", body=body)})
    assert bool(import_in_child("foo", site)) is fails
    failed = loading_facts(site, cache=tmp_path / "cache").importing.failed
    assert [each.failures[0].cause.subject for each in failed] == (["foo.gone"] if fails else [])


def test_what_is_below_an_extension_module_may_be_there(tmp_path):
    site = Site(tmp_path / "site-packages")
    body = 'PyImport_AddModule("foo._fast.inner");'
    module = compile_module(tmp_path, "_fast", body=body)
    site.install("foo", files={"foo/__init__.py": "import foo._fast\nimport foo._fast.inner", "foo/_fast.so": module})
    assert import_in_child("foo", site) == ""
    assert loading_facts(site, cache=tmp_path / "cache").importing.failed == ()


@pytest.mark.parametrize(("folder", "fails"), [("foo/inner", True), ("foo_libs/inner", False)])
def test_a_module_of_a_package_is_not_found_at_the_top(folder, fails, tmp_path):
    """What lies in no package an extension module may find: it may add the folder to `sys.path`."""
    site = Site(tmp_path / "site-packages")
    files = {"foo/__init__.py": "from foo import _fast\nimport bar", f"{folder}/bar.py": ""}
    packages = {"foo/inner/__init__.py": ""}
    site.install("foo", files=files | packages | {"foo/_fast.so": compile_module(tmp_path, "_fast")})
    assert import_in_child("foo", site)
    assert bool(loading_facts(site, cache=tmp_path / "cache").importing.failed) is fails


def test_the_names_that_a_file_holds(tmp_path):
    """Only where one begins, and with all that stands above it."""
    (tmp_path / "a.so").write_bytes(b"\0pack.one.two\0xpack.no pack.pack.three+pack.4 pack._five;unpack.no.pack.six")
    names = names_held([str(tmp_path / "a.so")], "pack")
    assert names == {"pack", "pack.one", "pack.one.two", "pack.pack", "pack.pack.three", "pack._five", "pack.six"}
    assert names_held([str(tmp_path / "gone.so")], "pack") is None


def test_a_package_that_is_an_extension_module_begins_by_its_own_name(tmp_path):
    """As pydantic 1.10 does."""
    site = Site(tmp_path / "site-packages")
    files = {"foo/__init__.abi3.so": compile_module(tmp_path, "foo"), "foo/__init__.py": "raise ValueError"}
    site.install("foo", files=files)
    assert import_in_child("foo", site) == ""
    assert loading_facts(site, cache=tmp_path / "cache").importing.failed == ()
