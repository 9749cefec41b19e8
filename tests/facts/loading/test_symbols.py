"""Names that nothing defines: real modules, and the interpreter that says whether it imports them."""

import pytest

from asking import ask
from envdoctor.core.finding import Severity
from envdoctor.facts.loading.symbols import UndefinedSymbols
from envdoctor.facts.natives import NativeFile
from extensions import compile_module
from library_facts import FOO, MATRIX, environment
from loading_facts import HERE, MODULE, import_in_child, loading_facts
from native_files import build_library
from sites import Site

pytestmark = pytest.mark.skipif(not HERE, reason="compiles modules for glibc's loader")

DATA = "extern int nobody_defines_this; int *use(void) { return &nobody_defines_this; }"
WEAK = "extern int nobody_defines_this __attribute__((weak)); int *use(void) { return &nobody_defines_this; }"
FUNCTION = "extern int nobody_defines_this(void); int use(void) { return nobody_defines_this(); }"
POINTER = "extern int nobody_defines_this(void); int (*use)(void) = nobody_defines_this;"
THREAD = "extern __thread int nobody_defines_this; int use(void) { return nobody_defines_this; }"
NOW, LAZY = "-Wl,-z,now", "-Wl,-z,lazy"
SYSV, GNU = "-Wl,--hash-style=sysv", "-Wl,--hash-style=gnu"


@pytest.fixture
def look(tmp_path, monkeypatch):
    """What a site's modules lack."""
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    return lambda *sites: loading_facts(*sites, cache=tmp_path / "cache").loading.symbols


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site-packages")


def module(folder, head, *flags):
    return compile_module(folder, "_m", head=head, flags=flags)


@pytest.mark.parametrize("style", [SYSV, GNU])
@pytest.mark.parametrize(
    ("head", "flag", "fails"),
    [
        (DATA, LAZY, True),
        (DATA, NOW, True),
        (WEAK, NOW, False),
        (FUNCTION, NOW, True),
        (POINTER, LAZY, True),
        (THREAD, LAZY, True),
        ("#include <stdio.h>\nFILE **use(void) { return &stdout; }", NOW, False),
    ],
)
def test_a_module_is_told_if_its_import_fails(site, tmp_path, look, head, flag, fails, style):  # noqa: PLR0917
    site.install(
        "foo", files={"foo/__init__.py": "from foo import _m", f"foo/{MODULE}": module(tmp_path, head, flag, style)}
    )
    assert ("undefined symbol: nobody_defines_this" in import_in_child("foo", site)) is fails
    told = look(site)
    assert [(one.names, one.imported) for one in told] == ([(("nobody_defines_this",), True)] if fails else [])


@pytest.mark.parametrize("style", [SYSV, GNU])
def test_a_name_that_a_needed_library_defines(site, tmp_path, look, style):
    build_library(tmp_path / "libgives.so", "int nobody_defines_this;", "-Wl,-soname,libgives.so", style)
    flags = (f"-L{tmp_path}", "-lgives", f"-Wl,-rpath,{tmp_path}")
    target = compile_module(tmp_path, "_m", head=DATA, flags=("-Wl,--no-as-needed", *flags))
    site.install("foo", files={"foo/__init__.py": "from foo import _m", f"foo/{MODULE}": target})
    assert look(site) == ()


def test_a_name_that_a_library_of_the_environment_could_bring(site, tmp_path, look):
    gives = build_library(tmp_path / "libgives.so", "int nobody_defines_this;").read_bytes()
    preload = "import ctypes\nctypes.CDLL(__path__[0] + '/libgives.so', ctypes.RTLD_GLOBAL)\nfrom foo import _m"
    files = {"foo/__init__.py": preload, "foo/libgives.so": gives, f"foo/{MODULE}": module(tmp_path, DATA)}
    site.install("foo", files=files)
    assert import_in_child("foo", site) == ""
    assert look(site) == ()


def test_a_library_of_the_environment_that_lacks_a_name(site, tmp_path, look):
    bad = build_library(tmp_path / "libbad.so", DATA, "-Wl,-soname,libbad.so").read_bytes()
    search = (
        f"-L{tmp_path}",
        "-lbad",
        "-Wl,-rpath,$ORIGIN",
        "-Wl,--no-as-needed",
        "-Wl,--unresolved-symbols=ignore-all",
    )
    target = compile_module(tmp_path, "_m", flags=("-Wl,--no-as-needed", *search))
    site.install("foo", files={"foo/__init__.py": "", "foo/libbad.so": bad, f"foo/{MODULE}": target})
    assert "undefined symbol" in import_in_child("foo._m", site)
    (told,) = look(site)
    assert (told.holder.rpartition("/")[2], told.imported) == ("libbad.so", True)


def test_a_module_whose_failure_is_caught(site, tmp_path, look):
    caught = "try:\n    from foo import _m\nexcept ImportError:\n    pass\n"
    site.install("foo", files={"foo/__init__.py": caught, f"foo/{MODULE}": module(tmp_path, DATA)})
    assert import_in_child("foo", site) == ""
    (told,) = look(site)
    assert not told.imported


@pytest.mark.parametrize(("imported", "severity"), [(True, Severity.ERROR), (False, Severity.WARNING)])
def test_the_finding(imported, severity):
    file = NativeFile(distribution=FOO, path="/sp/foo/_m.so")
    row = UndefinedSymbols(file=file, holder="/sp/foo/_m.so", names=("a", "b"), searched=7, imported=imported)
    (finding,) = ask("LIB011", **environment(symbols=(row,)))
    assert (finding.severity, finding.fix.commands) == (severity, MATRIX)
    assert finding.message == "_m.so of foo 1.0 can't be loaded: nothing defines a and 1 more symbol."
    assert finding.evidence[0].excerpt == "undefined symbol: a\nundefined symbol: b"
