import pytest

from envdoctor.core.finding import Severity
from envdoctor.core.target import Libc, Platform, System, Target
from envdoctor.imports.loading import LoadJudge
from envdoctor.imports.problems import ProblemKind
from envdoctor.imports.system_judgment import judge_system, tag_version
from native_files import elf_bytes, macho_bytes, universal_bytes, with_processor_level
from wheel_files import LINUX, MACOS, contents_of


def glibc(version, arch="x86_64"):
    return Target(
        platform=Platform(system=System.LINUX, arch=arch, version=version, libc=Libc.GLIBC),
        interpreter=LINUX.interpreter,
    )


def judge(files, tag, target):
    wheel = contents_of(files, tag)
    analysis = LoadJudge([wheel], target, lambda _, member: files.get(member, "")).analyse(wheel)
    return {each.kind: each for each in judge_system(wheel, analysis, target)}


def needing(*versions, file="libc.so.6", **options):
    return elf_bytes((file,), versions={file: versions}, **options)


NEW = {"pkg/_m.so": needing("GLIBC_2.34", "GLIBC_2.17")}


@pytest.mark.parametrize(
    ("here", "tag", "severity", "words"),
    [
        ((2, 28), "manylinux_2_17_x86_64", Severity.ERROR, "pkg/_m.so needs glibc 2.34, and this system has 2.28"),
        ((2, 36), "manylinux_2_27_x86_64", None, ""),  # which `newer-glibc-than-tag` tells
        ((2, 36), "manylinux_2_34_x86_64", None, ""),
        ((2, 36), "linux_x86_64", None, ""),
    ],
)
def test_glibc_of_the_system_and_of_the_tag(here, tag, severity, words):
    problem = judge(NEW, f"cp311-cp311-{tag}", glibc(here)).get(ProblemKind.NEWER_GLIBC)
    assert (problem and problem.severity) == severity
    assert words == (problem.message if problem else "")


def test_a_plug_in_that_needs_a_newer_glibc_is_information():
    files = {"pkg/_m.so": needing("GLIBC_2.17"), "pkg/libplugin.so": needing("GLIBC_2.34")}
    problem = judge(files, "cp311-cp311-manylinux_2_28_x86_64", glibc((2, 28)))[ProblemKind.NEWER_GLIBC]
    assert (problem.severity, problem.files) == (Severity.INFO, ("pkg/libplugin.so",))


def test_a_library_that_an_import_opens_by_name_is_no_plug_in():
    opens = {"pkg/__init__.py": "import ctypes\nctypes.CDLL('libcore.so')"}
    old, new = glibc((2, 28)), glibc((2, 41))
    tag = "py3-none-manylinux_2_28_x86_64"
    found = judge(opens | {"pkg/libcore.so": needing("GLIBC_2.34")}, tag, old)[ProblemKind.NEWER_GLIBC]
    assert found.severity is Severity.ERROR
    stack = opens | {"pkg/libcore.so": elf_bytes(("libc.so.6",), stack_flags=7)}
    assert judge(stack, tag, new)[ProblemKind.EXECUTABLE_STACK].severity is Severity.ERROR
    assert judge(stack, tag, old)[ProblemKind.EXECUTABLE_STACK].severity is Severity.INFO
    newer = opens | {"pkg/libcore.so": needing("GLIBCXX_3.4.30", file="libstdc++.so.6")}
    assert judge(newer, tag, old)[ProblemKind.NEWER_LIBSTDCXX].severity is Severity.ERROR


def test_a_library_that_a_module_loads_counts_as_the_module():
    files = {
        "pkg/_m.so": elf_bytes(("libx.so", "libc.so.6"), runpath="$ORIGIN"),
        "pkg/libx.so": needing("GLIBC_2.34"),
    }
    problem = judge(files, "cp311-cp311-manylinux_2_28_x86_64", glibc((2, 28)))[ProblemKind.NEWER_GLIBC]
    assert problem.severity is Severity.ERROR


def test_libstdcxx_goes_with_glibc_unless_it_is_bundled():
    files = {"pkg/_m.so": needing("GLIBCXX_3.4.30", file="libstdc++.so.6", runpath="$ORIGIN")}
    tag = "cp311-cp311-manylinux_2_28_x86_64"
    problem = judge(files, tag, glibc((2, 30)))[ProblemKind.NEWER_LIBSTDCXX]
    assert problem.severity is Severity.WARNING  # no distribution with that glibc is known
    assert "usually have 3.4.24" in problem.message
    assert not judge(files, tag, glibc((2, 36)))
    bundled = files | {"pkg/libstdc++.so.6": elf_bytes(("libc.so.6",), soname="libstdc++.so.6")}
    assert not judge(bundled, tag, glibc((2, 28)))


@pytest.mark.parametrize(("here", "severity"), [((2, 34), Severity.ERROR), ((2, 31), Severity.WARNING)])
def test_a_libstdcxx_that_no_system_of_that_glibc_has(here, severity):
    """The distributions of glibc 2.34 have 3.4.29; of those of 2.31, SUSE has the newest."""
    files = {"pkg/_m.so": needing("GLIBCXX_3.4.30", file="libstdc++.so.6")}
    problem = judge(files, "cp311-cp311-manylinux_2_28_x86_64", glibc(here))[ProblemKind.NEWER_LIBSTDCXX]
    assert problem.severity is severity
    assert ("no system with glibc 2.34 has more than 3.4.29: it fails unless" in problem.message) is (here == (2, 34))


@pytest.mark.parametrize(("here", "severity"), [((2, 41), Severity.ERROR), ((2, 36), Severity.INFO)])
def test_an_executable_stack(here, severity):
    files = {"pkg/_m.so": elf_bytes(("libc.so.6",), stack_flags=7)}
    problem = judge(files, "cp311-cp311-manylinux_2_28_x86_64", glibc(here))[ProblemKind.EXECUTABLE_STACK]
    assert problem.severity is severity


@pytest.mark.parametrize(
    ("flags", "path", "severity"),
    [(0x40, "pkg/_m.so", Severity.ERROR), (0x40, "pkg/libx.so", Severity.INFO), (0x1, "pkg/_m.so", None)],
)
def test_a_file_that_may_not_be_opened(flags, path, severity):
    files = {path: elf_bytes(("libc.so.6",), flags_1=flags)}
    problem = judge(files, "cp311-cp311-manylinux_2_28_x86_64", glibc((2, 36))).get(ProblemKind.REFUSES_DLOPEN)
    assert (problem and problem.severity) == severity


@pytest.mark.parametrize(
    ("loader", "starts"),
    [("/lib64/ld-linux-x86-64.so.2", True), ("/nix/store/x-glibc-2.38/lib/ld-linux-x86-64.so.2", False)],
)
def test_a_program_that_asks_for_the_loader_of_the_build_machine(loader, starts):
    files = {"pkg-1.0.data/scripts/tool": elf_bytes(("libc.so.6",), interpreter=loader)}  # whatever its mode is
    problem = judge(files, "py3-none-manylinux_2_28_x86_64", glibc((2, 36))).get(ProblemKind.MISSING_LIBRARY)
    assert (problem is None) is starts


@pytest.mark.parametrize(("shift", "severity"), [(0x800, Severity.ERROR), (0x1000, None)])
def test_a_library_that_no_loader_maps(shift, severity):
    files = {
        "pkg/_m.so": elf_bytes(("libx.so.1",), rpath="$ORIGIN/../pkg.libs"),
        "pkg.libs/libx.so.1": elf_bytes(("libc.so.6",), shift=shift),
    }
    problem = judge(files, "cp311-cp311-manylinux_2_28_x86_64", glibc((2, 36))).get(ProblemKind.PAGE_SIZE)
    assert (problem and problem.severity) == severity
    assert problem is None or problem.message.startswith("pkg.libs/libx.so.1 has a segment that does not begin")


@pytest.mark.parametrize(("arch", "machine", "told"), [("aarch64", 183, True), ("x86_64", 62, False)])
def test_segments_that_do_not_fit_large_pages(arch, machine, told):
    files = {"pkg/_m.so": elf_bytes(("libc.so.6",), machine=machine, shift=0x1000)}
    problems = judge(files, f"cp311-cp311-manylinux_2_28_{arch}", glibc((2, 36), arch))
    assert (ProblemKind.PAGE_SIZE in problems) is told


def on_macos(version, arch="arm64"):
    return Target(platform=Platform(system=System.MACOS, arch=arch, version=version), interpreter=MACOS.interpreter)


def test_files_for_a_newer_macos():
    files = {"pkg/_a.so": macho_bytes(minimum_os=(15, 2, 0)), "pkg/_b.so": macho_bytes(minimum_os=(12, 0, 0))}
    problem = judge(files, "cp311-cp311-macosx_12_0_arm64", on_macos((13, 0)))[ProblemKind.NEWER_MACOS]
    assert problem.severity is Severity.WARNING
    assert problem.message == (
        "this system is macOS 13.0, and 1 of 2 native files say they are for a newer one, up to macOS 15.2"
    )
    assert problem.files == ("pkg/_a.so",)
    assert not judge(files, "cp311-cp311-macosx_12_0_arm64", on_macos((15, 2)))  # `newer-macos-than-tag` tells it


def test_no_arm64_file_can_be_older_than_macos_11():
    both = universal_bytes(
        arm64=macho_bytes(minimum_os=(11, 0, 0)), x86_64=macho_bytes(architecture="x86_64", minimum_os=(10, 9, 0))
    )
    for arch in ("arm64", "x86_64"):
        assert not judge({"pkg/_a.so": both}, "cp311-cp311-macosx_10_9_universal2", on_macos((13, 0), arch))


def test_each_processor_has_the_version_of_its_own_slice():
    both = universal_bytes(
        arm64=macho_bytes(minimum_os=(11, 0, 0)), x86_64=macho_bytes(architecture="x86_64", minimum_os=(14, 0, 0))
    )
    tag = "cp311-cp311-macosx_11_0_universal2"
    assert not judge({"pkg/_a.so": both}, tag, on_macos((13, 0), "arm64"))
    assert judge({"pkg/_a.so": both}, tag, on_macos((13, 0), "x86_64"))


@pytest.mark.parametrize(
    ("tags", "kind", "version"),
    [
        (("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux2014_x86_64"), "manylinux", (2, 17)),
        (("cp311-cp311-manylinux1_x86_64",), "manylinux", (2, 5)),
        (("cp311-cp311-macosx_10_9_universal2",), "macosx", (10, 9)),
        (("cp311-cp311-musllinux_1_2_x86_64", "py3-none-any"), "manylinux", None),
    ],
)
def test_what_tags_promise(tags, kind, version):
    assert tag_version(tags, kind) == version


@pytest.mark.parametrize(
    ("level", "severity"), [(4, Severity.WARNING), (3, Severity.WARNING), (2, Severity.INFO), (1, None), (0, None)]
)
def test_a_file_for_newer_processors(level, severity):
    files = {"pkg/_m.so": with_processor_level(level)}
    problem = judge(files, "cp311-cp311-manylinux_2_28_x86_64", glibc((2, 36))).get(ProblemKind.NEWER_PROCESSOR)
    assert (problem and problem.severity) == severity
    assert problem is None or problem.condition == f"the processor has x86-64-v{level}"


def test_relocations_that_older_systems_do_not_read():
    files = {"pkg/_m.so": needing("GLIBC_2.2.5", "GLIBC_ABI_DT_RELR")}
    problem = judge(files, "cp311-cp311-manylinux_2_28_x86_64", glibc((2, 28)))[ProblemKind.NEWER_GLIBC]
    assert (problem.severity, problem.condition) == (Severity.ERROR, "the system has glibc 2.36")


@pytest.mark.parametrize(("architecture", "told"), [("arm64", True), ("x86_64", False)])
def test_a_file_that_is_not_signed(architecture, told):
    files = {"pkg/_m.so": macho_bytes(architecture=architecture, signed=False)}
    target = Target(
        platform=Platform(system=System.MACOS, arch=architecture, version=(13, 0)), interpreter=MACOS.interpreter
    )
    problem = judge(files, f"cp311-cp311-macosx_12_0_{architecture}", target).get(ProblemKind.UNSIGNED)
    words = "macOS refuses pkg/_m.so on ARM: it has no code signature (`codesign --force --sign -` signs it)"
    assert (problem and (problem.message, problem.severity)) == ((words, Severity.ERROR) if told else None)
