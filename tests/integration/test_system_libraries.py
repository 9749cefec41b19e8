"""What envdoctor reads of this machine's own libraries and programs, and of made ones, is what ldd says of them."""

import os
import platform
import shutil
import sysconfig
from pathlib import Path

import pytest

from envdoctor.binaries.files import FileBytes
from envdoctor.binaries.library import NeedKind
from envdoctor.binaries.native import read_native
from envdoctor.core.errors import Unreadable
from envdoctor.core.request import Request
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.facts.host import Host
from envdoctor.facts.loading.environment import Environment
from envdoctor.facts.natives import NativeFile, Natives
from envdoctor.facts.packages import Distribution
from loading_facts import HERE, loading_facts
from native_files import build_library
from needs import MUSL_LOADER, needing
from random_libraries import RandomLibraries
from sites import Site

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not HERE or shutil.which("ldd") is None, reason="asks glibc's ldd"),
]
TOPICS = frozenset({"machine", "witness"})
ENOUGH = 300
MADE = pytest.mark.skipif(platform.machine() != "x86_64", reason="the libraries are made for x86_64")


def facts_about(files):
    """The facts of a machine on which these files are all that is installed."""
    return Facts(Request(topics=TOPICS), LocalExecutor(), natives=Natives(files=tuple(files)))


def native(path):
    """A file as one that is installed; None if it is no native file."""
    system = Distribution(name="system", root="/")
    try:
        with FileBytes(path) as source:
            return NativeFile(distribution=system, path=path, library=read_native(source))
    except Unreadable:
        return None


@pytest.fixture(scope="module")
def system_files():
    """The system's libraries and programs; skips the test where there are few."""
    multiarch = sysconfig.get_config_var("MULTIARCH") or ""
    patterns = (f"usr/lib/{multiarch}/*.so*", "usr/lib64/*.so*", "usr/bin/*")
    paths = {os.path.realpath(path) for pattern in patterns for path in Path("/").glob(pattern)}
    found = [one for one in map(native, sorted(filter(os.path.isfile, paths))) if one is not None]
    if len(found) < ENOUGH:
        pytest.skip(f"needs {ENOUGH} libraries and programs of the system, and there are {len(found)}")
    return found


def ours(environment, path):
    """Name -> real paths ("" for none), as loading a file alone comes to."""
    found = {}
    for each in environment.bare_session().load(path).resolutions:
        if each.need.kind is NeedKind.REQUIRED and not each.need.name.startswith("ld-"):
            found.setdefault(each.need.name, set()).add(os.path.realpath(each.path) if each.path else "")
    return found


def theirs(account):
    return {name: {os.path.realpath(one) if one else "" for one in told} for name, told in account.words.found.items()}


def test_the_system_s_own_libraries(system_files, monkeypatch):
    """Every name and every path, beside the witness's own judgment of what is the same."""
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    facts = facts_about(system_files)
    environment = Environment(facts)
    witness = facts.witness
    assert (witness.disagreements, witness.silent, witness.left) == ((), (), 0)
    assert len(witness.accounts) == len(system_files)
    different = {
        one.path: (ours(environment, one.path), theirs(one))
        for one in witness.accounts
        if ours(environment, one.path) != theirs(one)
    }
    assert different == {}
    assert sum(len(one.words.found) for one in witness.accounts) > ENOUGH


def test_the_system_s_own_libraries_behind_a_search_path(system_files, monkeypatch, tmp_path):
    """Copies in LD_LIBRARY_PATH come first, for whatever needs them."""
    names = ("libz.so.1", "libstdc++.so.6", "libselinux.so.1")
    known = {need.name for one in system_files for need in one.library.needed}
    cache = Environment(facts_about(system_files)).loader.cache
    copied = [name for name in names if name in known and name in cache]
    if not copied:
        pytest.skip("this system has none of the libraries to copy")
    for name in copied:
        shutil.copy(cache[name], tmp_path / name)
    monkeypatch.setenv("LD_LIBRARY_PATH", f"/absent:{tmp_path}:")
    witness = facts_about(system_files).witness
    assert (witness.disagreements, witness.left) == ((), 0)
    used = {path for one in witness.accounts for name in copied for path in one.words.found.get(name, ())}
    assert {str(tmp_path / name) for name in copied} <= used


@pytest.mark.parametrize("tag", ["--disable-new-dtags", "--enable-new-dtags"])
@pytest.mark.parametrize("path", ["", "$ORIGIN/foo.libs", "/absent:$ORIGIN/../site-packages/foo.libs"])
def test_compiled_libraries_by_rpath_and_runpath(tmp_path, monkeypatch, tag, path):
    """A library that is found along the path of the first file or is not, one that is missing, and Python's own."""
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    link = (f"-L{tmp_path}", "-Wl,--no-as-needed", "-Wl,--allow-shlib-undefined")
    for name, needs in (("gone", ()), ("inner", ("-lgone",)), ("outer", ("-linner", "-lm"))):
        build_library(tmp_path / f"lib{name}.so", "int made;", *link, *needs, f"-Wl,-soname,lib{name}.so.1")
    search = (f"-Wl,{tag},-rpath,{path}",) if path else ()
    build_library(tmp_path / "_m.so", "int made;", *link, "-louter", "-l:libstdc++.so.6", *search)
    site = Site(tmp_path / "site-packages")
    libraries = {f"foo.libs/lib{name}.so.1": (tmp_path / f"lib{name}.so").read_bytes() for name in ("inner", "outer")}
    site.install("foo", files={"_m.so": (tmp_path / "_m.so").read_bytes(), **libraries})
    witness = loading_facts(site, cache=tmp_path / "cache", topics=TOPICS).witness
    assert (witness.disagreements, witness.silent, len(witness.accounts)) == ((), (), 3)
    (module,) = (one.words.found for one in witness.accounts if one.path.endswith("_m.so"))
    assert bool(module["libouter.so.1"][0]) is bool(path)
    passed_on = bool(path) and "disable" in tag
    assert bool(module.get("libinner.so.1", ("",))[0]) is passed_on
    assert ("libgone.so.1" in module) is passed_on


def compare(tmp_path, monkeypatch, seeds, **options):
    """Hold made trees against ldd; the number of files of which it said something."""
    heard = 0
    for seed in seeds:
        site, other = Site(tmp_path / str(seed) / "site-packages"), tmp_path / str(seed) / "other"
        other.mkdir()
        made = RandomLibraries(seed, site.path, other, foreign="host" not in options)
        site.install("foo", files=made.files)
        for name, content in made.outside.items():
            (other / name).write_bytes(content)
        if made.library_path is None:
            monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
        else:
            monkeypatch.setenv("LD_LIBRARY_PATH", made.library_path)
        witness = loading_facts(site, cache=tmp_path / "cache", topics=TOPICS, **options).witness
        assert witness.disagreements == (), seed
        heard += len(witness.accounts)
    return heard


@MADE
def test_made_libraries(tmp_path, monkeypatch):
    """Lying sonames, circles, both kinds of search paths, empty ones, damaged files, other processors."""
    assert compare(tmp_path, monkeypatch, range(40)) > 200


@MADE
@needing(MUSL_LOADER)
def test_made_libraries_with_musl(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ldd").symlink_to(MUSL_LOADER)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    host = Host(libc="musl", libc_version="1.2", distribution="alpine", machine=platform.machine())
    assert compare(tmp_path, monkeypatch, range(40), host=host) > 150
