"""How a file that can't load is met; `test_loading` has the ordinary ways, here are the rest."""

import pytest

from envdoctor.core.finding import Severity
from envdoctor.imports.companions import Companions
from envdoctor.imports.interpreter import import_in_thought
from envdoctor.imports.reach import Reach, find_reach
from envdoctor.wheels.layout import PlannedSite, planned_path
from native_files import elf_bytes
from wheel_files import LINUX, contents_of


def companions_of(*wheels, target=LINUX):
    return Companions(wheels, PlannedSite(wheels, target.platform), target.platform)


def reach(files, *failing, scripts=None):
    wheel = contents_of(files, scripts=scripts)
    paths = [planned_path(path) for path in failing]
    return find_reach(wheel, paths, lambda member: files[member], LINUX, companions_of(wheel))


BROKEN, SOUND = elf_bytes(("libgone.so",)), elf_bytes(("libc.so.6",))


def test_the_module_behind_a_command_counts():
    files = {"pkg/__init__.py": "", "pkg/_cli.py": "import pkg._m", "pkg/_m.so": BROKEN}
    (found,) = reach(files, "pkg/_m.so", scripts={"tool": "pkg._cli:main"}).values()
    assert (found.reach, found.via) == (Reach.MODULE, ("pkg._cli", "pkg._m"))


def test_a_program_of_the_wheel_is_a_command():
    files = {"pkg/__init__.py": "", "pkg-1.0.data/scripts/tool.exe": BROKEN}
    (found,) = reach(files, "../../../bin/tool.exe").values()
    assert (found.reach, found.severity) == (Reach.COMMAND, Severity.WARNING)


def test_a_file_that_loads_after_the_package_is_satisfied():
    files = {
        "pkg/__init__.py": "import pkg._m",
        "pkg/_m.so": elf_bytes(("libcore.so",), runpath="$ORIGIN"),
        "pkg/libcore.so": elf_bytes(("libc.so.6",), soname="libcore.so"),
        "pkg/plugins/libp.so": elf_bytes(("libcore.so",)),
    }
    (found,) = reach(files, "pkg/plugins/libp.so").values()
    assert found.reach is Reach.SATISFIED


def test_a_module_without_packages_is_a_root_of_its_own():
    files = {"single.py": "import _single", "_single.so": BROKEN}
    (found,) = reach(files, "_single.so").values()
    assert (found.reach, found.severity) == (Reach.IMPORT, Severity.ERROR)


def test_the_severer_of_two_ways_counts():
    files = {
        "pkg/__init__.py": "try:\n    import pkg._m\nexcept ImportError:\n    pass",
        "pkg/strict.py": "import pkg._m",
        "pkg/_m.so": BROKEN,
        "pkg/_other.so": SOUND,
    }
    (found,) = reach(files, "pkg/_m.so").values()
    assert (found.reach, found.severity) == (Reach.MODULE, Severity.WARNING)


def test_what_cannot_be_followed_makes_a_plug_in_less_sure():
    files = {"pkg/__init__.py": "# coding: utf-7\ndef broken(:", "pkg/plugins/libp.so": BROKEN}
    (found,) = reach(files, "pkg/plugins/libp.so").values()
    assert (found.reach, found.severity) == (Reach.PLUGIN, Severity.WARNING)


def test_nothing_is_read_that_can_tell_no_more():
    files = {
        "pkg/__init__.py": "import pkg._m",
        "pkg/_m.so": BROKEN,
        "pkg/other.py": "import pkg.more",
        "pkg/more.py": "",
    }
    wheel = contents_of(files)
    read = []

    def text(member):
        read.append(member)
        return files[member]

    find_reach(wheel, [planned_path("pkg/_m.so")], text, LINUX, companions_of(wheel))
    assert read == ["pkg/__init__.py"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("init", "followed"),
    [("", ["pkg", "pkg.a", "pkg.b"]), ("from pkg import a", ["pkg", "pkg.b"]), ("x = 1\n" * 20_001, ["pkg"])],
)
def test_a_module_that_comes_to_the_same_as_its_package_is_not_followed_again(init, followed, monkeypatch):
    """The package is imported before it: what that imports is there, and where that takes too long, nothing follows."""
    files = {"pkg/__init__.py": init, "pkg/a.py": "", "pkg/b.py": "", "pkg/_m.so": BROKEN}
    seen = []

    def follow(module, *more, **others):
        seen.append(module)
        return import_in_thought(module, *more, **others)

    monkeypatch.setattr("envdoctor.imports.process.import_in_thought", follow)
    assert [each.reach for each in reach(files, "pkg/_m.so").values()] == [Reach.UNREACHED_MODULE]
    assert [module for module in seen if module != "pkg._m"] == followed


def test_the_package_of_the_distributions_name_is_told_first():
    files = {"aaa/__init__.py": "import pkg._m", "pkg/__init__.py": "import pkg._m", "pkg/_m.so": BROKEN}
    (found,) = reach(files, "pkg/_m.so").values()
    assert found.via == ("pkg", "pkg._m")


@pytest.mark.parametrize(("sound", "severity"), [(3, Severity.ERROR), (4, Severity.WARNING)])
def test_where_most_parts_fail_the_wheel_is_broken(sound, severity):
    files = {"pkg/__init__.py": "import pkg._core", "pkg/_core.so": SOUND, "pkg/_m.so": BROKEN}
    files |= {f"pkg/bad{number}.py": "import pkg._m" for number in range(3)}
    files |= {f"pkg/good{number}.py": "" for number in range(sound)}
    (found,) = reach(files, "pkg/_m.so").values()
    assert (found.reach, found.severity) == (Reach.MODULE, severity)


def test_native_files_that_only_look_like_modules_are_no_parts():
    files = {"pkg/__init__.py": "import pkg._core", "pkg/_core.so": SOUND}
    files |= {f"pkg/driver{number}.so": BROKEN for number in range(4)}
    found = reach(files, *(f"pkg/driver{number}.so" for number in range(4)))
    assert {each.severity for each in found.values()} == {Severity.WARNING}


def test_what_may_be_no_module_is_less_sure_to_be_imported():
    files = {"pkg/__init__.py": "", "pkg/plugin.so": BROKEN, "pkg/core.cpython-311-x86_64-linux-gnu.so": BROKEN}
    found = reach(files, "pkg/plugin.so", "pkg/core.cpython-311-x86_64-linux-gnu.so")
    assert [each.severity for each in found.values()] == [Severity.WARNING, Severity.ERROR]


def test_what_fails_in_one_module_may_load_after_another():
    files = {
        "pkg/__init__.py": "",
        "pkg/a.py": "import pkg._m",
        "pkg/b.py": "import pkg._core, pkg._m",
        "pkg/_core.so": elf_bytes(("libcore.so",), runpath="$ORIGIN"),
        "pkg/libcore.so": elf_bytes(("libc.so.6",), soname="libcore.so"),
        "pkg/_m.so": elf_bytes(("libcore.so",)),
    }
    (found,) = reach(files, "pkg/_m.so").values()
    assert found.reach is Reach.SATISFIED


EACH = (
    "import ctypes, os\nfor name in ('liba.so', 'libb.so'):\n    ctypes.CDLL(os.path.dirname(__file__) + '/' + name)\n"
)
EITHER = "import ctypes, random\nctypes.CDLL(random.choice(['liba.so', 'libb.so']))\n"


@pytest.mark.parametrize(
    ("opens", "needed", "other", "severity"),
    [
        (EITHER, "libgone.so", elf_bytes(("libc.so.6",)), Severity.INFO),  # it may be that one of the two is enough
        (EITHER, "libgone.so", elf_bytes(("libc.so.6",), machine=183), Severity.ERROR),  # not one for another processor
        (EITHER, "libb.so", elf_bytes(("libc.so.6",), soname="libb.so"), None),  # opened in turn, one brings the other
        (EACH, "libgone.so", elf_bytes(("libc.so.6",)), Severity.ERROR),
    ],
)
def test_libraries_of_which_one_may_be_chosen(opens, needed, other, severity):
    files = {"pkg/__init__.py": opens, "pkg/liba.so": elf_bytes((needed,)), "pkg/libb.so": other}
    (found,) = reach(files, "pkg/liba.so").values()
    assert (None if found.reach is Reach.SATISFIED else found.severity) == severity


def test_what_may_be_imported_may_fail():
    text = "import random\nif random.random() > 0.5:\n    import pkg._m\n"
    (found,) = reach({"pkg/__init__.py": text, "pkg/_m.so": BROKEN}, "pkg/_m.so").values()
    assert (found.reach, found.severity) == (Reach.POSSIBLE_IMPORT, Severity.WARNING)


def test_what_comes_after_a_file_that_fails_is_met_too():
    files = {"pkg/__init__.py": "import pkg._m\nimport pkg._n", "pkg/_m.so": BROKEN, "pkg/_n.so": BROKEN}
    found = reach(files, "pkg/_m.so", "pkg/_n.so").values()
    assert [(each.reach, each.severity) for each in found] == [(Reach.IMPORT, Severity.ERROR)] * 2


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("def late():\n    from pkg import _m", Severity.INFO),
        ("if x:\n    import pkg._m", Severity.WARNING),
        ("x = '_m'", Severity.WARNING),
    ],
)
def test_a_module_that_functions_import_on_demand_is_a_plug_in(text, severity):
    files = {"pkg/__init__.py": "", "pkg/_use.py": text.replace("if x", "import gone\nif x"), "pkg/_m.so": BROKEN}
    (found,) = reach(files, "pkg/_m.so").values()
    assert found.severity is severity
