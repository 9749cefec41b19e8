"""Metadata that is asked for and files that are opened at import, and not there."""

import pytest

from loading_facts import HERE, import_in_child
from native_files import build_library

ASKING = {
    "nobody has it": "V = metadata.version('absent-one')",
    "its other questions": "V = metadata.distribution('absent-one').files",
    "by its own name": "V = metadata.version(__name__)",
    "another spelling": "V = metadata.version('Some.Other')",
    "behind a handler": "try:\n    V = metadata.version('absent')\nexcept metadata.PackageNotFoundError:\n    V = ''",
    "behind a handler of ImportError": "try:\n    V = metadata.version('absent')\nexcept ImportError:\n    V = ''",
    "in a function": "def f():\n    return metadata.version('absent')",
    "a name that is worked out": "import os\nV = metadata.version(os.environ.get('PATH') and 'foo')",
    "after a finder of its own": """import sys
class D(metadata.Distribution):
    def read_text(self, name):
        return 'Name: absent\\nVersion: 1'
    def locate_file(self, path):
        return path
class F(metadata.DistributionFinder):
    def find_distributions(self, context=None):
        return [D()]
sys.meta_path.insert(0, F())
V = metadata.version('absent')""",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ASKING)
def test_the_metadata_of_a_distribution_that_is_not_there(site, look, kind):
    fails = kind in {"nobody has it", "its other questions"}
    site.install("foo", files={"foo.py": f"from importlib import metadata\n{ASKING[kind]}"})
    site.install("some_other")
    assert bool(import_in_child("foo", site)) is fails
    found = look(site).failed
    assert len(found) == fails
    if found:
        assert found[0].failures[0].raises == "PackageNotFoundError"
        assert found[0].asking.line == 2


def test_a_distribution_that_came_since_ends_what_was_remembered(site, look):
    site.install("foo", files={"foo.py": f"from importlib import metadata\n{ASKING['nobody has it']}"})
    assert look(site).failed
    site.install("absent_one")
    assert look(site).failed == ()


HERE_PATH = "import os, sys\nhere = os.path.dirname(os.path.abspath(__file__))\n"


OPENING = {
    "a file that is gone": ("open(os.path.join(here, 'data.bin'))", True),
    "by addition": ("open(here + '/data.bin', 'rb')", True),
    "in a formatted text": ("with open(f'{here}/data.bin', mode='r') as file:\n    text = file.read()", True),
    "in a function": ("def read(name):\n    return open(os.path.join(here, name)).read()\nT = read('data.bin')", True),
    "a library that is gone": ("import ctypes\nL = ctypes.CDLL(os.path.join(here, 'libgone.so'))", True),
    "behind another handler": ("try:\n    open(here + '/data.bin')\nexcept ValueError:\n    pass", True),
    "one that is there": ("open(os.path.join(here, '__init__.py'))", False),
    "for writing": ("open(here + '/data.bin', 'w').close()", False),
    "after it is written": ("open(here + '/data.bin', 'w').close()\nopen(here + '/data.bin')", False),
    "after a folder was handed over": (
        "import shutil\nos.chdir(here)\nshutil.copy('__init__.py', 'data' + '.bin')\nopen(here + '/data.bin')",
        False,
    ),
    "after a list was handed over": (
        (
            "import subprocess\nmake = 'import sys; open(sys.argv[1], chr(119))'\npath = here + '/data.bin'\n"
            "subprocess.run([sys.executable, '-c', make, path])\nopen(path)"
        ),
        False,
    ),
    "if it is there": ("if os.path.exists(here + '/data.bin'):\n    open(here + '/data.bin')", False),
    "behind a handler": ("try:\n    open(here + '/data.bin')\nexcept OSError:\n    pass", False),
    "later": ("def read():\n    return open(here + '/data.bin')", False),
    "with an opener": (
        "open(here + '/data.bin', opener=lambda path, flags: os.open(here + '/__init__.py', flags))",
        False,
    ),
    "with another open": ("def open(path):\n    pass\nopen(here + '/data.bin')", False),
    "up and down": ("open(os.path.join(here, '..', 'foo', '__init__.py'))", False),
    "by a link": ("open(os.path.join(os.path.dirname(os.path.realpath(here)), 'foo', '__init__.py'))", False),
}


@pytest.mark.parametrize("kind", OPENING)
def test_a_file_beside_a_module_that_is_opened_and_not_there(site, look, kind):
    text, fails = OPENING[kind]
    site.install("foo", files={"foo/__init__.py": HERE_PATH + text + "\n"})
    found = look(site).failed
    assert len(found) == fails
    assert bool(import_in_child("foo", site)) is fails


def test_a_file_that_came_since_ends_what_was_remembered(site, look):
    site.install("foo", files={"foo/__init__.py": HERE_PATH + OPENING["a file that is gone"][0]})
    assert look(site).failed
    site.write("foo/data.bin", "")
    assert look(site).failed == ()


def test_where_a_package_is_a_link_other_files_may_lie_beside_it(tmp_path, site, look):
    text = "import os\nopen(os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), 'VERSION'))\n"
    for name in ("foo", "bar"):
        site.install(name, files={f"{name}/__init__.py": text})
    (tmp_path / "VERSION").write_text("1")
    folder = tmp_path / "site-packages" / "foo"
    folder.rename(tmp_path / "foo")
    folder.symlink_to(tmp_path / "foo")
    assert [failed.distribution.name for failed in look(site).failed] == ["bar"]
    assert [bool(import_in_child(name, site)) for name in ("foo", "bar")] == [False, True]


LIBRARY = "import ctypes, os\nlib = ctypes.CDLL(os.path.join(os.path.dirname(__file__), 'libown.so'))\n"


@pytest.mark.slow
@pytest.mark.skipif(not HERE, reason="compiles a library for glibc")
@pytest.mark.parametrize("asked", ["gone_function", "there"])
def test_a_function_of_a_library_that_ctypes_loads(asked, site, look, tmp_path):
    own = build_library(tmp_path / "libown.so", "int there(void) { return 1; }").read_bytes()
    site.install("foo", files={"foo/__init__.py": f"{LIBRARY}lib.{asked}.argtypes = []\n", "foo/libown.so": own})
    found = look(site).failed
    assert [each.failures[0].cause.name for each in found] == (["gone_function"] if asked == "gone_function" else [])
    assert ("undefined symbol" in import_in_child("foo", site)) is bool(found)
