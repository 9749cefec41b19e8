"""Names that nothing in a set of wheels defines, in wheels of real libraries."""

from dataclasses import replace

import pytest

from envdoctor.core.finding import Severity
from envdoctor.core.target import Interpreter, Libc, Platform, System, Target
from envdoctor.imports.judgment import judge_wheel
from envdoctor.imports.loading import LoadJudge
from envdoctor.imports.problems import ProblemKind
from loading_facts import HERE
from native_files import build_library
from wheel_files import contents_of

pytestmark = pytest.mark.skipif(not HERE, reason="compiles libraries for glibc")

TARGET = Target(
    platform=Platform(system=System.LINUX, arch="x86_64", version=(2, 36), libc=Libc.GLIBC),
    interpreter=Interpreter(version=(3, 11)),
)
INIT = "from pkg import _m"
WANTS = "extern int {0}(void); int PyInit__m(void) {{ return {0}(); }}"
GIVES = "int {0}(void) {{ return 1; }}"
NOTHING = ("-nostdlib",)  # names of the C library stay without a version


@pytest.fixture
def library(tmp_path):
    """The bytes of a library that is compiled from C."""
    made = iter(range(99))

    def build(code, *flags):
        return build_library(tmp_path / f"{next(made)}.so", code, *flags).read_bytes()

    return build


def judge(*wheels, target=TARGET, init=INIT):
    """What is said of the symbols of the first of some wheels, each a dictionary of files."""
    named = [{"pkg/__init__.py": init} | wheels[0], *wheels[1:]]
    contents = [contents_of(files, name=f"pkg{number or ''}") for number, files in enumerate(named)]
    analysis = LoadJudge(contents, target, lambda _, member: named[0].get(member, "")).analyse(contents[0])
    problems = judge_wheel(contents[0], analysis, target)
    return [one for one in problems if one.kind is ProblemKind.MISSING_SYMBOL]


@pytest.mark.parametrize(
    ("init", "severity"),
    [(INIT, Severity.ERROR), ("try:\n    from pkg import _m\nexcept ImportError:\n    pass", Severity.WARNING)],
)
def test_a_name_that_nothing_defines(library, init, severity):
    (problem,) = judge({"pkg/_m.so": library(WANTS.format("nobody_has_this"))}, init=init)
    assert (problem.severity, problem.files, problem.details) == (severity, ("pkg/_m.so",), ("nobody_has_this",))
    assert problem.message == "pkg/_m.so can't be loaded for want of nobody_has_this, which nothing defines"


@pytest.mark.parametrize(
    ("name", "python", "why"),
    [
        ("PyString_FromString", Interpreter(version=(3, 11)), "which Python 3.0 and later lack"),
        ("PyUnicodeUCS4_FromString", Interpreter(version=(3, 11)), "which Python 3.0 and later lack"),
        ("PyFPE_jbuf", Interpreter(version=(3, 9)), "which Python 3.9 and later lack"),
        ("PyFPE_jbuf", Interpreter(version=(3, 8)), ""),
        ("PyObject_CallNoArgs", Interpreter(version=(3, 8)), "which Python 3.9 brought"),
        ("PyObject_CallNoArgs", Interpreter(version=(3, 9)), ""),
        ("PyString_FromString", Interpreter(implementation="pp", version=(3, 10)), ""),
        ("PyList_New", Interpreter(version=(3, 11)), ""),
    ],
)
def test_a_name_that_another_python_has(library, name, python, why):
    found = judge({"pkg/_m.so": library(WANTS.format(name))}, target=replace(TARGET, interpreter=python))
    assert [problem.severity for problem in found] == ([Severity.ERROR] if why else [])
    assert all(problem.message.endswith(f"for want of {name}, {why}") for problem in found)


@pytest.mark.slow
@pytest.mark.parametrize("style", ["gnu", "sysv"])
def test_a_name_that_a_library_of_the_wheel_defines(library, style):
    module = library(WANTS.format("something"))
    gives = library(GIVES.format("something"), f"-Wl,--hash-style={style}")
    assert judge({"pkg/_m.so": module, "pkg/libgives.so": gives}) == []


@pytest.mark.slow
def test_a_name_that_another_wheel_of_the_set_defines(library):
    module = library(WANTS.format("something"))
    assert judge({"pkg/_m.so": module}, {"other/libgives.so": library(GIVES.format("something"))}) == []
    assert judge({"pkg/_m.so": module}, {"other/libgives.so": library(GIVES.format("something_else"))}) != []


@pytest.mark.slow
def test_a_library_that_a_module_brings(library, tmp_path):
    wants = library(WANTS.format("nobody_has_this").replace("PyInit__m", "use"), "-Wl,-soname,libwants.so")
    (tmp_path / "libwants.so").write_bytes(wants)
    flags = ("-Wl,--no-as-needed", f"-L{tmp_path}", "-lwants", "-Wl,-rpath,$ORIGIN", "-Wl,--allow-shlib-undefined")
    module = library("int PyInit__m(void) { return 1; }", *flags)
    (problem,) = judge({"pkg/_m.so": module, "pkg/libwants.so": wants})
    assert (problem.severity, problem.files) == (Severity.ERROR, ("pkg/libwants.so",))


@pytest.mark.parametrize("name", ["PyObject_Call", "dladdr", "pthread_create"])
def test_names_of_python_and_of_the_c_library(library, name):
    assert judge({"pkg/_m.so": library(WANTS.format(name), *NOTHING)}) == []


@pytest.mark.parametrize(("version", "told"), [((2, 36), True), ((2, 38), False), (None, False)])
def test_a_name_of_a_newer_c_library(library, version, told):
    platform = Platform(system=System.LINUX, arch="x86_64", version=version, libc=Libc.GLIBC)
    target = Target(platform=platform, interpreter=TARGET.interpreter)
    found = judge({"pkg/_m.so": library(WANTS.format("__isoc23_strtoll"), *NOTHING)}, target=target)
    words = "pkg/_m.so can't be loaded for want of __isoc23_strtoll, which glibc 2.38 brought"
    assert [one.message for one in found] == ([words] if told else [])


@pytest.mark.slow
def test_a_name_that_a_library_of_the_system_may_define(library, tmp_path):
    """Which names libGL has is not known here: not a fault, and said."""
    build_library(tmp_path / "libGL.so.1", GIVES.format("other"), "-Wl,-soname,libGL.so.1")
    flags = ("-Wl,--no-as-needed", f"-L{tmp_path}", "-l:libGL.so.1", "-Wl,--unresolved-symbols=ignore-all")
    (problem,) = judge({"pkg/_m.so": library(WANTS.format("glSomething"), *flags)})
    assert problem.severity is Severity.INFO
    assert problem.message == "1 symbol not looked at: they may be in libGL.so.1, whose symbols were not read"


@pytest.mark.slow
@pytest.mark.parametrize(("code", "counts"), [("int PyInit__m(void) { return 1; }", True), (GIVES.format("a"), False)])
def test_a_library_that_begins_no_module_is_none(library, code, counts):
    wheel = contents_of(
        {"pkg/__init__.py": "", "pkg/_m.so": library(code), "pkg/_m.abi3.so": library(GIVES.format("a"))}
    )
    assert {native.path: native.is_module for native in wheel.natives} == {"pkg/_m.so": counts, "pkg/_m.abi3.so": True}


@pytest.mark.slow
@pytest.mark.parametrize(("defined", "told"), [("FOO_1", True), ("FOO_2", False), ("", False)])
def test_a_version_that_a_library_of_the_wheel_does_not_define(library, tmp_path, defined, told):
    """ld.so refuses it, unless the library has no versions at all, of which it only warns."""

    def made(version):
        (tmp_path / "map").write_text(f"{version} {{ global: something; local: *; }};")
        flags = (f"-Wl,--version-script={tmp_path}/map",) if version else ()
        return library(GIVES.format("something"), "-Wl,-soname,libgives.so.1", *flags)

    (tmp_path / "libgives.so.1").write_bytes(made("FOO_2"))
    flags = ("-Wl,--no-as-needed", f"-L{tmp_path}", "-l:libgives.so.1", "-Wl,-rpath,$ORIGIN")
    module = library(WANTS.format("something"), *flags)
    found = judge({"pkg/_m.so": module, "pkg/libgives.so.1": made(defined)})
    words = "pkg/_m.so can't be loaded for want of version FOO_2 of libgives.so.1, which nothing defines"
    assert [(one.message, one.severity) for one in found] == ([(words, Severity.ERROR)] if told else [])
