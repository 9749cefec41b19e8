import pytest

from envdoctor.wheels import import_walk
from envdoctor.wheels.import_walk import FoldersAdded, ImportWalker, NativeLoad, Scope
from envdoctor.wheels.module_index import ModuleIndex
from wheel_files import LINUX, WINDOWS

SO = "cpython-311-x86_64-linux-gnu.so"


def walker(files):
    def read(member):
        return files[member]

    return ImportWalker(ModuleIndex(files), read, LINUX)


def loads(files, root):
    return [(load.path, load.optional, load.via) for load in walker(files).walk(root)]


def test_imports_lead_through_modules_to_native_files():
    files = {
        "pkg/__init__.py": "from pkg.core import run",
        "pkg/core.py": "from . import _native\nimport other",
        f"pkg/_native.{SO}": "",
    }
    assert loads(files, "pkg") == [(f"pkg/_native.{SO}", False, ("pkg", "pkg.core", "pkg._native"))]


def test_a_package_is_imported_before_what_is_in_it():
    files = {
        "pkg/__init__.py": "import pkg._first",
        "pkg/_first.so": "",
        "pkg/mod.py": "import pkg._second",
        "pkg/_second.so": "",
    }
    assert [path for path, _, _ in loads(files, "pkg.mod")] == ["pkg/_first.so", "pkg/_second.so"]


def test_what_is_optional_on_the_way_is_optional_at_its_end():
    files = {
        "pkg/__init__.py": "try:\n    import pkg.fast\nexcept ImportError:\n    pass",
        "pkg/fast.py": "import pkg._m",
        "pkg/_m.so": "",
    }
    assert loads(files, "pkg") == [("pkg/_m.so", True, ("pkg", "pkg.fast", "pkg._m"))]


def test_what_is_needed_later_counts_again():
    files = {
        "pkg/__init__.py": "try:\n    import pkg._m\nexcept ImportError:\n    pass\nimport pkg.late",
        "pkg/late.py": "import pkg._m",
        "pkg/_m.so": "",
    }
    assert [optional for _, optional, _ in loads(files, "pkg")] == [True, False]


def test_circles_end():
    files = {
        "pkg/__init__.py": "import pkg.a",
        "pkg/a.py": "import pkg.b",
        "pkg/b.py": "import pkg.a, pkg._m",
        "pkg/_m.so": "",
    }
    assert len(loads(files, "pkg")) == 1


def test_an_attribute_that_is_a_module():
    files = {"pkg/__init__.py": "from pkg import _m, something", "pkg/_m.abi3.so": ""}
    assert loads(files, "pkg") == [("pkg/_m.abi3.so", False, ("pkg", "pkg._m"))]


def test_an_extension_module_hides_a_python_file_of_its_name():
    files = {"pkg/__init__.py": "import pkg.m", "pkg/m.py": "import pkg._no", "pkg/m.so": "", "pkg/_no.so": ""}
    assert [path for path, _, _ in loads(files, "pkg")] == ["pkg/m.so"]


def test_a_library_that_a_call_names_is_found_near_by_first():
    files = {
        "pkg/__init__.py": "import ctypes\nctypes.CDLL('libx.so')",
        "pkg/libx.so": "",
        "pkg/other/libx.so": "",
        "pkg/far.py": "ctypes.CDLL('liby.so')",
        "pkg/deep/liby.so": "",
    }
    assert [path for path, _, _ in loads(files, "pkg.far")] == ["pkg/libx.so", "pkg/deep/liby.so"]


def test_a_chain_longer_than_pythons_stack():
    files = {f"m{number}.py": f"import m{number + 1}" for number in range(350)}
    files |= {"m350.py": "import _end", "_end.so": ""}
    assert [path for path, _, _ in loads(files, "m0")] == ["_end.so"]


@pytest.mark.parametrize(("source", "complete"), [("import x", True), ("def broken(:", False)])
def test_a_module_that_is_no_python_makes_the_walk_incomplete(source, complete):
    one = walker({"pkg/__init__.py": source})
    assert list(one.walk("pkg")) == []
    assert one.complete is complete


@pytest.mark.parametrize("limit", ["_MOST_MODULES", "_MOST_READ"])
def test_a_walk_that_is_too_long_is_given_up(monkeypatch, limit):
    monkeypatch.setattr(import_walk, limit, 2)
    files = {"pkg/__init__.py": "import pkg.a, pkg.b", "pkg/a.py": "", "pkg/b.py": "import pkg._m", "pkg/_m.so": ""}
    one = walker(files)
    assert list(one.walk("pkg")) == []
    assert one.complete


def test_a_walk_goes_no_further_than_it_is_followed():
    read = []
    files = {"pkg/__init__.py": "import pkg._m, pkg.late", "pkg/_m.so": "", "pkg/late.py": ""}
    one = ImportWalker(ModuleIndex(files), lambda member: read.append(member) or files[member], LINUX)
    assert next(one.walk("pkg")).path == "pkg/_m.so"
    assert read == ["pkg/__init__.py"]


def test_a_module_that_can_add_folders_on_windows_is_taken_to_do_so():
    files = {
        "pkg/__init__.py": "from pkg.util import add\nadd()\nimport pkg._m",
        "pkg/util.py": "def add():\n    os.add_dll_directory(x)",
        "pkg/_m.pyd": "",
    }
    steps = list(ImportWalker(ModuleIndex(files), files.__getitem__, WINDOWS).walk("pkg"))
    load = NativeLoad(path="pkg/_m.pyd", optional=False, via=("pkg", "pkg._m"))
    assert steps == [FoldersAdded(via=("pkg", "pkg.util")), load]
    assert list(walker(files).walk("pkg")) == [load]


def test_the_public_modules_of_a_package():
    index = ModuleIndex(
        ["pkg/__init__.py", "pkg/a.py", "pkg/_b.py", "pkg/sub/__init__.py", "pkg/sub/c.py", "pkg/_m.so"]
    )
    assert index.submodules("pkg") == ["pkg.a", "pkg.sub"]


def test_each_module_is_read_once():
    read = []
    files = {"pkg/__init__.py": "", "pkg/a.py": "", "pkg/b.py": ""}
    one = ImportWalker(ModuleIndex(files), lambda member: read.append(member) or files[member], LINUX)
    for root in ("pkg", "pkg.a", "pkg.b", "pkg.a"):
        assert list(one.walk(root)) == []
    assert sorted(read) == sorted(files)


def foreign(files, root, *names):
    walk = ImportWalker(ModuleIndex(files), files.__getitem__, LINUX, Scope(foreign=lambda name: name in names)).walk(
        root
    )
    return [(event.name, event.certain, event.via) for event in walk]


def test_modules_of_other_wheels_are_told_as_far_as_they_count():
    text = "import torch.nn\nfrom numpy import array\nimport os\ntry:\n    import fast\nexcept ImportError:\n    pass"
    assert foreign({"pkg/__init__.py": text}, "pkg", "torch", "numpy", "fast") == [
        ("torch", True, ("pkg",)),
        ("numpy", True, ("pkg",)),
        ("fast", False, ("pkg",)),
    ]


def test_a_package_above_that_another_wheel_brings():
    assert foreign({"pkg/part.py": ""}, "pkg.part", "pkg") == [("pkg", True, ())]


def test_a_computed_load_is_of_any_library_that_the_text_names():
    files = {
        "pkg/__init__.py": "from .libpath import find\nctypes.CDLL(find())",
        "pkg/libpath.py": "def find():\n    return [p + 'libcore.so', p + 'sub/libcore.so.1']",
        "pkg/libcore.so": "",
        "pkg/sub/libcore.so.1": "",
        "pkg/libother.so": "",
    }
    first, second = walker(files).walk("pkg")
    assert (first.path, first.alternatives) == ("pkg/libcore.so", ("pkg/sub/libcore.so.1",))
    assert second.path == "pkg/sub/libcore.so.1"


@pytest.mark.parametrize("text", ["'core'", "'libcore'", '"a/libcore.so"'])
def test_what_a_library_is_named_by(text):
    files = {"pkg/__init__.py": f"x = {text}\nctypes.CDLL(f(x))", "pkg/libcore.so": "", "pkg/libcorex.so": ""}
    assert [load.path for load in walker(files).walk("pkg")] == ["pkg/libcore.so"]


def test_what_a_pth_file_starts():
    files = {"a/lib/boot.py": "import b", "b.py": "", "a.pth": "", "a/_m.so": ""}
    index = ModuleIndex(files)
    index.add_path("A\\lib")
    one = ImportWalker(index, {**files, "a/lib/boot.py": "import a._m"}.__getitem__, LINUX)
    assert [load.path for load in one.startup(["A\\lib", "# import x", "import boot"])] == ["a/_m.so"]
    assert index.path_files == ["a.pth"]
