"""Libraries that a package asks of the system by name, as each system's loader finds them."""

import pytest

from envdoctor.imports.packages import judge_package
from envdoctor.imports.system import SystemLibraries
from envdoctor.wheels.module_index import ModuleIndex
from import_oracle import NothingBeside
from wheel_files import LINUX, MACOS, WINDOWS


@pytest.mark.parametrize(
    ("target", "name", "whole", "has", "bare"),
    [
        (WINDOWS, "kernel32.dll", True, True, True),
        (WINDOWS, "kernel32", True, True, True),
        (WINDOWS, "kernel32", False, True, True),
        (WINDOWS, "gone.dll", True, None, False),
        (WINDOWS, "gone", False, None, False),
        (MACOS, "libSystem.dylib", True, True, True),
        (MACOS, "c", False, True, True),
        (MACOS, "CoreFoundation", False, None, None),
        (MACOS, "libgone.dylib", True, None, False),
        (LINUX, "libgone.so.1", True, False, False),
        (MACOS, "libc.so.6", True, False, False),
        (WINDOWS, "libc.so.6", True, False, False),
        (WINDOWS, "gone.dylib", True, False, False),
        (MACOS, "kernel32.dll", True, False, False),
    ],
)
def test_what_a_system_has(target, name, whole, has, bare):
    assert SystemLibraries(target).has(name, whole=whole) is has
    assert SystemLibraries(target, desktop=False).has(name, whole=whole) is bare


def judge(text, target, *more):
    files = {"pkg/__init__.py": text, **dict.fromkeys(more, "")}
    return judge_package("pkg", ModuleIndex(files), files.__getitem__, target, NothingBeside(), most=9)


@pytest.mark.parametrize(("target", "name"), [(WINDOWS, "gone.dll"), (WINDOWS, "gone"), (MACOS, "libgone.dylib")])
def test_what_only_some_systems_may_have(target, name):
    verdict = judge(f"import ctypes\nctypes.CDLL({name!r})", target)
    assert verdict.failures == ()
    assert [failure.raises for failure in verdict.bare_failures] == ["OSError"]


@pytest.mark.parametrize(("file", "fails"), [("pkg/x.dll", False), ("pkg/y.dll", True)])
def test_windows_adds_the_suffix_to_a_name_without_one(file, fails):
    text = "import ctypes, os\nctypes.CDLL(os.path.join(os.path.dirname(__file__), 'x'))"
    assert bool(judge(text, WINDOWS, file).failures) is fails


@pytest.mark.parametrize(
    ("target", "text", "fails"),
    [
        (WINDOWS, "import os\nos.uname()", True),
        (WINDOWS, "import signal\nx = signal.SIGKILL", True),
        (WINDOWS, "import os\nif hasattr(os, 'uname'):\n    os.uname()", False),
        (WINDOWS, "import os\nif os.name != 'nt':\n    os.uname()", False),
        (MACOS, "import os\nos.sched_getaffinity(0)", True),
        (MACOS, "import os\nos.uname()", False),
        (LINUX, "import ctypes\nx = ctypes.windll", True),
        (LINUX, "import os\nos.add_dll_directory('/')", True),
        (WINDOWS, "import ctypes\nx = ctypes.windll", False),
    ],
)
def test_names_that_only_some_systems_have(target, text, fails):
    assert bool(judge(text, target).failures) is fails


@pytest.mark.parametrize(
    ("text", "target", "raises"),
    [
        ("ctypes.CDLL(None)", WINDOWS, "TypeError"),
        ("ctypes.PyDLL(None)", WINDOWS, "TypeError"),
        ("ctypes.cdll.LoadLibrary(None)", WINDOWS, "TypeError"),
        ("ctypes.CDLL(None, handle=ctypes.pythonapi._handle)", WINDOWS, ""),
        ("ctypes.CDLL(None)", LINUX, ""),
        ("ctypes.CDLL(None)", MACOS, ""),
        ("ctypes.windll.kernel32", WINDOWS, ""),
        ("ctypes.cdll.gone", LINUX, "OSError"),
        ("ctypes.cdll.gone", WINDOWS, ""),
    ],
)
def test_what_stands_for_the_process_itself_and_libraries_by_attribute(text, target, raises):
    verdict = judge(f"import ctypes\n{text}", target)
    assert [failure.raises for failure in verdict.failures] == [raises] * bool(raises)
