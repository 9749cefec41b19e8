"""What runs when Python starts, and whether it may find modules in ways of its own."""

import pytest

from envdoctor.facts.importing.hooks import find_hooks
from envdoctor.facts.python import Python
from envdoctor.facts.python.search_path import Origin
from sites import Site


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site-packages")


def hooks(*sites):
    return find_hooks(Python(search_path=tuple(one.searched for one in sites)))


HARMLESS = {
    "a folder": "/somewhere\n",
    "virtualenv's": "import _virtualenv\n",
    "coverage's": "import sys; exec('import os\\nif os.getenv(\"X\"):\\n import plain')\n",
    "a module that does nothing to it": "import plain; plain.start()\n",
    "a comment": "# import sys; sys.meta_path.append(1)\n",
}
UNKNOWN = {
    "a finder": "import hook; hook.install()\n",
    "a line that does it itself": "import sys; sys.path.insert(0, '/x')\n",
    "code from elsewhere": "import os; exec(open('/x').read())\n",
    "a module that it puts there": "import sys; sys.modules['x'] = 1\n",
}


@pytest.mark.parametrize("kind", [*HARMLESS, *UNKNOWN])
def test_lines_of_pth_files(site, kind):
    site.write("plain.py", "def start(): ...")
    site.write("hook.py", "import sys\ndef install():\n    sys.meta_path.append(None)")
    site.write("_virtualenv.py", "import sys\nsys.meta_path.insert(0, None)")
    site.write("a.pth", {**HARMLESS, **UNKNOWN}[kind])
    assert hooks(site).anything is (kind in UNKNOWN)


def test_setuptools_gives_distutils(site):
    line = "import os; var = 'X'; enabled = os.environ.get(var) and __import__('_distutils_hack').add_shim();\n"
    site.write("distutils-precedence.pth", line)
    found = hooks(site)
    assert (found.anything, found.provided) == (False, {"distutils"})


def test_a_customization_that_changes_the_path_is_heeded(site):
    site.write("sitecustomize.py", "import sys\nsys.path.append('/x')")
    assert hooks(site).anything


def test_pth_files_are_read_in_site_folders_alone(tmp_path):
    site = Site(tmp_path / "first", Origin.PYTHONPATH)
    site.write("a.pth", UNKNOWN["a finder"])
    site.write("hook.py", "import sys\nsys.meta_path")
    assert not hooks(site).anything


def test_an_editable_finder_that_can_not_be_read_may_find_anything(site):
    site.write("__editable__.x.pth", "import __editable___x_finder; __editable___x_finder.install()\n")
    assert hooks(site).anything
    site.write("__editable___x_finder.py", "MAPPING = {'x': '/src/x'}\nNAMESPACES = {}\n")
    assert hooks(site).mapped == {"x": "/src/x"}
    site.write("__editable___x_finder.py", "MAPPING = {'x': '/src/x'}\nNAMESPACES = {'y': ['/src/y']}\n")
    assert hooks(site).anything
