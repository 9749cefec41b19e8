import struct

import pytest

from envdoctor.core.finding import Severity
from envdoctor.core.target import Interpreter, Platform, System, Target
from envdoctor.imports.judgment import judge_wheel
from envdoctor.imports.loading import LoadJudge
from envdoctor.imports.problems import ProblemKind
from native_files import REEXPORT, elf_bytes, macho_bytes, pe_bytes, universal_bytes, with_symbols
from wheel_files import LINUX, LINUX_TAG, MACOS, MACOS_TAG, WINDOWS, WINDOWS_TAG, contents_of

SOUND = elf_bytes(("libc.so.6",))


def judge(files, tag=LINUX_TAG, target=LINUX, **options):
    wheel = contents_of(files, tag, **options)
    texts = {path: text for path, text in files.items() if isinstance(text, str)}
    analysis = LoadJudge([wheel], target, lambda _, member: texts[member]).analyse(wheel)
    return judge_wheel(wheel, analysis, target)


def test_a_sound_wheel_has_no_problem():
    assert judge({"pkg/__init__.py": "import pkg._m", "pkg/_m.so": SOUND}) == ()


@pytest.mark.parametrize(
    ("init", "words"),
    [
        ("import pkg._m", "`import pkg` fails: pkg/_m.so needs libQnnHtp.so, which nothing brings; the Qualcomm"),
        ("try:\n    import pkg._m\nexcept ImportError:\n    pass", "`import pkg` goes without a part of it: pkg/_m.so"),
        (
            "import random\nif random.random() > 0.5:\n    import pkg._m",
            "`import pkg` may fail: pkg/_m.so needs libQnnHtp",
        ),
        ("", "the package's only native files do not load: pkg/_m.so needs libQnnHtp.so"),
    ],
)
def test_the_words_for_a_missing_library(init, words):
    (problem,) = judge({"pkg/__init__.py": init, "pkg/_m.so": elf_bytes(("libQnnHtp.so",), runpath="$ORIGIN")})
    assert problem.message.startswith(words)
    assert problem.kind is ProblemKind.MISSING_LIBRARY
    assert problem.details == ("pkg/libQnnHtp.so (RUNPATH of pkg/_m.so): not there",)


def test_a_library_of_the_wheel_that_lies_elsewhere_is_said_to():
    module = elf_bytes(("libx-1.so",), runpath="$ORIGIN/libs")
    files = {"pkg/__init__.py": "import pkg._m", "pkg/_m.so": module, "pkg.libs/libx-1.so": elf_bytes(("libc.so.6",))}
    (problem,) = judge(files)
    assert problem.message == (
        "`import pkg` fails: pkg/_m.so needs libx-1.so, which nothing brings "
        "(pkg.libs/libx-1.so is not where it is looked for)"
    )


def test_the_words_for_a_plug_in_and_several_files():
    plugin = elf_bytes(("libgone.so",))
    files = {"pkg/__init__.py": "", "pkg/liba.so": plugin, "pkg/libb.so": plugin}
    (problem,) = judge({**files, "pkg/libcore.so": elf_bytes(("libc.so.6",))})
    assert problem.message.startswith("an optional plug-in does not load: pkg/liba.so and 1 more need libgone.so")
    assert problem.severity is Severity.INFO
    (problem,) = judge(files)
    assert problem.message.startswith("the package's only native files do not load: pkg/liba.so and 1 more need")
    assert (problem.severity, problem.condition) == (Severity.WARNING, "libgone.so is there")


def test_the_only_native_file_that_an_import_opens_and_goes_on_without():
    text = (
        "import ctypes, os\n"
        "path = os.path.join(os.path.dirname(__file__), 'libcore.so')\n"
        "try:\n    lib = ctypes.CDLL(path)\nexcept OSError:\n    lib = None\n"
    )
    (problem,) = judge({"pkg/__init__.py": text, "pkg/libcore.so": elf_bytes(("libgone.so",))})
    assert problem.message.startswith("the package's only native files do not load: pkg/libcore.so needs libgone.so")
    assert (problem.severity, problem.condition) == (Severity.WARNING, "libgone.so is there")


def program(*needed, loader="/lib64/ld-linux-x86-64.so.2"):
    return elf_bytes(needed, interpreter=loader)


def test_a_program_that_a_package_starts():
    files = {"pkg/__init__.py": "", "pkg/libcore.so": elf_bytes(("libc.so.6",))}
    assert judge({**files, "pkg/bin/tool.exe": program("libc.so.6")}) == ()
    (problem,) = judge({**files, "pkg/bin/tool.exe": program("libgone.so")})
    assert problem.message.startswith("a program of the package does not start: pkg/bin/tool.exe needs libgone.so")
    assert problem.severity is Severity.WARNING
    (problem,) = judge({**files, "pkg/bin/tool.exe": program(loader="/lib/ld-musl-x86_64.so.1")})
    assert "asks for the loader /lib/ld-musl-x86_64.so.1, which this system lacks" in problem.message
    assert (problem.severity, problem.condition) == (Severity.WARNING, "pkg/bin/tool.exe is not needed")


def test_a_library_that_names_a_loader_is_no_program_that_is_started():
    files = {"pkg/__init__.py": "", "pkg/libcore.so": elf_bytes(("libc.so.6",))}
    loader = "/somewhere/else.so"
    library = elf_bytes(("libc.so.6",), soname="libQt5Core-1.so.5", interpreter=loader)
    assert judge({**files, "pkg.libs/libQt5Core-1.so.5": library}) == ()
    assert judge({**files, "pkg/bin/tool.exe": elf_bytes(("libc.so.6",), interpreter=loader)})


def test_modules_for_another_processor():
    (problem,) = judge({"pkg/__init__.py": "import pkg._m", "pkg/_m.so": elf_bytes(("libc.so.6",), machine=183)})
    assert (problem.kind, problem.severity) == (ProblemKind.WRONG_ARCHITECTURE, Severity.ERROR)
    assert problem.message == "extension modules are ELF aarch64, and this platform needs ELF x86_64"
    assert problem.files == ("pkg/_m.so",)


@pytest.mark.parametrize(
    ("arch", "kind"), [("x86_64", ProblemKind.UNREADABLE), ("arm64", ProblemKind.WRONG_ARCHITECTURE)]
)
def test_modules_for_newer_processors_of_the_same_kind(arch, kind):
    """A Mac of x86_64 may be one that takes them."""
    platform = Platform(system=System.MACOS, arch=arch, version=(13, 0))
    haswell = bytearray(macho_bytes(architecture="x86_64"))
    haswell[8] = 8
    target = Target(platform=platform, interpreter=MACOS.interpreter)
    (problem,) = judge({"pkg/__init__.py": "import pkg._m", "pkg/_m.so": bytes(haswell)}, MACOS_TAG, target)
    assert problem.kind is kind


@pytest.mark.parametrize(("other", "condition"), [(None, "libgone.so is there"), (SOUND, "")])
def test_modules_that_no_import_loads_and_that_all_fail_are_a_condition(other, condition):
    """fakepkg1 of delocate: its only module lies in a subpackage, and its library nowhere."""
    files = {"pkg/__init__.py": "", "pkg/sub/__init__.py": "", "pkg/sub/_m.so": elf_bytes(("libgone.so",))}
    (problem,) = judge(files | ({"pkg/sub/_n.so": other} if other else {}))
    assert (problem.severity, problem.condition) == (Severity.WARNING, condition)


ARM, TAG = elf_bytes(("libc.so.6",), machine=183), "cpython-311-x86_64-linux-gnu"


@pytest.mark.slow
def test_a_file_for_another_processor_that_is_only_named_like_a_module():
    files = {"pkg/__init__.py": "import pkg._m", "pkg/_m.so": SOUND, "pkg/driver.so": ARM}
    (problem,) = judge(files)
    assert (problem.severity, problem.files) == (Severity.WARNING, ("pkg/driver.so",))
    assert problem.message.startswith("files like extension modules are ELF aarch64")
    (problem,) = judge(files | {"pkg/__init__.py": "import pkg._m, pkg.driver"})
    assert (problem.severity, problem.files) == (Severity.ERROR, ("pkg/driver.so",))
    (problem,) = judge(files | {f"pkg/_n.{TAG}.so": ARM})
    assert (problem.severity, problem.files) == (Severity.ERROR, (f"pkg/_n.{TAG}.so",))


def test_a_module_for_each_of_two_processors():
    files = {"pkg/__init__.py": "import pkg._m", f"pkg/_m.{TAG}.so": SOUND}
    assert judge(files | {"pkg/_m.cpython-311-aarch64-linux-gnu.so": ARM}) == ()


def test_modules_in_another_format():
    (problem,) = judge({"pkg/_m.pyd": SOUND}, WINDOWS_TAG, WINDOWS)
    assert "ELF x86_64, and this platform needs PE amd64" in problem.message


def test_libraries_for_other_machines_are_data():
    files = {
        "pkg/__init__.py": "",
        "pkg/firmware/libarm.so": elf_bytes(("libc.so.6",), machine=183),
        "pkg/gui.exe": pe_bytes(),
    }
    assert judge(files) == ()


def test_a_universal2_wheel_whose_only_library_is_for_the_other_processor():
    files = {"pkg/__init__.py": "", "pkg/lib/libpkg.dylib": macho_bytes(architecture="x86_64")}
    tag = "py3-none-macosx_11_0_universal2"
    (problem,) = judge(files, tag, MACOS)
    assert (problem.kind, problem.severity) == (ProblemKind.NOT_UNIVERSAL, Severity.ERROR)
    files["pkg/lib/libarm.dylib"] = macho_bytes()
    assert judge(files, tag, MACOS)[0].severity is Severity.WARNING


def test_a_module_that_no_loader_takes():
    files = {"pkg/__init__.py": "import pkg._m", "pkg/_m.abi3.so": elf_bytes(("libc.so.6",), machine=0)}
    first = judge(files)[0]
    assert (first.kind, first.severity) == (ProblemKind.WRONG_ARCHITECTURE, Severity.ERROR)
    assert "pkg/_m.abi3.so is an extension module that no loader takes: ELF file for machine 0" in first.message
    assert not [
        each for each in judge({"gpu/kernel.so": elf_bytes((), machine=190)}) if each.severity is Severity.ERROR
    ]


SYMBOLS = (("_forgotten", 0xFE), ("_PyLong_FromLong", 0xFE), ("_malloc", 1))


def test_symbols_that_nothing_has():
    files = {"pkg/__init__.py": "import pkg._m", "pkg/_m.so": with_symbols(macho_bytes, SYMBOLS)}
    (problem,) = judge(files, MACOS_TAG, MACOS)
    assert (problem.kind, problem.severity) == (ProblemKind.MISSING_SYMBOL, Severity.ERROR)
    assert problem.message == "pkg/_m.so can't be loaded for want of _forgotten, which nothing defines"
    assert problem.details == ("_forgotten",)
    (note, other) = judge({**files, "pkg/libx.dylib": macho_bytes()}, MACOS_TAG, MACOS)
    assert {note.severity, other.severity} == {Severity.INFO}
    assert "1 symbol not looked at: they may be in libx.dylib" in note.message
    framework = ("/System/Library/Frameworks/Carbon.framework/Versions/A/Carbon",)
    beside = with_symbols(macho_bytes, SYMBOLS, needed=framework)
    (note,) = judge({**files, "pkg/_m.so": beside}, MACOS_TAG, MACOS)
    assert (note.severity, "they may be in Carbon" in note.message) == (Severity.INFO, True)
    needed = ("/usr/lib/libSystem.B.dylib", "@loader_path/libsdl.dylib")
    sdl = {"pkg/_m.so": with_symbols(macho_bytes, SYMBOLS, needed=needed)}
    sdl["pkg/libsdl.dylib"] = with_symbols(macho_bytes, (), needed=framework)  # pygame's way to Cocoa
    (note,) = judge({**files, **sdl}, MACOS_TAG, MACOS)
    assert (note.severity, "they may be in Carbon" in note.message) == (Severity.INFO, True)
    universal = universal_bytes(arm64=files["pkg/_m.so"], x86_64=macho_bytes(architecture="x86_64"))
    assert [each.kind for each in judge({**files, "pkg/_m.so": universal}, MACOS_TAG, MACOS)] == [problem.kind]


def test_what_every_process_of_macos_has_is_defined():
    symbols = [(name, 0xFE) for name in ("_objc_msgSend", "_CFRelease", "__ZNSt3__16localeC1Ev", "___cxa_throw")]
    files = {"pkg/__init__.py": "import pkg._m", "pkg/_m.so": with_symbols(macho_bytes, symbols)}
    assert judge(files, MACOS_TAG, MACOS) == ()


def exporting(*names, **options):
    return with_symbols(macho_bytes, [(name, 0, 0x0F, 0) for name in names], **options)


WANTING = {
    "pkg/__init__.py": "import pkg._m",
    "pkg/_m.so": with_symbols(macho_bytes, [("_made", 1)], needed=("@loader_path/libown.dylib",)),
    "pkg/libother.dylib": exporting("_made"),
}


def test_a_library_that_lacks_what_another_file_wants_of_it():
    (problem,) = judge({**WANTING, "pkg/libown.dylib": exporting("_else")}, MACOS_TAG, MACOS)
    assert (problem.kind, problem.severity) == (ProblemKind.MISSING_SYMBOL, Severity.ERROR)
    assert (problem.files, problem.details) == (("pkg/_m.so",), ("_made",))
    assert judge({**WANTING, "pkg/libown.dylib": exporting("_made")}, MACOS_TAG, MACOS) == ()


def test_a_library_offers_what_it_reexports():
    offers = exporting("_else", needed=((REEXPORT, "@loader_path/libother.dylib"),))
    assert judge({**WANTING, "pkg/libown.dylib": offers}, MACOS_TAG, MACOS) == ()
    only_needs = exporting("_else", needed=("@loader_path/libother.dylib",))
    assert judge({**WANTING, "pkg/libown.dylib": only_needs}, MACOS_TAG, MACOS)[0].severity is Severity.ERROR


def test_universal2_that_is_not():
    both = universal_bytes(arm64=macho_bytes(), x86_64=macho_bytes(architecture="x86_64", minimum_os=(10, 9, 0)))
    files = {"pkg/_a.so": both, "pkg/_b.so": macho_bytes(minimum_os=(11, 0, 0)), "pkg/data/x64.dll": pe_bytes()}
    problems = judge(files, "cp311-cp311-macosx_10_9_universal2", MACOS)
    (problem,) = [each for each in problems if each.kind is ProblemKind.NOT_UNIVERSAL]
    assert problem.files == ("pkg/_b.so",)
    assert not [each for each in judge(files, MACOS_TAG, MACOS) if each.kind is ProblemKind.NOT_UNIVERSAL]


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        (("_m.cpython-311-x86_64-linux-gnu.so",), ()),
        (("_m.cpython-310-x86_64-linux-gnu.so",), ("pkg/_m.cpython-310-x86_64-linux-gnu.so",)),
        (("_m.cpython-310-x86_64-linux-gnu.so", "_m.cpython-311-x86_64-linux-gnu.so"), ()),
        (("_m.cpython-310-x86_64-linux-gnu.so", "_m.abi3.so"), ()),
        (("_m.so",), ()),
    ],
)
def test_modules_that_this_python_does_not_see(names, wrong):
    problems = judge({f"pkg/{name}": SOUND for name in names})
    assert tuple(path for each in problems for path in each.files) == wrong
    assert all(each.kind is ProblemKind.WRONG_PYTHON for each in problems)


def test_a_free_threaded_python_does_not_see_abi3():
    target = Target(platform=LINUX.platform, interpreter=Interpreter(version=(3, 13), free_threaded=True))
    (problem,) = judge({"pkg/_m.abi3.so": SOUND}, target=target)
    assert problem.message == "1 extension module for another Python, which cp313t does not see"


def test_a_library_that_only_desktops_have_is_a_warning():
    (problem,) = judge({"pkg/_m.so": elf_bytes(("libEGL.so.1",))})
    assert (problem.kind, problem.severity) == (ProblemKind.ASSUMED_LIBRARY, Severity.WARNING)
    assert problem.message.endswith("containers lack it; libgl1, libegl1 or libgles2 would supply it")


def test_unreadable_files_and_assumed_libraries_are_told():
    problems = judge({"pkg/_m.so": elf_bytes(("libGL.so.1",)), "pkg/libx.so": SOUND[:150]})
    assert [(each.kind, each.severity) for each in problems] == [
        (ProblemKind.ASSUMED_LIBRARY, Severity.INFO),
        (ProblemKind.UNREADABLE, Severity.INFO),
    ]
    (problem,) = judge({"pkg/_m.so": SOUND[:150]})
    assert (problem.kind, problem.severity, problem.files) == (ProblemKind.UNREADABLE, Severity.WARNING, ("pkg/_m.so",))


def test_of_two_modules_both_are_told():
    files = {
        "pkg/__init__.py": "",
        "pkg/compiled.py": "from pkg import _broken",
        "pkg/interpreter.py": "from pkg import _fine",
        "pkg/_broken.so": elf_bytes(("libgone.so",)),
        "pkg/_fine.so": elf_bytes(("libc.so.6",)),
    }
    (problem,) = judge(files)
    assert problem.message.startswith("`import pkg.compiled` fails: pkg/_broken.so needs libgone.so")
    assert problem.message.endswith("; `import pkg.interpreter` finds what it needs")


def test_a_file_for_a_telephone():
    module = macho_bytes(minimum_os=(), commands=(struct.pack("<IIIIII", 0x32, 24, 7, 0, 0, 0),))
    problem, *_ = judge({"pkg/__init__.py": "import pkg._m", "pkg/_m.so": module}, MACOS_TAG, MACOS)
    assert problem.severity is Severity.ERROR
    assert problem.message.endswith("are Mach-O arm64 for ios-simulator, and this platform needs Mach-O arm64")
