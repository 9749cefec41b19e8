"""The environment as a place to load files in: what can be loaded, what is there before, what ldd would look at."""

import pytest

from envdoctor.binaries.resolve import Outcome
from envdoctor.facts.host import Host
from envdoctor.facts.loading.environment import Environment
from loading_facts import loading_facts
from native_files import elf_bytes, macho_bytes, pe_bytes
from sites import Site


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site-packages")


@pytest.fixture
def environment(tmp_path, site):
    """An environment of a program that has an RPATH and a library of its own."""
    program = tmp_path / "env/bin/python"
    for path, content in (
        (program, elf_bytes(["libown.so"], kind=2, interpreter="/lib64/ld.so", rpath="$ORIGIN/../lib")),
        (tmp_path / "env/lib/libown.so", elf_bytes(soname="libown.so")),
        (tmp_path / "env/lib/libmore.so", elf_bytes(soname="libmore.so")),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def environment(host=None, **python):
        described = {"executable": str(program), "machine": "x86_64"} | python
        return Environment(loading_facts(site, cache=tmp_path / "c", host=host or Host(), python=described))

    return environment


def test_what_can_be_loaded(site, environment):
    files = {
        "a.so": elf_bytes(),
        "b.so": elf_bytes(machine=183),
        "c.so": macho_bytes(architecture="x86_64"),
        "d.so": pe_bytes(),
        "e.so": b"text",
    }
    site.install("foo", files={f"foo/{name}": content for name, content in files.items()})
    here = environment()
    able = [one.path[-4:] for one in here._facts.natives.files if here.can_load(one)]
    assert able == ["a.so"]
    mac = environment(Host(system="macos", version="14.5"))
    assert [one.path[-4:] for one in mac._facts.natives.files if mac.can_load(one)] == ["c.so"]


def test_a_process_of_the_program_and_one_of_none(site, environment, monkeypatch):
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    site.install("foo", files={"foo/m.so": elf_bytes(["libown.so", "libmore.so"])})
    path = str(site.path / "foo/m.so")
    here = environment()
    outcomes = [each.outcome for each in here.session().load(path).resolutions]
    assert outcomes == [Outcome.LOADED, Outcome.FOUND]
    bare = [each.outcome for each in here.bare_session().load(path).resolutions]
    assert bare == [Outcome.MISSING, Outcome.MISSING]
    assert here.closures().loads(path)


def test_delvewheel_s_folders_are_searched_on_windows(tmp_path, site, environment):
    files = {
        "foo/m.pyd": pe_bytes(["bar-0a1b.dll"]),
        "foo.libs/bar-0a1b.dll": pe_bytes([]),
        "foo/x/c.dll": pe_bytes([]),
    }
    site.install("foo", files=files | {"foo/n.pyd": pe_bytes(["c.dll"])})
    windows = Host(system="windows", version="10.0", libc="", libc_version=None)
    here = environment(windows, base_prefix=str(tmp_path / "py"), extension_suffixes=(".pyd",))
    closures = here.closures()
    assert closures.loads(str(site.path / "foo/m.pyd"))
    assert not closures.loads(str(site.path / "foo/n.pyd"))


def test_a_judge_knows_the_others(site, environment):
    files = {
        "core/_m.so": elf_bytes(["libcore.so"], runpath="$ORIGIN"),
        "core/libcore.so": elf_bytes(soname="libcore.so"),
    }
    site.install("core", files=files | {"core/__init__.py": "from core import _m"})
    files = {"foo/__init__.py": "import core\nfrom foo import _m", "foo/_m.so": elf_bytes(["libcore.so", "libgone.so"])}
    site.install("foo", files=files)
    here = environment()
    foo = here._facts.packages.find("foo")
    (missing,) = here.analyse(foo).missing
    assert missing.name == "libgone.so"
    assert missing.considered[0].path == str(site.path.parent / "env/bin/../lib/libgone.so")
    alone = here.analyse(foo, alone=True)
    assert [one.name for one in alone.missing] == ["libcore.so", "libgone.so"]
