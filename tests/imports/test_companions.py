"""Wheels that lean on each other: what an import of one finds of the others."""

from envdoctor.core.finding import Severity
from envdoctor.imports.companions import Companions, ImportProcess
from envdoctor.imports.loading import LoadJudge
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels.contents import read_contents
from envdoctor.wheels.layout import PlannedSite
from index_wheels import wheel as packed
from native_files import elf_bytes, pe_bytes
from wheel_files import LINUX, LINUX_TAG, WINDOWS, WINDOWS_TAG

SO = "cpython-311-x86_64-linux-gnu.so"
CORE = {
    "core/__init__.py": "",
    f"core/_c.{SO}": elf_bytes(("libcore.so",), runpath="$ORIGIN/lib"),
    "core/lib/libcore.so": elf_bytes(("libc.so.6",), soname="libcore.so"),
}


def wheel(name, files, tag=LINUX_TAG, requires=()):
    """Contents of a wheel with requirements."""
    files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    return read_contents(MemoryBytes(packed(name, "1.0", tag, files=files, requires=requires)[1]))


def missing(one, *others, texts, target=LINUX):
    judge = LoadJudge([one, *others], target, lambda _, member: texts[member])
    return [(each.name, each.severity) for each in judge.analyse(one).missing]


def test_a_library_that_the_import_of_another_wheel_loads():
    files = {"ops/__init__.py": "import core\nfrom . import _ops", f"ops/_ops.{SO}": elf_bytes(("libcore.so",))}
    one, core = wheel("ops", files, requires=["core"]), wheel("core", CORE)
    assert missing(one, core, texts=files) == []
    assert missing(one, texts=files) == [("libcore.so", Severity.ERROR)]


def test_a_plug_in_loads_after_the_other_wheel():
    files = {"ops/__init__.py": "import core", "ops/plugins/libp.so": elf_bytes(("libcore.so",))}
    assert missing(wheel("ops", files), wheel("core", CORE), texts=files) == []


def test_without_the_import_the_library_is_missing():
    files = {"ops/__init__.py": "from . import _ops", f"ops/_ops.{SO}": elf_bytes(("libcore.so",))}
    assert missing(wheel("ops", files), wheel("core", CORE), texts=files) == [("libcore.so", Severity.ERROR)]


def test_a_package_split_over_wheels_begins_in_the_other():
    files = {"core/extra.py": "from . import _x", f"core/_x.{SO}": elf_bytes(("libcore.so",))}
    assert missing(wheel("core-extra", files), wheel("core", CORE), texts=files) == []


def test_what_the_other_wheel_requires_is_loaded_first():
    lowest, library = elf_bytes(("libb.so",), runpath="$ORIGIN"), elf_bytes((), soname="libb.so")
    base = wheel("base", {"base/__init__.py": "", f"base/_b.{SO}": lowest, "base/libb.so": library})
    middle, library = elf_bytes(("libb.so", "libcore.so"), runpath="$ORIGIN"), elf_bytes((), soname="libcore.so")
    files = {"core/__init__.py": "", f"core/_c.{SO}": middle, "core/libcore.so": library}
    core = wheel("core", files, requires=["Base >= 1"])
    files = {"ops/__init__.py": "import core\nfrom . import _ops", f"ops/_ops.{SO}": elf_bytes(("libcore.so",))}
    assert missing(wheel("ops", files), core, base, texts=files) == []


def test_on_windows_the_folders_of_what_is_required_are_searched():
    files = {
        "ui/__init__.py": "import os\nos.add_dll_directory(os.getcwd())\nfrom . import _u",
        "ui/_u.pyd": pe_bytes(("qt.dll",)),
    }
    qt = wheel("ui-qt", {"ui/qt/bin/qt.dll": pe_bytes()}, WINDOWS_TAG)
    one = wheel("ui", files, WINDOWS_TAG, requires=["UI.Qt<6"])
    assert missing(one, qt, texts=files, target=WINDOWS) == []
    alone = wheel("ui", files, WINDOWS_TAG)
    assert missing(alone, qt, texts=files, target=WINDOWS) == [("qt.dll", Severity.ERROR)]


def test_a_pth_file_that_adds_folders_on_windows():
    files = {
        "win.pth": "win\\lib\nimport boot\n",
        "win/lib/boot.py": "import os\nos.add_dll_directory(os.getcwd())",
        "win/api.pyd": pe_bytes(("types.dll",)),
        "win_dlls/types.dll": pe_bytes(),
    }
    assert missing(wheel("win", files, WINDOWS_TAG), texts=files, target=WINDOWS) == []


def test_what_is_still_missing_with_the_added_folders_is_what_is_told():
    files = {
        "pkg/__init__.py": "import os\nos.add_dll_directory(os.environ['LIB'])\nfrom . import _m",
        "pkg/_m.pyd": pe_bytes(("core.dll",)),
        "pkg/lib/core.dll": pe_bytes(("gone.dll",)),
    }
    assert missing(wheel("pkg", files, WINDOWS_TAG), texts=files, target=WINDOWS) == [("gone.dll", Severity.ERROR)]


def test_one_of_several_libraries_is_enough():
    files = {
        "pkg/__init__.py": "import ctypes, random\nctypes.CDLL(random.choice(['liba.so', 'libb.so']))",
        "pkg/liba.so": elf_bytes(("libgone.so",)),
        "pkg/libb.so": elf_bytes(("libc.so.6",)),
    }
    assert missing(wheel("pkg", files), texts=files) == [("libgone.so", Severity.INFO)]
    files["pkg/libb.so"] = files["pkg/liba.so"]
    assert missing(wheel("pkg", files), texts=files) == [("libgone.so", Severity.ERROR)]


def test_requirements_come_first_and_circles_end():
    a, b = wheel("a", {"a.py": ""}, requires=["b"]), wheel("b", {"b.py": ""}, requires=["a", "c; extra == 'x'"])
    companions = Companions([a, b], PlannedSite([a, b], LINUX.platform), LINUX.platform)
    assert companions.with_requirements([a]) == [b, a]
    assert companions.providers("b", a) == [b]
    assert companions.providers("b", b) == []
    assert ImportProcess(a, companions, LINUX.platform).is_empty


def test_a_foreign_module_must_be_there():
    files = {"ops/__init__.py": "import corex\nfrom . import _ops", f"ops/_ops.{SO}": elf_bytes(("libcore.so",))}
    assert missing(wheel("ops", files), wheel("core", CORE), texts=files) == [("libcore.so", Severity.ERROR)]
