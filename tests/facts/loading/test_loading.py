"""What becomes of the needs of installed files: real modules, and the interpreter that says the same."""

import platform
import re

import pytest

from envdoctor.core.finding import Severity
from envdoctor.facts.host import Host
from envdoctor.facts.loading import is_of_other_architecture, is_visual_cpp
from envdoctor.imports.loading import MissingLibrary
from envdoctor.imports.reach import Reach
from extensions import compile_module
from loading_facts import HERE, MODULE, import_in_child, loading_facts
from native_files import build_library, elf_bytes, rename_version
from sites import Site

pytestmark = pytest.mark.skipif(not HERE, reason="compiles modules for glibc's loader")

OTHER = 183 if platform.machine() == "x86_64" else 62
LINK = "-Wl,--no-as-needed"
OLD, NEW = "-Wl,--disable-new-dtags", "-Wl,--enable-new-dtags"


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site-packages")


@pytest.fixture
def built(tmp_path):
    """A folder for what is compiled and not installed."""
    folder = tmp_path / "built"
    folder.mkdir()
    return folder


@pytest.fixture
def look(tmp_path, monkeypatch):
    """Loads in thought what a site holds."""
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)

    def look(*sites, **options):
        return loading_facts(*sites, cache=tmp_path / "cache", **options).loading

    return look


def library(folder, name, *flags, needs=(), source="int made;"):
    """The bytes of a real library whose soname is its name; it stays in the folder, to be linked with."""
    linked = [f"-l{one}" for one in needs]
    build_library(folder / f"lib{name}.so", source, f"-Wl,-soname,lib{name}.so", LINK, f"-L{folder}", *linked, *flags)
    return (folder / f"lib{name}.so").read_bytes()


def module(folder, *needs, flags=(), **code):
    """The bytes of a real extension module `_m` that needs libraries in a folder."""
    linked = [f"-l{one}" for one in needs]
    search = ("-Wl,--allow-shlib-undefined", f"-L{folder}")
    return compile_module(folder, "_m", flags=(LINK, *search, *flags, *linked), **code)


def rpath(path, tags=NEW):
    return tags, f"-Wl,-rpath,{path}"


@pytest.mark.slow
def test_a_module_that_fails_for_want_of_a_library(site, built, look):
    library(built, "gone")
    site.install("foo", files={"foo/__init__.py": "from foo import _m", f"foo/{MODULE}": module(built, "gone")})
    assert "libgone.so: cannot open shared object file" in import_in_child("foo", site)
    ((distribution, missing),) = look(site).missing
    assert (distribution.name, missing.name, missing.severity) == ("foo", "libgone.so", Severity.ERROR)
    assert (missing.reach, missing.via, missing.loaders) == (Reach.IMPORT, ("foo", "foo._m"), (f"foo/{MODULE}",))
    assert [each.problem for each in missing.considered] == ["not there"] * len(missing.considered)
    assert "/usr/lib/libgone.so" in {each.path for each in missing.considered}


@pytest.mark.slow
def test_the_same_library_for_a_plug_in_alone(site, built, look):
    library(built, "gone")
    plugin = library(built, "plugin", needs=["gone"])
    files = {
        "foo/__init__.py": "from foo import _m",
        f"foo/{MODULE}": module(built),
        "foo/vendors/libplugin.so": plugin,
    }
    site.install("foo", files=files)
    assert import_in_child("foo", site) == ""
    ((_, missing),) = look(site).missing
    assert (missing.severity, missing.reach) == (Severity.INFO, Reach.PLUGIN)
    assert missing.loaders == ("foo/vendors/libplugin.so",)


@pytest.mark.slow
def test_an_import_that_goes_on_without_it(site, built, look):
    library(built, "gone")
    code = "try:\n    from foo import _m\nexcept ImportError:\n    pass\n"
    site.install("foo", files={"foo/__init__.py": code, f"foo/{MODULE}": module(built, "gone")})
    assert import_in_child("foo", site) == ""
    ((_, missing),) = look(site).missing
    assert missing.severity is Severity.INFO


@pytest.mark.slow
def test_libraries_that_their_loaders_rpath_finds(site, built, look):
    """As h5py has them: the libraries have no search path; the module's DT_RPATH is passed on to them."""
    inner, outer = library(built, "inner"), library(built, "outer", needs=["inner"])
    code = module(built, "outer", flags=rpath("$ORIGIN/../foo.libs", OLD))
    files = {"foo.libs/libinner.so": inner, "foo.libs/libouter.so": outer, f"foo/{MODULE}": code}
    site.install("foo", files=files | {"foo/__init__.py": "from foo import _m"})
    assert import_in_child("foo", site) == ""
    found = look(site)
    assert (found.analyses, found.versions) == ((), ())
    assert {path.rpartition("/")[2] for path in found.reached} == {MODULE, "libinner.so", "libouter.so"}


@pytest.mark.slow
def test_a_runpath_is_not_passed_on(site, built, look):
    inner, outer = library(built, "inner"), library(built, "outer", needs=["inner"])
    code = module(built, "outer", flags=rpath("$ORIGIN/../foo.libs", NEW))
    files = {"foo.libs/libinner.so": inner, "foo.libs/libouter.so": outer, f"foo/{MODULE}": code}
    site.install("foo", files=files | {"foo/__init__.py": "from foo import _m"})
    assert "libinner.so: cannot open shared object file" in import_in_child("foo", site)
    ((_, missing),) = look(site).missing
    assert (missing.name, missing.severity) == ("libinner.so", Severity.ERROR)
    assert missing.loaders[0].endswith("foo.libs/libouter.so")


@pytest.mark.slow
def test_another_distribution_s_library_that_its_import_has_loaded(site, built, look):
    """As torchvision's modules, which name torch's libraries and no folder, and import torch first."""
    core = library(built, "core")
    owner = module(built, "core", flags=rpath("$ORIGIN/lib"))
    site.install(
        "core",
        files={"core/__init__.py": "from core import _m", f"core/{MODULE}": owner, "core/lib/libcore.so": core},
    )
    files = {"vision/__init__.py": "import core\nfrom vision import _m", f"vision/{MODULE}": module(built, "core")}
    site.install("vision", files=files, requires=["core"])
    assert import_in_child("vision", site) == ""
    found = look(site)
    assert list(found.missing) == []
    assert [distribution.name for distribution, _ in found.analyses] == ["vision"]  # it was looked into
    site.write("vision/__init__.py", "from vision import _m")
    assert "libcore.so: cannot open shared object file" in import_in_child("vision", site)


@pytest.mark.parametrize(("kind", "missing"), [("rpath", []), ("runpath", ["libown.so"])])
def test_the_program_s_own_rpath(tmp_path, site, look, kind, missing):
    """As conda's python has it, whose folder of libraries every module then searches."""
    program = tmp_path / "conda/bin/python"
    for path, content in (
        (program, elf_bytes(kind=2, interpreter="/lib64/ld-linux-x86-64.so.2", **{kind: "$ORIGIN/../lib"})),
        (tmp_path / "conda/lib/libown.so", elf_bytes(soname="libown.so")),
    ):
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    site.install("foo", files={f"foo/{MODULE}": elf_bytes(["libown.so"])})
    found = look(site, python={"executable": str(program), "machine": "x86_64"})
    assert [one.name for _, one in found.missing] == missing


@pytest.mark.slow
def test_ld_library_path(tmp_path, site, built, look, monkeypatch):
    folder = tmp_path / "mine"
    folder.mkdir()
    content = library(built, "mine")
    site.install("foo", files={"foo/__init__.py": "from foo import _m", f"foo/{MODULE}": module(built, "mine")})
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{tmp_path / 'absent'}:{folder}")
    ((_, missing),) = look(site).missing
    assert [(each.path, each.rule) for each in missing.considered][:2] == [
        (f"{tmp_path / 'absent'}/libmine.so", "LD_LIBRARY_PATH"),
        (f"{folder}/libmine.so", "LD_LIBRARY_PATH"),
    ]
    (folder / "libmine.so").write_bytes(content)
    assert import_in_child("foo", site) == ""
    found = look(site)
    assert list(found.missing) == []
    assert ("LD_LIBRARY_PATH", f"{tmp_path / 'absent'}:{folder}") in found.sources


@pytest.mark.slow
def test_a_library_for_another_machine(site, built, look):
    library(built, "other")
    code = module(built, "other", flags=rpath("$ORIGIN"))
    files = {f"foo/{MODULE}": code, "foo/libother.so": elf_bytes(soname="libother.so", machine=OTHER)}
    site.install("foo", files=files | {"foo/__init__.py": "from foo import _m"})
    assert "libother.so: cannot open shared object file" in import_in_child("foo", site)
    ((_, missing),) = look(site).missing
    assert is_of_other_architecture(missing)
    assert missing.considered[0].path == "foo/libother.so"
    assert missing.considered[0].problem == f"is for {'aarch64' if OTHER == 183 else 'x86_64'}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><html>not found</html>" * 2, "invalid ELF header"),
        (b"", "file too short"),
        (elf_bytes(soname="libx.so")[:40], "file too short"),
    ],
    ids=["a page of text", "empty", "cut off"],
)
def test_a_library_that_cannot_be_read(site, built, look, content, said):
    library(built, "x")
    files = {f"foo/{MODULE}": module(built, "x", flags=rpath("$ORIGIN")), "foo/libx.so": content}
    site.install("foo", files=files | {"foo/__init__.py": "from foo import _m"})
    assert said in import_in_child("foo", site)
    ((_, analysis),) = look(site).analyses
    assert [path for path, _ in analysis.unreadable] == ["foo/libx.so"]


def versioned(folder, *names):
    """A real library that defines symbol versions, each with a symbol of its own; `f` is of the first and the last."""
    script = folder / "versions.map"
    script.write_text("".join(f"{name} {{ global: f{number}; }};\n" for number, name in enumerate(names)))
    source = "".join(f"int f{number}(void) {{ return {number}; }}\n" for number in range(len(names)))
    return library(folder, "v", f"-Wl,--version-script={script}", source=source)


CALLS = {"head": "int f1(void);", "body": "f1();"}


@pytest.mark.slow
@pytest.mark.parametrize("place", ["foo", "foo.libs"])
def test_a_symbol_version_that_the_library_does_not_define(site, built, look, place):
    """Of a module, and of a bundled library that is found by a path with `..` in it."""
    versioned(built, "FOO_1.2", "FOO_1.10")
    if place == "foo":
        files = {f"foo/{MODULE}": module(built, "v", flags=rpath("$ORIGIN/../foo.libs"), **CALLS)}
    else:
        source = "int f1(void); int user(void) { return f1(); }"
        user = library(built, "user", *rpath("$ORIGIN"), needs=["v"], source=source)
        linked = module(built, "user", flags=rpath("$ORIGIN/../foo.libs"))
        files = {f"foo/{MODULE}": linked, "foo.libs/libuser.so": user}
    files["foo.libs/libv.so"] = versioned(built, "FOO_1.2", "FOO_1.9")
    site.install("foo", files=files | {"foo/__init__.py": "from foo import _m"})
    assert "version `FOO_1.10' not found" in import_in_child("foo", site)
    (lacking,) = look(site).versions
    assert (lacking.version, lacking.newest, lacking.library) == ("FOO_1.10", "FOO_1.9", "libv.so")
    assert lacking.file.path.rpartition("/")[2] == (MODULE if place == "foo" else "libuser.so")
    assert lacking.found == str(site.path / "foo.libs/libv.so")
    assert lacking.reached


@pytest.mark.slow
def test_a_glibc_that_is_not_there_yet(site, built, look):
    code = module(built, head="#include <unistd.h>", body="getppid();")
    asked = next(re.finditer(rb"\0(GLIBC_2\.[0-9.]+)\0", code))[1]
    code = rename_version(code, asked, b"GLIBC_2.99")
    site.install("foo", files={"foo/__init__.py": "from foo import _m", f"foo/{MODULE}": code})
    assert "version `GLIBC_2.99' not found" in import_in_child("foo", site)
    (lacking,) = look(site).versions
    assert (lacking.version, lacking.library, lacking.reached) == ("GLIBC_2.99", "libc.so.6", True)
    assert lacking.newest.startswith("GLIBC_2.")
    assert look(site, host=Host(libc="musl", libc_version="1.2.5")).versions == ()


@pytest.mark.slow
def test_a_plug_in_s_version_is_not_reached(site, built, look):
    versioned(built, "FOO_1", "FOO_2")
    plugin = library(
        built, "plugin", *rpath("$ORIGIN"), needs=["v"], source="int f1(void); int g(void) { return f1(); }"
    )
    files = {"foo/libplugin.so": plugin, "foo/libv.so": versioned(built, "FOO_1")}
    site.install("foo", files=files)
    (lacking,) = look(site).versions
    assert (lacking.version, lacking.newest, lacking.reached) == ("FOO_2", "FOO_1", False)


def test_files_for_other_machines_are_left_alone(site, look):
    site.install("foo", files={"foo/libQnnHtpV73Skel.so": elf_bytes(["libc++.so.1"], machine=164)})
    assert look(site).analyses == ()


def test_nothing_installed(site, look):
    found = look(site)
    assert (found.analyses, found.versions, found.reached) == ((), (), frozenset())
    assert ("LD_LIBRARY_PATH", "not set") in found.sources


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("MSVCP140.dll", True), ("vcruntime140_1.dll", True), ("msvcrt.dll", False), ("libmsvcp140.so", False)],
)
def test_the_visual_cpp_runtime(name, is_one):
    missing = MissingLibrary(wheel="", name=name, severity=Severity.ERROR, reach=Reach.IMPORT, loaders=("a.pyd",))
    assert is_visual_cpp(missing) is is_one
