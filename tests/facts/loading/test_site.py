"""Installed distributions as a site of the judge of wheels."""

import pytest

from envdoctor.facts.host import Host
from envdoctor.facts.loading.environment import Environment
from loading_facts import loading_facts
from native_files import elf_bytes, pe_bytes
from planned import missing_names
from sites import Site


@pytest.fixture
def made(tmp_path):
    """The site of a judge over a site-packages folder, and the contents of its `foo`."""

    def made(files, **options):
        folder = Site(tmp_path / "site-packages")
        folder.install("foo", files=files)
        facts = loading_facts(folder, cache=tmp_path / "cache", **({"host": Host()} | options))
        judge, own = Environment(facts).judge(facts.packages.find("foo"))
        return judge._site, own

    return made


def test_paths_in_and_out_of_site_packages(made, tmp_path):
    site, foo = made({"foo/__init__.py": ""})
    inside = str(tmp_path / "site-packages/foo/a.so")
    assert site.locate(foo, "foo/a.so") == inside
    assert site.locate(foo, "../../bin/a") == str(tmp_path.parent / "bin/a")
    assert site.show(inside) == "foo/a.so"
    assert site.show("/usr/lib/libc.so.6") == "/usr/lib/libc.so.6"
    assert site.show(str(tmp_path / "site-packages-of-another/a.so")).startswith("/")


def test_which_libraries_a_module_may_name(made):
    site, foo = made({"foo/__init__.py": "CDLL('libbar.so')", "foo/libbar.so": elf_bytes()})
    assert site.may_be_named(foo, "/x/libbar.so")
    assert not site.may_be_named(foo, "/x/libbaz.so")


def test_folders_that_a_package_adds_on_windows(made):
    windows = Host(system="windows", version="10.0", libc="", libc_version=None)
    files = {"foo/m.pyd": pe_bytes(["c.dll"]), "foo/bin/c.dll": pe_bytes([])}
    site, foo = made(files, host=windows, python={"machine": "x86_64", "extension_suffixes": (".pyd",)})
    path = site.locate(foo, "foo/m.pyd")
    assert missing_names(site.session().load(path)) == ["c.dll"]
    assert missing_names(site.session([foo]).load(path)) == []


def test_added_folders_mean_nothing_elsewhere(made):
    files = {"foo/m.so": elf_bytes(["libc9.so"]), "foo/bin/libc9.so": elf_bytes()}
    site, foo = made(files, python={"machine": "x86_64"})
    assert missing_names(site.session([foo]).load(site.locate(foo, "foo/m.so"))) == ["libc9.so"]
