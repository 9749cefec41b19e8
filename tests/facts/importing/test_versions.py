"""Packages that compare the version of another when they are imported; CPython imports the same in a child process."""

from pathlib import Path

import packaging
import pytest

from loading_facts import import_in_child

PACKAGING = {f"packaging/{each.name}": each.read_text() for each in Path(packaging.__file__).parent.glob("*.py")}
BOTH = "import bar\nfrom packaging.version import Version, parse\n"
RAISES = "    raise ImportError('bar is not made for foo')"
#: Texts of `foo`, beside version 2.1.0 of `bar`; each raises.
GATES = {
    "packaging": f"import bar\nimport packaging.version as v\nif v.parse(bar.__version__) >= v.parse('2'):\n{RAISES}",
    "Version": (f"{BOTH}if Version(bar.__version__).release[:2] > (1, 9):\n{RAISES}"),
    "major": f"{BOTH}if Version(bar.__version__).major == 2:\n{RAISES}",
    "text of a version": (f"{BOTH}if str(Version(bar.__version__)).startswith('2'):\n{RAISES}"),
    "numbers": f"import bar\nif tuple(map(int, bar.__version__.split('.')[:2])) > (2, 0):\n{RAISES}",
    "numbers one by one": f"import bar\nif tuple(int(each) for each in bar.__version__.split('.')) > (2, 0):\n{RAISES}",
    "the first number": f"import bar\nif int(bar.__version__.split('.')[0]) > 1:\n{RAISES}",
    "a name": f"from bar import __version__ as v\nif int(v.split('.')[0]) > 1:\n{RAISES}",
    "metadata": (
        "from importlib.metadata import version\nfrom packaging.version import parse\n"
        f"if not parse('1') <= parse(version('bar')) < parse('2.1'):\n{RAISES}"
    ),
    "in a function": (
        "def ensure():\n    import bar\n    have = tuple(map(int, bar.__version__.split('.')[:2]))\n"
        f"    if have >= (2, 1):\n    {RAISES}\nensure()"
    ),
}
#: The same, where nothing is raised.
ADMITTED = {
    "older": f"{BOTH}if parse(bar.__version__) >= parse('2.1.1'):\n{RAISES}",
    "a name that raises": f"import bar\nif bar.__version__ != '2.1.0':\n{RAISES}",
    "a pre-release": f"{BOTH}if parse(bar.__version__).is_prerelease:\n{RAISES}",
    "nines": f"import bar\nif tuple(map(int, bar.__version__.split('.'))) >= (2, 10):\n{RAISES}",
    "metadata": f"from importlib.metadata import version\nif version('bar') > '3':\n{RAISES}",
}
#: How `bar` tells its version.
TELLING = {
    "itself": {"bar/__init__.py": "__version__ = '2.1.0'"},
    "from a module": {
        "bar/__init__.py": "from ._version import version as __version__",
        "bar/_version.py": "version = '2.1.0'",
    },
    "from its metadata": {"bar/__init__.py": "import importlib.metadata as m\n__version__ = m.version(__name__)"},
}


def _installed(site, text, bar):
    site.install("packaging", packaging.__version__, files=PACKAGING)
    site.install("bar", "2.1.0", files=bar)
    site.install("foo", files={"foo.py": text})


@pytest.mark.slow
@pytest.mark.parametrize("gate", GATES)
def test_a_version_that_is_refused_is_told(site, look, gate):
    _installed(site, GATES[gate], TELLING["itself"])
    assert "bar is not made for foo" in import_in_child("foo", site)
    (failed,) = look(site).failed
    (version,) = failed.failures[0].sought
    assert (failed.module, version.subject, version.name, failed.owner.key) == ("foo", "bar", "2.1.0", "bar")


@pytest.mark.slow
@pytest.mark.parametrize("telling", TELLING)
def test_wherever_the_version_is_told(site, look, telling):
    _installed(site, GATES["packaging"], TELLING[telling])
    assert "bar is not made for foo" in import_in_child("foo", site)
    assert [each.module for each in look(site).failed] == ["foo"]


@pytest.mark.slow
@pytest.mark.parametrize("gate", ADMITTED)
def test_a_version_that_is_admitted_is_no_alarm(site, look, gate):
    _installed(site, ADMITTED[gate], TELLING["itself"])
    assert not import_in_child("foo", site)
    assert not look(site).failed


@pytest.mark.slow
def test_a_module_may_tell_another_version_than_its_distribution(site, look):
    _installed(site, GATES["packaging"], {"bar/__init__.py": "__version__ = '1.0'"})
    assert not import_in_child("foo", site)
    assert not look(site).failed


@pytest.mark.slow
def test_another_version_later_is_looked_at_again(site, look):
    _installed(site, GATES["metadata"], TELLING["itself"])
    assert look(site).failed
    (site.path / "bar-2.1.0.dist-info").rename(site.path / "bar-2.0.dist-info")
    metadata = site.path / "bar-2.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("2.1.0", "2.0"))
    assert not import_in_child("foo", site)
    assert not look(site).failed
