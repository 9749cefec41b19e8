"""Folders as installers leave them, read as one environment."""

import os
import shutil
import sys
import sysconfig
from importlib.metadata import distributions
from pathlib import Path

import pytest

from asking import MODULES, answer, ask
from envdoctor.core.finding import Outcome
from envdoctor.facts.packages import Layout, listing
from envdoctor.facts.packages.listing import is_system_folder
from envdoctor.facts.python.search_path import Origin, SearchFolder
from sites import Site, facts_of

#: What asks about packages, but for what needs more facts than these.
PKG = [code for code in sorted(MODULES) if code.startswith("PKG") and code not in {"PKG008", "PKG014"}]


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site-packages")


def only(*sites):
    (one,) = facts_of(*sites).packages.distributions
    return one


def test_an_installed_wheel(site):
    info = site.install("Foo-Bar", "1.2", requires=["numpy>=1"], python=">=3.8", installer="uv")
    one = only(site)
    assert (one.name, one.key, one.version, one.title) == ("Foo-Bar", "foo-bar", "1.2", "Foo-Bar 1.2")
    assert (one.metadata, one.root, one.installer) == (str(info), str(site.path), "uv")
    assert (one.requires, one.requires_python, one.has_record) == (("numpy>=1",), ">=3.8", True)
    assert (one.layout, one.editable, one.system, one.problem) == (Layout.DIST_INFO, "", False, "")


def test_debian_s_egg_info_file_and_folder(site):
    site.write("crcmod-1.7.egg-info", "Metadata-Version: 1.1\nName: crcmod\nVersion: 1.7\n")
    site.write("yq-3.1.0.egg-info/PKG-INFO", "Name: yq\nVersion: 3.1.0\n")
    site.write("yq-3.1.0.egg-info/requires.txt", "PyYAML>=3.11\n\n[test]\nwheel\n")
    crcmod, yq = facts_of(site).packages.distributions
    assert (crcmod.title, crcmod.layout, crcmod.has_record, crcmod.installer) == (
        "crcmod 1.7",
        Layout.EGG_INFO,
        False,
        "",
    )
    assert yq.requires == ("PyYAML>=3.11", 'wheel ; extra == "test"')
    assert yq.editable == ""


def test_an_editable_install_whose_project_is_there_or_gone(site, tmp_path):
    (tmp_path / "project").mkdir()
    site.install_editable("foo", tmp_path / "project")
    assert (only(site).editable, only(site).project_missing) == (str(tmp_path / "project"), False)
    (tmp_path / "project").rmdir()
    assert only(site).project_missing


def test_a_development_install_of_setuptools(site, tmp_path):
    project = Site(tmp_path / "project", Origin.PTH)
    project.write("foo.egg-info/PKG-INFO", "Name: foo\nVersion: 0.1\n")
    site.write("foo.egg-link", f"{project.path}\n.")
    assert only(site, project).editable == str(project.path)
    shutil.rmtree(project.path)
    gone = only(site)
    assert (gone.layout, gone.name, gone.project_missing) == (Layout.EGG_LINK, "foo", True)
    assert gone.editable == str(project.path)


def test_eggs(site, tmp_path):
    folder = Site(tmp_path / "foo-1.0-py3.11.egg", Origin.PTH)
    folder.write("EGG-INFO/PKG-INFO", "Name: foo\nVersion: 1.0\n")
    archive = tmp_path / "bar-2.0-py3.11.egg"
    archive.write_bytes(b"PK\5\6" + bytes(18))
    facts = facts_of(folder)
    (foo,) = facts.packages.distributions
    assert (foo.title, foo.layout) == ("foo 1.0", Layout.EGG)
    packed = SearchFolder(path=str(archive), origin=Origin.PTH)
    (bar,) = facts_of(type("Packed", (), {"searched": packed})).packages.distributions
    assert (bar.title, bar.layout) == ("bar 2.0", Layout.EGG)


@pytest.mark.parametrize(
    ("break_", "problem"),
    [
        (lambda info: (info / "METADATA").unlink(), "has no METADATA file"),
        (lambda info: (info / "METADATA").write_text(""), "does not give name and version"),
        (lambda info: (info / "METADATA").write_text("Name: foo\n\nVersion: 1\n"), "does not give name and version"),
        (lambda info: (shutil.rmtree(info), info.write_text("a file")), "can't be read"),
    ],
)
def test_metadata_that_is_damaged(site, break_, problem):
    break_(site.install("foo", "1.5"))
    one = only(site)
    assert (one.name, one.version) == ("foo", "1.5")
    assert problem in one.problem
    assert facts_of(site).packages.active() == {}


def test_a_header_longer_than_the_first_read(site):
    info = site.install("foo")
    long = "".join(f"Classifier: {number:060}\n" for number in range(2000))
    (info / "METADATA").write_text(f"{long}Name: foo\nVersion: 1.0\nRequires-Dist: late\n\ntext")
    assert only(site).requires == ("late",)


def test_what_pip_left_behind(site):
    site.write("~umpy/__init__.py", "")
    site.write("~umpy-1.0.dist-info/METADATA", "Name: numpy\nVersion: 1.0\n")
    packages = facts_of(site).packages
    assert packages.distributions == ()
    assert sorted(Path(path).name for path in packages.leftovers) == ["~umpy", "~umpy-1.0.dist-info"]


def test_the_first_folder_wins(tmp_path):
    first, second = Site(tmp_path / "a", Origin.USER), Site(tmp_path / "b")
    first.install("Foo", "2.0")
    second.install("foo", "1.0")
    packages = facts_of(first, second).packages
    assert [one.version for one in packages.distributions] == ["2.0", "1.0"]
    assert packages.find("FOO").version == "2.0"
    assert packages.find("bar") is None


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read anything")
def test_a_folder_that_can_not_be_listed(site):
    site.path.chmod(0)
    ((folder, reason),) = facts_of(site).packages.blind
    site.path.chmod(0o755)
    assert (folder, reason) == (str(site.path), "Permission denied")


def test_a_folder_that_vanished(site):
    facts = facts_of(site)
    site.path.rmdir()
    assert facts.packages.blind[0][0] == str(site.path)


@pytest.mark.parametrize(
    ("path", "system"),
    [
        ("/usr/lib/python3/dist-packages", True),
        ("/usr/lib64/python3.12/site-packages", True),
        ("/usr/local/lib/python3.11/dist-packages", False),
        ("/home/me/.local/lib/python3.11/site-packages", False),
        ("/opt/conda/lib/python3.11/site-packages", False),
        ("/app/usr/lib/python3/site-packages", False),
    ],
)
def test_whose_folder_it_is(path, system):
    assert is_system_folder(path) is system


@pytest.mark.slow
def test_this_environment_as_importlib_metadata_sees_it():
    here = type("Here", (), {"searched": SearchFolder(path=sysconfig.get_path("purelib"))})
    ours = {(one.key, one.version, one.requires) for one in facts_of(here).packages.distributions}
    theirs = {
        (one.metadata["Name"].lower().replace("_", "-").replace(".", "-"), one.version, tuple(one.requires or ()))
        for one in distributions(path=[sysconfig.get_path("purelib")])
    }
    assert ours == theirs
    assert sys.prefix in sysconfig.get_path("purelib")


EVIL = ["--index-url=http://evil", "-r evil.txt", "a b", "a/../b", "foo @ http://evil", "foo\x1b[31m", "x" * 300]


@pytest.mark.parametrize("name", EVIL)
def test_a_name_that_is_none_is_damage_and_never_a_word_of_a_command(site, name):
    site.install("other", requires=["absent"])
    info = site.install("foo")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (site.path / "foo/__init__.py").unlink()
    facts = facts_of(site)
    bad = next(one for one in facts.packages.distributions if one.problem)
    assert "for its name, which is no project's name" in bad.problem
    assert "foo" in [one.subject for one in ask("PKG011", facts)]
    words = [word for code in PKG for one in ask(code, facts) if one.fix for argv in one.fix.commands for word in argv]
    assert not [word for word in words if "evil" in word or name in word]


@pytest.mark.parametrize("version", ["--pre", "1.0 --index-url=http://evil", "1;x", "9" * 5000, "1.0\x1b[31m"])
def test_a_version_that_is_none_likewise(site, version):
    info = site.install("foo")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: foo\nVersion: {version}\n")
    (one,) = facts_of(site).packages.distributions
    assert "for its version, which is not a version" in one.problem
    assert len(one.problem) < 200


def test_names_of_folders_and_links_are_held_to_the_same(site, tmp_path):
    site.write("--index-url=evil-1.0.egg-info", "")
    site.write("--pre.egg-link", str(tmp_path / "gone"))
    assert all(one.problem for one in facts_of(site).packages.distributions)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("RECORD", 'a\rb,"c\r,d\n'),
        ("RECORD", '"' + "x" * 140_000 + '",,\n'),
        ("RECORD", "x" * 140_000 + ",,\n"),
        ("RECORD", f"foo.py,,{'9' * 5000}\n"),
        ("RECORD", "foo\0.py,,\n"),
        ("direct_url.json", "[" * 100_000),
        ("direct_url.json", '{"url": "file:///\\u0000", "dir_info": {"editable": true}}'),
        ("METADATA", "Name: foo\nVersion: 1.0\nRequires-Dist: bar; " + "(" * 3000 + "os_name == 'x'" + ")" * 3000),
        ("METADATA", f"Name: foo\nVersion: 1.0\nRequires-Dist: bar<{'9' * 5000}\nRequires-Dist: bar>1\n"),
        ("METADATA", "Name: foo\nVersion: 1.0\nRequires-Python: >=3." + "9" * 5000),
        ("METADATA", "Name: foo\nVersion: 1.0\n" + "X: y\n" * 500_000),
        ("INSTALLER", "\0" * 100_000),
        ("WHEEL", "Tag: " + "-" * 100_000),
        ("top_level.txt", "a\0b\n../..\n/\n"),
        ("entry_points.txt", "[" * 10_000),
        ("../x.pth", "a\0b\n\x85\n"),
        ("../../site/y.egg-link", "\0"),
    ],
)
def test_whatever_is_in_a_file_costs_one_distribution(tmp_path, file, content):
    site = Site(tmp_path / "site")
    info = site.install("foo", files={"foo.py": "", "foo.abi3.so": b"x"})
    site.install("fine", requires=["gone"])
    (info / file).write_text(content)
    facts = facts_of(site)
    outcomes = {code: answer(code, facts) for code in PKG}
    assert not [one for one in outcomes.values() if one.outcome in {Outcome.CRASHED, Outcome.UNKNOWN}]
    assert "bug of envdoctor" not in str(outcomes)
    assert "fine" in [one.subject for one in outcomes["PKG001"].findings]


def test_what_nobody_thought_of_costs_one_distribution_too(site, monkeypatch):
    site.install("foo")
    site.install("fine", requires=["gone"])

    real = listing.parse_metadata

    def stumble(content):
        return 1 // 0 if b"Name: foo" in content else real(content)

    monkeypatch.setattr(listing, "parse_metadata", stumble)
    facts = facts_of(site)
    assert [one.key for one in facts.packages.distributions if not one.problem] == ["fine"]
    (finding,) = ask("PKG011", facts)
    assert "could not be looked at: a bug of envdoctor: ZeroDivisionError" in finding.message
