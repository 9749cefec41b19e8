"""Probes of the installed packages, on folders that are broken as it happens, and on ones that only look so."""

from types import SimpleNamespace

import pytest

from asking import answer, ask
from envdoctor.core.finding import Outcome
from envdoctor.facts import Facts
from envdoctor.facts.natives import Natives
from envdoctor.facts.packages import Distribution, Packages
from envdoctor.facts.python import Python
from envdoctor.facts.python.search_path import Origin
from envdoctor.facts.records import Records
from native_files import elf_bytes
from package_facts import ERROR, INFO, NUMPY_ONE, PIP, TAGGED, WARNING, installed_facts, severities
from sites import Site, facts_of


def test_an_environment_that_is_as_it_should_be_passes_every_probe(site):
    site.install("numpy", "2.3.4", files={f"numpy/_x{TAGGED}": elf_bytes()}, tags=("cp311-cp311-linux_x86_64",))
    site.install("foo", requires=["numpy>=2", "gone; extra == 'x'", "win; sys_platform == 'win32'"], python=">=3.8")
    facts = facts_of(site)
    for number in range(1, 18):
        if number != 14:  # asks about the host too
            assert ask(f"PKG{number:03}", facts) == (), number


# PKG001


@pytest.mark.parametrize(
    ("by", "version", "of", "severity"),
    [
        ("jax", "0.4.30", "jaxlib", ERROR),
        ("pydantic", "2.12.3", "pydantic_core", ERROR),
        ("pydantic", "2.9.2", "pydantic_core", WARNING),
        ("other", "1", "jaxlib", WARNING),
    ],
)
def test_a_version_that_an_import_refuses_is_an_error(site, by, version, of, severity):
    site.install(by, version, requires=[f"{of}==5"])
    site.install(of, "4")
    (finding,) = ask("PKG001", facts_of(site))
    assert finding.severity is severity
    assert ("its import refuses that" in finding.message) is (severity is ERROR)


def test_a_missing_requirement(site):
    site.install("foo", requires=["bar>=1"])
    (finding,) = ask("PKG001", facts_of(site))
    assert (finding.severity, finding.subject) == (ERROR, "foo")
    assert finding.message == "foo 1.0 requires bar>=1; it is not installed."
    assert finding.evidence[0].excerpt == "Requires-Dist: bar>=1"
    assert finding.fix.commands == ((*PIP, "install", "bar>=1"),)
    assert finding.fix.safe


def test_a_requirement_of_another_version_is_mended_for_all_who_have_one(site):
    site.install("foo", requires=["bar>=2"])
    site.install("baz", requires=["bar<4,>=1"])
    site.install("bar", "1.5")
    (finding,) = ask("PKG001", facts_of(site))
    assert (finding.severity, finding.fix.safe) == (WARNING, False)
    assert finding.message == "foo 1.0 requires bar>=2; bar 1.5 is installed."
    assert finding.fix.commands == ((*PIP, "install", "bar<4,>=1,>=2"),)


def test_what_is_to_come_from_a_url_is_not_taken_from_an_index(site):
    site.install("numpy", "1.26.4", requires=["absl-py @ https://example.org/absl.whl", "absl-py"])
    found = ask("PKG001", facts_of(site))
    assert len(found) == 2
    assert all(one.fix.commands == () and "an index may have another" in one.fix.text for one in found)


def test_requirements_that_exclude_each_other_have_no_command(site):
    site.install("foo", requires=["bar>=2"])
    site.install("baz", requires=["bar<2"])
    site.install("bar", "1.5")
    (finding,) = ask("PKG001", facts_of(site))
    assert finding.fix.commands == ()
    assert "foo wants >=2" in finding.fix.text
    assert "separate environments" in finding.fix.text


def test_an_extra_that_is_asked_for_is_named(site):
    site.install("http", requires=["socks; extra == 'proxy'"])
    site.install("foo", requires=["http[proxy]"])
    (finding,) = ask("PKG001", facts_of(site))
    assert "for its extra 'proxy'" in finding.message


def test_a_stand_in_is_only_information(site):
    site.install("foo", requires=["opencv-python>=4"])
    site.install("opencv-python-headless", "4.11.0.86")
    (finding,) = ask("PKG001", facts_of(site))
    assert (finding.severity, finding.fix) == (INFO, None)
    assert "opencv-python-headless 4.11.0.86 is in its place" in finding.message


def test_what_debian_left_out_is_only_information():
    by = Distribution(name="PyGObject", requires=("pycairo>=1.16",), system=True, has_record=False, installer="")
    facts = SimpleNamespace(**installed_facts(by))
    (finding,) = ask("PKG001", facts)
    assert (finding.severity, finding.fix.commands) == (INFO, ())


def test_what_can_not_be_judged_is_said(site):
    site.install("foo", requires=["bar >= nonsense"])
    assert severities("PKG001", site) == [INFO]


# PKG002


def test_what_pythonpath_brings_is_not_mended_by_an_installation(site, tmp_path):
    site.install("flask", requires=["werkzeug>=3"])
    site.install("werkzeug", "3.1")
    other = Site(tmp_path / "other", Origin.PYTHONPATH)
    other.install("werkzeug", "2.0")
    (finding,) = ask("PKG001", facts_of(other, site))
    assert finding.fix.commands == ()
    assert finding.fix.text.startswith(f"Remove {other.path} from PYTHONPATH")


def test_two_metadata_folders(site):
    site.install("foo", "1.0", files={"foo/old.py": ""})
    site.install("foo", "2.0", files={"foo/new.py": ""})
    (site.path / "foo/old.py").unlink()
    (finding,) = ask("PKG002", facts_of(site))
    assert (finding.severity, finding.message) == (WARNING, "foo has 2 metadata folders, for 1.0 and 2.0.")
    assert [one.excerpt for one in finding.evidence] == [
        "foo 1.0: 1 of its 6 files missing, 0 changed",
        "foo 2.0: 0 of its 6 files missing, 0 changed",
    ]
    assert finding.fix.commands[-1] == (*PIP, "install", "foo==2.0")
    assert len(finding.fix.commands) == 3


def test_two_spellings_of_one_name(site):
    site.install("Foo.Bar", "1.0", files={"a.py": ""})
    site.install("foo_bar", "1.0", files={"b.py": ""})
    assert severities("PKG002", site) == [WARNING]


def test_one_distribution_in_two_folders_is_another_question(tmp_path):
    first, second = Site(tmp_path / "a", Origin.USER), Site(tmp_path / "b")
    first.install("foo", "2.0")
    second.install("foo", "1.0")
    assert severities("PKG002", first, second) == []


def test_debian_keeps_an_egg_info_beside_a_dist_info():
    both = tuple(
        Distribution(name="cryptography", root="/usr/lib/x", metadata=path, system=True) for path in ("a", "b")
    )
    assert ask("PKG002", python=Python(), packages=Packages(distributions=both), records=Records()) == ()


def test_the_egg_info_in_the_project_of_an_editable_install(site, tmp_path):
    project = Site(tmp_path / "project", Origin.PTH)
    project.write("foo.egg-info/PKG-INFO", "Name: foo\nVersion: 1.0\n")
    site.install_editable("foo", project.path)
    for code in ("PKG002", "PKG005", "PKG006", "PKG011", "PKG012", "PKG016"):
        assert severities(code, site, project) == [], code


# PKG010


def pair(first, second, **groups):
    distributions = tuple(Distribution(name=name, version=version, metadata=name) for name, version in (first, second))
    groups = {"python": Python(), "natives": Natives()} | groups
    return ask("PKG010", packages=Packages(distributions=distributions), **groups)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        (("tensorflow", "2.20.0"), ("ai-edge-litert", "2.0.3"), [ERROR]),
        (("tensorflow", "2.20.0"), ("ai_edge_litert", "1.4.0"), [ERROR]),
        (("tensorflow", "2.20.0"), ("ai-edge-litert", "2.3.0"), []),
        (("tensorflow", "2.21.0"), ("ai-edge-litert", "2.0.3"), []),
        (("tensorflow", "unknown"), ("ai-edge-litert", "2.0.3"), []),
        (("tensorflow", "2.20.0"), ("ai-edge-quantizer", "0.4.0"), []),
        (("tflite-runtime", "2.14.0"), ("numpy", "2.3.4"), [ERROR]),
        (("tflite-runtime", "2.14.0"), ("numpy", "1.26.4"), []),
        (("pyOpenSSL", "22.0.0"), ("cryptography", "43.0.3"), [ERROR]),
        (("pyOpenSSL", "22.0.0"), ("cryptography", "38.0.4"), []),
        (("pyOpenSSL", "20.0.1"), ("cryptography", "38.0.4"), [ERROR]),
        (("pyOpenSSL", "24.2.1"), ("cryptography", "43.0.3"), []),
        (("keras", "3.15.1"), ("keras-nightly", "3.16.0.dev1"), []),  # PKG003 proves that from the files
    ],
)
def test_pairs_that_are_known_to_fail(first, second, found):
    findings = pair(first, second)
    assert [finding.severity for finding in findings] == found
    assert all(finding.evidence[-1].source for finding in findings)


@pytest.mark.parametrize(
    ("one", "python", "found"),
    [
        (("setuptools", "65.5.0"), "3.12.1", [ERROR]),
        (("setuptools", "65.5.0"), "3.11.7", []),
        (("setuptools", "66.1.0"), "3.12.1", []),
        (("SQLAlchemy", "2.0.30"), "3.13.0", [ERROR]),
        (("SQLAlchemy", "2.0.31"), "3.13.0", []),
        (("SQLAlchemy", "1.4.54"), "3.13.0", []),
        (("nose", "1.3.7"), "3.12.1", []),  # PKG021 proves that from its text
    ],
)
def test_what_is_known_not_to_work_with_a_python(one, python, found):
    findings = pair(one, ("bar", "1"), python=Python(version=python))
    assert [finding.severity for finding in findings] == found
    assert all(finding.fix.commands for finding in findings)


def test_a_pair_that_the_files_prove_is_told_once(site):
    site.install("numpy", "2.3.4")
    site.install("tflite-runtime", "2.14.0", files={"tflite_runtime/_pywrap.so": NUMPY_ONE})
    facts = facts_of(site)
    assert len(ask("PKG009", facts)) == 1
    assert ask("PKG010", facts) == ()


# PKG011 to PKG016, but for PKG014


def test_metadata_that_can_not_be_read(site):
    (site.install("foo") / "METADATA").unlink()
    (site.install("bar") / "RECORD").unlink()
    (site.install("baz") / "RECORD").write_text("cut of\n")
    messages = [finding.message for finding in ask("PKG011", facts_of(site))]
    assert messages == [
        "The metadata folder of bar 1.0 has no RECORD, which pip always writes.",
        "The metadata folder of foo 1.0 has no METADATA file.",
        "The RECORD of baz 1.0 has a line that is not path, hash and size.",
    ]


def test_metadata_that_is_damaged_is_written_over_unless_it_came_from_elsewhere(site):
    (site.install("foo") / "METADATA").write_text("garbage\n")
    own = site.install("bar")
    (own / "METADATA").write_text("garbage\n")
    (own / "direct_url.json").write_text('{"url": "file:///home/ann/bar", "dir_info": {}}')
    (site.install("baz") / "METADATA").unlink()
    (site.install("qux", "1.0") / "METADATA").write_text("garbage\n")
    site.install("qux", "2.0")
    fixes = {finding.subject: finding.fix for finding in ask("PKG011", facts_of(site))}
    assert [command[-1] for command in fixes["foo"].commands] == ["foo==1.0"]
    assert "--ignore-installed" in fixes["foo"].commands[0]
    assert not fixes["bar"].commands
    assert "/home/ann/bar" in fixes["bar"].text
    assert not fixes["baz"].commands
    assert fixes["baz"].text.startswith("Delete ")
    assert not fixes["qux"].commands  # 1.0 would be put over 2.0


def test_a_record_that_is_damaged_is_written_over_but_for_one_of_two(site):
    for name in ("foo", "bar"):
        (site.install(name) / "RECORD").write_text("cut of\n")
    site.install("bar", "2.0")
    fixes = {finding.subject: finding.fix for finding in ask("PKG011", facts_of(site))}
    assert [command[-1] for command in fixes["foo"].commands] == ["foo==1.0"]
    assert "--ignore-installed" in fixes["foo"].commands[0]
    assert not fixes["bar"].commands


@pytest.mark.parametrize("installer", ["", "rpm", "debian"])
def test_other_installers_may_leave_the_record_out(site, installer):
    (site.install("foo", installer=installer) / "RECORD").unlink()
    assert severities("PKG011", site) == []


def test_a_folder_that_can_not_be_listed():
    (finding,) = ask("PKG011", packages=Packages(blind=(("/x", "Permission denied"),)), records=Records())
    assert (finding.severity, finding.subject) == (WARNING, "/x")


def test_an_editable_install_whose_project_is_gone(site, tmp_path):
    (tmp_path / "project").mkdir()
    info = site.install_editable("foo", tmp_path / "project")
    assert severities("PKG012", site) == []
    (tmp_path / "project").rmdir()
    (finding,) = ask("PKG012", facts_of(site))
    assert (finding.severity, finding.evidence[0].source) == (ERROR, f"{info}/direct_url.json")
    assert finding.fix.commands == ((*PIP, "uninstall", "--yes", "foo"),)


@pytest.mark.parametrize(
    ("python", "found"),
    [
        (">=3.12", [WARNING]),
        ("!=3.11.*,>=3.8", [WARNING]),
        ("<3.11,>=3.8", [INFO]),
        (">=3.8.6, <=3.10", [INFO]),
        ("~=3.10.0", [INFO]),
        ("~=3.12", [WARNING]),
        (">=3.12,<3.11", [WARNING]),
        (">=3.9", []),
        ("", []),
        ("odd", []),
    ],
)
def test_distributions_for_other_versions_of_python(site, python, found):
    site.install("foo", python=python)
    findings = ask("PKG013", facts_of(site))
    assert [finding.severity for finding in findings] == found
    assert all((finding.fix is None) == (found == [INFO]) for finding in findings)
    assert all(("uv overlooks" in finding.message) == (found == [INFO]) for finding in findings)


def test_leftovers(site):
    assert severities("PKG015", site) == []
    site.write("~umpy/x.py", "")
    assert severities("PKG015", site) == [INFO]
    site.write("~umpy-1.0.dist-info/METADATA", "")
    assert severities("PKG015", site) == [WARNING]
    site.install("numpy")
    assert severities("PKG015", site) == [INFO]


@pytest.mark.parametrize(
    ("used", "hidden", "version", "found"),
    [
        (Origin.PYTHONPATH, Origin.SITE, "2.0", [WARNING]),
        (Origin.USER, Origin.SITE, "2.0", [INFO]),
        (Origin.SITE, Origin.SITE, "2.0", [INFO]),
        (Origin.SITE, Origin.BASE, "2.0", []),
        (Origin.PYTHONPATH, Origin.SITE, "1.0", []),
    ],
)
def test_one_version_that_hides_another(tmp_path, used, hidden, version, found):
    first, second = Site(tmp_path / "a", used), Site(tmp_path / "b", hidden)
    first.install("foo", version)
    second.install("foo", "1.0")
    assert severities("PKG016", first, second) == found


def test_a_probe_of_packages_is_unknown_where_they_are():
    for number in range(1, 18):
        assert answer(f"PKG{number:03}", Facts()).outcome is Outcome.UNKNOWN
