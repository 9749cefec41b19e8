"""What the locks and files of a project, and of a tool's own environment, ask of what is installed into it."""

import base64
import hashlib
import json
import os

import pytest

from envdoctor.core.finding import Fix
from envdoctor.facts import Facts
from envdoctor.facts.locked import Limit, Locked, derive
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


def locked(python, packages=PACKAGES[0]):
    return derive(Facts(python=python, packages=packages))


def test_what_comes_from_an_index_in_one_version_is_pinned(python, tmp_path):
    pins = {"foo-bar": "1.5", "twice": "", "cloned": ""}
    assert locked(python) == Locked(path=str(tmp_path / "uv.lock"), versions=pins)


@pytest.mark.parametrize("text", ["version = ", "package = 1", "[[package]]\nname = 3", "package = ['a']", "\udcff"])
def test_a_lock_that_is_none_pins_nothing(python, tmp_path, text):
    (tmp_path / "uv.lock").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert locked(python).versions == {}


def test_a_lock_beside_no_environment_does_not_count(python):
    assert locked(Python(prefix=python.prefix)) == Locked()


OTHERS = {
    "poetry.lock": """[[package]]
name = "foo-bar"
version = "1.5"
groups = ["main"]
[[package]]
name = "private"
version = "1.0"
[package.source]
type = "legacy"
[[package]]
name = "cloned"
version = "1.0"
[package.source]
type = "git"
""",
    "pdm.lock": """[[package]]
name = "foo_bar"
version = "1.5"
groups = ["default"]
[[package]]
name = "private"
version = "1.0"
[[package]]
name = "cloned"
version = "1.0"
git = "https://host1.example/cloned"
""",
    "Pipfile.lock": json.dumps(
        {
            "default": {"foo-bar": {"version": "==1.5"}, "cloned": {"git": "https://host1.example/cloned"}},
            "develop": {"private": {"version": "==1.0"}},
        }
    ),
    "pylock.toml": """[[packages]]
name = "foo-bar"
version = "1.5"
[[packages]]
name = "private"
version = "1.0"
[[packages]]
name = "cloned"
version = "1.0"
[packages.vcs]
type = "git"
""",
}


@pytest.mark.parametrize("name", OTHERS)
def test_locks_of_other_tools_pin_what_comes_from_an_index(python, tmp_path, name):
    (tmp_path / "uv.lock").unlink()
    (tmp_path / name).write_text(OTHERS[name])
    assert locked(python).versions == {"foo-bar": "1.5", "private": "1.0", "cloned": ""}
    assert locked(python).path == str(tmp_path / name)


@pytest.mark.parametrize("place", ["name-{}-py3.11", "virtual/name/{}/default"])
def test_a_folder_named_by_the_hash_of_its_project_is_that_projects(tmp_path, monkeypatch, place):
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    (project / "poetry.lock").write_text(OTHERS["poetry.lock"])
    mark = base64.urlsafe_b64encode(hashlib.sha256(os.fsencode(project)).digest()).decode()[:8]
    found = Python(prefix=str(tmp_path / "elsewhere" / place.format(mark)), virtual=True)
    monkeypatch.chdir(project / "src")
    assert locked(found).versions["foo-bar"] == "1.5"
    monkeypatch.chdir(tmp_path)
    assert locked(found) == Locked()


def test_pipenv_says_whose_environment_it_is(tmp_path):
    (tmp_path / "Pipfile.lock").write_text(OTHERS["Pipfile.lock"])
    prefix = tmp_path / "elsewhere" / "env"
    prefix.mkdir(parents=True)
    (prefix / ".project").write_text(f"{tmp_path}\n")
    assert locked(Python(prefix=str(prefix), virtual=True)).versions["foo-bar"] == "1.5"


ASKING = {
    "../pyproject.toml": '[project]\ndependencies = ["old<2; python_version>\'3\'", "no<1; os_name==\'x\'", "any"]',
    "../constraints.txt": "--only-binary :all:\nold<2  # why\n./a/path\n",
    "../requirements.txt": "\ufeffold<2\n-r other.txt\n",
    "uv-receipt.toml": '[tool]\nrequirements = [{name = "any"}, {name = "old", specifier = "<2"}]',
    "pipx_metadata.json": json.dumps(
        {"main_package": {"package_or_url": "any"}, "injected_packages": {"old": {"package_or_url": "old<2"}}}
    ),
}


@pytest.mark.parametrize("name", ASKING)
@pytest.mark.parametrize(("there", "limited"), [((), True), (("1.9",), True), (("2.0",), False)])
def test_what_the_project_asks_for_limits_what_keeps_to_it(tmp_path, name, there, limited):
    prefix = tmp_path / ".venv"
    prefix.mkdir()
    (prefix / name).write_text(ASKING[name], encoding="utf-8")
    packages = Packages(distributions=tuple(Distribution(name="old", version=version) for version in there))
    found = locked(Python(prefix=str(prefix), virtual=True), packages).limits
    assert {key: limit.versions for key, limit in found.items()} == ({"old": "<2"} if limited else {})


@pytest.mark.parametrize("name", ASKING)
@pytest.mark.parametrize("text", ["[1", "3", "\udcff", "[tool]\nrequirements = 3", "[project]\ndependencies = [3]"])
def test_a_file_that_is_none_limits_nothing(tmp_path, name, text):
    prefix = tmp_path / ".venv"
    prefix.mkdir()
    (prefix / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert locked(Python(prefix=str(prefix), virtual=True)) == Locked()


@pytest.mark.parametrize(
    ("versions", "limit", "word"),
    [("<3,>=1", "<2", "old<3,>=1,<2"), ("", "~=1.4", "old~=1.4"), (">=2", "<2", "old>=2"), ("==2", "<2", "old==2")],
)
def test_a_fix_keeps_within_the_limits_where_some_version_can(python, versions, limit, word):
    installer = installer_for(python, PACKAGES[0])
    fix = Fix(text="Install it.", commands=installer.install("old", versions))
    asked = Locked(limits={"old": Limit(versions=limit, path="constraints.txt")})
    found = suited(fix, Facts(python=python, locked=asked))
    assert found.commands == ((*installer.installs, word),)
    assert ("constraints.txt asks for old" in found.text) == (limit in word)


@pytest.mark.parametrize("packages", PACKAGES)
@pytest.mark.parametrize(
    ("name", "versions", "word"),
    [
        ("foo.bar", ">=1", "foo.bar==1.5"),
        ("foo-bar", "", "foo-bar==1.5"),
        ("twice", "", "twice"),
        ("cloned", "", "cloned"),
    ],
)
def test_a_fix_keeps_to_the_lock_where_that_will_do(python, packages, name, versions, word):
    installer = installer_for(python, packages)
    fix = Fix(text="Install it.", commands=installer.install(name, versions))
    found = suited(fix, Facts(python=python, locked=locked(python)))
    assert found.commands == ((*installer.installs, word),)
    assert ("uv.lock" in found.text) == (word.endswith("==1.5"))


@pytest.mark.parametrize("packages", PACKAGES)
def test_files_put_back_and_what_is_removed_are_what_they_were(python, packages):
    installer = installer_for(python, packages)
    foo = Distribution(name="foo-bar", version="1.0")
    commands = (*installer.reinstall(foo), *installer.remove(foo))
    fix = Fix(text="Install it.", commands=commands)
    assert suited(fix, Facts(python=python, locked=locked(python))) == fix


TOOLS = {
    "uv.lock": ("uv sync", "uv lock --upgrade-package 'foo-bar{}'", "uv add 'other<2'"),
    "poetry.lock": ("poetry sync", "poetry add 'foo-bar{}'", "poetry add 'other<2'"),
    "pdm.lock": ("pdm sync", "pdm add 'foo-bar{}'", "pdm add 'other<2'"),
    "Pipfile.lock": ("pipenv sync", "pipenv install 'foo-bar{}'", "pipenv install 'other<2'"),
}


@pytest.mark.parametrize("name", TOOLS)
def test_what_parts_from_a_lock_is_said_with_the_command_of_its_tool(python, tmp_path, name):
    (tmp_path / "uv.lock").unlink()
    (tmp_path / name).write_text(OTHERS.get(name, LOCK))
    sync, change, add = TOOLS[name]
    installer, facts = installer_for(python, PACKAGES[1]), Facts(python=python, locked=locked(python))
    for versions, upgrade in ((">=2", False), ("", True)):
        fix = Fix(text="Install it.", commands=installer.install("Foo.Bar", versions, upgrade=upgrade))
        found = suited(fix, facts)
        assert found.commands == fix.commands
        back = f"foo-bar 1.5, and `{sync}` brings that back: `{change.format(versions or '>1.5')}`"
        assert f"{tmp_path / name} has {back} in its folder writes it there." in found.text
    found = suited(Fix(text="Install it.", commands=installer.install("other", "<2")), facts)
    assert f"has no other, nor has an environment made anew: `{add}`" in found.text
    assert suited(seed := Fix(text="", commands=installer.install("pip", upgrade=True)), facts) == seed


def test_a_lock_of_no_tool_is_to_be_made_anew(python, tmp_path):
    (tmp_path / "uv.lock").unlink()
    (tmp_path / "pylock.toml").write_text(OTHERS["pylock.toml"])
    pins = locked(python)
    assert pins.parts("foo-bar", ">=2").endswith(
        "has foo-bar 1.5, and who installs from it brings that back: make that file anew, too"
    )
    assert pins.parts("foo-bar", None).endswith("who installs from it brings that back")
    assert not pins.parts("other", None)
    assert pins.alike() == f"the version is that of {tmp_path / 'pylock.toml'}, as who installs from it gets it"
