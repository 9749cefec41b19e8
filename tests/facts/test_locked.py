"""What uv.lock pins for the environment beside it."""

import pytest

from envdoctor.core.finding import Fix
from envdoctor.facts import Facts
from envdoctor.facts.locked import Locked, derive
from envdoctor.facts.packages import Distribution, Packages
from envdoctor.facts.packages.installers import installer_for, suited
from envdoctor.facts.python import Python

LOCK = """version = 1
[[package]]
name = "Foo_Bar"
version = "1.5"
source = { registry = "https://index.example/simple" }
[[package]]
name = "twice"
version = "1.0"
source = { registry = "https://index.example/simple" }
[[package]]
name = "twice"
version = "2.0"
source = { registry = "https://index.example/simple" }
[[package]]
name = "cloned"
version = "1.0"
source = { git = "https://host1.example/cloned" }
"""
PACKAGES = [Packages(), Packages(distributions=(Distribution(name="pip"),))]


@pytest.fixture
def python(tmp_path):
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "uv.lock").write_text(LOCK)
    prefix = str(tmp_path / ".venv")
    return Python(executable=f"{prefix}/bin/python", prefix=prefix, virtual=True)


def locked(python):
    return derive(Facts(python=python))


def test_what_comes_from_an_index_in_one_version_is_pinned(python, tmp_path):
    assert locked(python) == Locked(path=str(tmp_path / "uv.lock"), versions={"foo-bar": "1.5"})


@pytest.mark.parametrize("text", ["version = ", "package = 1", "[[package]]\nname = 3", "package = ['a']", "\udcff"])
def test_a_lock_that_is_none_pins_nothing(python, tmp_path, text):
    (tmp_path / "uv.lock").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert locked(python).versions == {}


def test_a_lock_of_no_project_and_one_beside_no_environment_do_not_count(python, tmp_path):
    other = Python(prefix=python.prefix)
    assert locked(other) == Locked()
    (tmp_path / "pyproject.toml").unlink()
    assert locked(python) == Locked()


@pytest.mark.parametrize("packages", PACKAGES)
@pytest.mark.parametrize(
    ("name", "versions", "word"),
    [
        ("foo.bar", ">=1", "foo.bar==1.5"),
        ("foo-bar", "", "foo-bar==1.5"),
        ("foo-bar", ">=2", "foo-bar>=2"),
        ("twice", "", "twice"),
        ("cloned", "", "cloned"),
        ("other", "<2", "other<2"),
    ],
)
def test_a_fix_keeps_to_the_lock_where_that_will_do(python, packages, name, versions, word):
    installer = installer_for(python, packages)
    fix = Fix(text="Install it.", commands=installer.install(name, versions))
    found = suited(fix, Facts(python=python, locked=locked(python)))
    assert found.commands == ((*installer.installs, word),)
    assert ("uv.lock" in found.text) == (word.endswith("==1.5"))


@pytest.mark.parametrize("packages", PACKAGES)
def test_a_newer_version_and_files_put_back_are_what_they_were(python, packages):
    installer = installer_for(python, packages)
    foo = Distribution(name="foo-bar", version="1.0")
    commands = (
        *installer.install("foo-bar", upgrade=True),
        *installer.reinstall(foo),
        *installer.remove(foo),
    )
    fix = Fix(text="Install it.", commands=commands)
    assert suited(fix, Facts(python=python, locked=locked(python))) == fix
