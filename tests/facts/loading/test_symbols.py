"""Names that nothing defines: real modules, and the interpreter that says whether it imports them."""

import pytest

from asking import answer, ask
from envdoctor.core.finding import Outcome, Severity
from envdoctor.facts.loading.symbols import Symbols, UndefinedSymbols
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
    return lambda *sites: loading_facts(*sites, cache=tmp_path / "cache").loading.symbols.undefined


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site-packages")


def module(folder, head, *flags):
    return compile_module(folder, "_m", head=head, flags=flags)


@pytest.mark.slow
@pytest.mark.parametrize("style", [SYSV, GNU])
@pytest.mark.parametrize(
    ("head", "flag", "fails"),
    [
        (DATA, LAZY, True),
        (DATA, NOW, True),
        (WEAK, NOW, False),
        (FUNCTION, NOW, True),
        (FUNCTION, LAZY, True),
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


@pytest.mark.slow
@pytest.mark.parametrize("style", [SYSV, GNU])
def test_a_name_that_a_needed_library_defines(site, tmp_path, look, style):
    build_library(tmp_path / "libgives.so", "int nobody_defines_this;", "-Wl,-soname,libgives.so", style)
    flags = (f"-L{tmp_path}", "-lgives", f"-Wl,-rpath,{tmp_path}")
    target = compile_module(tmp_path, "_m", head=DATA, flags=("-Wl,--no-as-needed", *flags))
    site.install("foo", files={"foo/__init__.py": "from foo import _m", f"foo/{MODULE}": target})
    assert look(site) == ()


@pytest.mark.slow
def test_a_name_that_a_library_of_the_environment_could_bring(site, tmp_path, look):
    gives = build_library(tmp_path / "libgives.so", "int nobody_defines_this;").read_bytes()
    preload = "import ctypes\nctypes.CDLL(__path__[0] + '/libgives.so', ctypes.RTLD_GLOBAL)\nfrom foo import _m"
    files = {"foo/__init__.py": preload, "foo/libgives.so": gives, f"foo/{MODULE}": module(tmp_path, DATA)}
    site.install("foo", files=files)
    assert import_in_child("foo", site) == ""
    assert look(site) == ()


CALLS_CURL = "extern int curl_like_name(void); int use(void) { return curl_like_name(); }"
GIVES_CURL = "int curl_like_name(void) { return 7; }"


@pytest.mark.slow
def test_a_name_that_only_an_unnamed_library_defines(site, tmp_path, look):
    """The linker was not told of it; that another package brings it does not help."""
    site.install("gives", files={"gives/libgives.so": build_library(tmp_path / "libgives.so", GIVES_CURL).read_bytes()})
    site.install("foo", files={"foo/__init__.py": "from foo import _m", f"foo/{MODULE}": module(tmp_path, CALLS_CURL)})
    assert "undefined symbol: curl_like_name" in import_in_child("foo", site)
    (told,) = look(site)
    assert (told.names, told.imported) == (("curl_like_name",), True)
    assert [path.rpartition("/")[2] for path in told.elsewhere] == ["libgives.so"]


@pytest.mark.slow
@pytest.mark.parametrize("head", [DATA, FUNCTION])
def test_a_library_of_the_environment_that_lacks_a_name(site, tmp_path, look, head):
    bad = build_library(tmp_path / "libbad.so", head, "-Wl,-soname,libbad.so", LAZY).read_bytes()
    search = (f"-L{tmp_path}", "-lbad", "-Wl,-rpath,$ORIGIN", "-Wl,--unresolved-symbols=ignore-all")
    target = compile_module(tmp_path, "_m", flags=("-Wl,--no-as-needed", *search))
    files = {"foo/__init__.py": "from foo import _m", "foo/libbad.so": bad, f"foo/{MODULE}": target}
    site.install("foo", files=files)
    assert "undefined symbol" in import_in_child("foo", site)
    (told,) = look(site)
    assert (told.holder.rpartition("/")[2], told.imported) == ("libbad.so", True)


@pytest.mark.slow
@pytest.mark.parametrize(("opening", "imported"), [("libopened = ctypes.CDLL(where)", True), ("", False)])
def test_a_library_that_code_opens(site, tmp_path, look, opening, imported):
    """One that nothing is known to open may be for a program that has the names."""
    code = f"import ctypes, os\nwhere = os.path.join(os.path.dirname(__file__), 'libopened.so')\n{opening}\n"
    opened = build_library(tmp_path / "libopened.so", FUNCTION, LAZY).read_bytes()
    site.install("foo", files={"foo/__init__.py": code, "foo/libopened.so": opened})
    assert bool(import_in_child("foo", site)) is imported
    assert [(one.file.path.rpartition("/")[2], one.imported) for one in look(site)] == [("libopened.so", imported)]


VERSIONS = {
    "another version": ("int f(void) { return 1; }", "V1 { f; }; V3 { };", False),
    "the same": ("int f(void) { return 1; }", "V1 { }; V3 { f; };", True),
    "not the default": ('int g(void) { return 1; } __asm__(".symver g,f@V3");', "V1 { }; V3 { };", True),
    "without a version": ("int f(void) { return 1; }", "V1 { }; V3 { };", True),
}


@pytest.mark.slow
@pytest.mark.parametrize(("code", "script", "loads"), VERSIONS.values(), ids=VERSIONS)
def test_versions(site, tmp_path, look, code, script, loads):  # noqa: PLR0917
    """A module that was linked with f of version V3, beside another build of that library."""
    library, own = tmp_path / "libv.so", tmp_path / "own.map"
    own.write_text("V1 { }; V3 { f; };")
    build_library(library, "int f(void) { return 3; }", "-Wl,-soname,libv.so", f"-Wl,--version-script={own}")
    calls = "extern int f(void); int use(void) { return f(); }"
    flags = ("-Wl,--no-as-needed", f"-L{tmp_path}", "-lv", "-Wl,-rpath,$ORIGIN")
    target = compile_module(tmp_path, "_m", head=calls, flags=flags)
    own.write_text(script)
    other = build_library(library, code, "-Wl,-soname,libv.so", f"-Wl,--version-script={own}").read_bytes()
    site.install("foo", files={"foo/__init__.py": "from foo import _m", "foo/libv.so": other, f"foo/{MODULE}": target})
    assert (import_in_child("foo", site) == "") is loads
    assert [one.names for one in look(site)] == ([] if loads else [("f, version V3",)])


@pytest.mark.slow
@pytest.mark.parametrize(("script", "loads"), [("V3 { f; };", True), ("V1 { }; V2 { }; V3 { };", False)])
def test_a_symbol_without_a_version(site, tmp_path, look, script, loads):
    """It is met by a default version, and not by one that is only there for old programs."""
    code = "int f(void) { return 1; }" if loads else 'int g(void) { return 1; } __asm__(".symver g,f@V3");'
    versions = tmp_path / "v.map"
    versions.write_text(script)
    library = tmp_path / "libv.so"
    build_library(library, "int f(void) { return 3; }", "-Wl,-soname,libv.so")
    calls = "extern int f(void); int use(void) { return f(); }"
    flags = ("-Wl,--no-as-needed", f"-L{tmp_path}", "-lv", "-Wl,-rpath,$ORIGIN")
    target = compile_module(tmp_path, "_m", head=calls, flags=flags)
    other = build_library(library, code, "-Wl,-soname,libv.so", f"-Wl,--version-script={versions}").read_bytes()
    site.install("foo", files={"foo/__init__.py": "from foo import _m", "foo/libv.so": other, f"foo/{MODULE}": target})
    assert (import_in_child("foo", site) == "") is loads
    assert [one.names for one in look(site)] == ([] if loads else [("f",)])


@pytest.mark.slow
def test_a_library_that_code_loads_before_under_the_name_that_is_needed(site, tmp_path, look):
    """As torch's extensions do: their modules name torch's libraries, and have no path to them."""
    base = build_library(tmp_path / "libbase.so", GIVES_CURL, "-Wl,-soname,libbase.so").read_bytes()
    code = "import ctypes, os\nctypes.CDLL(os.path.join(os.path.dirname(__file__), 'libbase.so'))\n"
    site.install("base", files={"base/__init__.py": code, "base/libbase.so": base})
    flags = ("-Wl,--no-as-needed", f"-L{tmp_path}", "-lbase")
    target = compile_module(tmp_path, "_m", head=CALLS_CURL, flags=flags)
    site.install("foo", files={"foo/__init__.py": "import base\nfrom foo import _m", f"foo/{MODULE}": target})
    assert import_in_child("foo", site) == ""
    assert look(site) == ()


@pytest.mark.slow
def test_an_answer_is_kept_until_a_file_changes(site, tmp_path, look):
    site.install("foo", files={"foo/__init__.py": "from foo import _m", f"foo/{MODULE}": module(tmp_path, WEAK)})
    assert look(site) == ()
    folder = tmp_path / "cache" / "symbols"
    kept = sorted(folder.glob("*/*"))
    assert len(kept) == 1
    assert look(site) == ()
    assert sorted(folder.glob("*/*")) == kept
    (site.path / "foo" / MODULE).write_bytes(module(tmp_path, FUNCTION))
    assert [one.names for one in look(site)] == [("nobody_defines_this",)]


@pytest.mark.slow
def test_a_module_whose_failure_is_caught(site, tmp_path, look):
    caught = "try:\n    from foo import _m\nexcept ImportError:\n    pass\n"
    site.install("foo", files={"foo/__init__.py": caught, f"foo/{MODULE}": module(tmp_path, DATA)})
    assert import_in_child("foo", site) == ""
    (told,) = look(site)
    assert not told.imported


LIBRARY = {"path": "/sp/foo/libx.so", "is_module": False}
ROWS = [
    ({}, {}, Severity.ERROR, "nothing defines a"),
    ({}, {"imported": False}, Severity.WARNING, "nothing defines a"),
    (LIBRARY, {"imported": False}, Severity.INFO, "nothing defines a"),
    ({}, {"elsewhere": ("/lib/liba.so",)}, Severity.ERROR, "nothing that is loaded with it defines a"),
]


@pytest.mark.parametrize(("file", "more", "severity", "words"), ROWS)
def test_the_finding(file, more, severity, words):
    native = NativeFile(distribution=FOO, **{"path": "/sp/foo/_m.so"} | file)
    row = UndefinedSymbols(file=native, holder="/sp/foo/_m.so", names=("a", "b"), count=2, searched=7, **more)
    (finding,) = ask("LIB011", **environment(symbols=Symbols(undefined=(row,))))
    assert (finding.severity, finding.fix.commands) == (severity, MATRIX)
    name = native.path.rpartition("/")[2]
    assert finding.message == f"{name} of foo 1.0 can't be loaded: {words} and 1 more symbol."
    assert finding.evidence[0].excerpt == "undefined symbol: a\nundefined symbol: b"


def test_files_whose_symbols_can_not_be_read_are_no_pass():
    native = NativeFile(distribution=FOO, path="/sp/foo/_m.so")
    result = answer("LIB011", **environment(symbols=Symbols(unread=((native, "damaged"),))))
    assert (result.outcome, result.reason) == (
        Outcome.UNKNOWN,
        "loading: the symbols of /sp/foo/_m.so can't be read: damaged",
    )


def test_where_another_loader_is():
    assert answer("LIB011", **environment(symbols=None)).outcome is Outcome.DOES_NOT_APPLY


@pytest.mark.slow
@pytest.mark.parametrize(("flag", "refused"), [("-Wl,-z,nodlopen", True), (NOW, False)])
def test_a_module_that_may_not_be_opened(site, tmp_path, flag, refused):
    head = "int nothing;"
    site.install("foo", files={"foo/__init__.py": "from foo import _m", f"foo/{MODULE}": module(tmp_path, head, flag)})
    assert ("cannot be dlopen()ed" in import_in_child("foo", site)) is refused
    findings = ask("LIB012", loading_facts(site, cache=tmp_path / "cache"))
    assert [one.severity for one in findings] == ([Severity.ERROR] if refused else [])
