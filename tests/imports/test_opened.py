"""Which libraries of a wheel an import opens by name."""

from envdoctor.imports.opened import opened_on_import
from native_files import elf_bytes
from wheel_files import LINUX, contents_of

LIBRARY = elf_bytes(("libc.so.6",))
OPENS = "import ctypes\nctypes.CDLL('libcore.so')"


def opened(files, *doubtful):
    wheel = contents_of(files)
    usable = {native.path for native in wheel.natives}
    return opened_on_import(wheel, doubtful or usable, usable, lambda member: files[member], LINUX)


def test_what_the_package_opens():
    files = {"pkg/__init__.py": OPENS, "pkg/libcore.so": LIBRARY, "pkg/libother.so": LIBRARY}
    assert opened(files) == {"pkg/libcore.so"}
    assert opened(files, "pkg/libother.so") == frozenset()


def test_what_a_module_opens_counts_if_the_package_itself_opens_nothing():
    files = {"pkg/__init__.py": "", "pkg/api.py": OPENS, "pkg/libcore.so": LIBRARY}
    assert opened(files) == {"pkg/libcore.so"}
    files |= {"pkg/__init__.py": "import ctypes\nctypes.CDLL('libother.so')", "pkg/libother.so": LIBRARY}
    assert opened(files) == {"pkg/libother.so"}


def test_what_an_import_can_go_without_does_not_count():
    text = "import ctypes\ntry:\n    ctypes.CDLL('libcore.so')\nexcept OSError:\n    pass"
    assert opened({"pkg/__init__.py": text, "pkg/libcore.so": LIBRARY}) == frozenset()


def test_of_several_that_would_do_one_is_enough():
    text = "import ctypes, sys\nname = 'liba.so' if len(sys.argv) > 9 else 'libb.so'\nctypes.CDLL(name)"
    files = {"pkg/__init__.py": text, "pkg/liba.so": LIBRARY, "pkg/libb.so": LIBRARY}
    assert opened(files) == {"pkg/liba.so", "pkg/libb.so"}
    assert opened(files, "pkg/liba.so") == frozenset()
