"""Probes of the files of installed packages: claimed twice, missing, changed."""

import json
import shutil

import pytest

from asking import answer, ask
from envdoctor.core.finding import Outcome
from envdoctor.facts.packages import Distribution, Packages
from envdoctor.facts.python import Python
from envdoctor.facts.python.search_path import Origin
from envdoctor.facts.records import Record, Records
from package_facts import ERROR, INFO, PIP, TAGGED, WARNING, severities
from sites import Site, facts_of

# PKG003


def test_files_claimed_twice(site):
    site.install("keras", "3.15.1", files={"keras/__init__.py": "1", "keras/x.py": "same"})
    site.install("keras-nightly", "3.16.0.dev1", files={"keras/__init__.py": "22", "keras/x.py": "same"})
    (finding,) = ask("PKG003", facts_of(site))
    assert (finding.severity, finding.subject) == (ERROR, "keras, keras-nightly")
    assert "claim 4 files in common; 1 of them" in finding.message
    assert [one.excerpt for one in finding.evidence] == [
        "1 of those 1 are not on disk as recorded",
        "0 of those 1 are not on disk as recorded",
        "keras/__init__.py",
    ]
    assert finding.fix.commands == (
        (*PIP, "uninstall", "--yes", "keras", "keras-nightly"),
        (*PIP, "install", "--force-reinstall", "--no-deps", "keras==3.15.1"),
    )
    assert not finding.fix.safe


PKGUTIL = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
PKG_RESOURCES = "__import__('pkg_resources').declare_namespace(__name__)  # a namespace\n"


@pytest.mark.parametrize(
    ("first", "second", "beside", "found"),
    [
        (PKGUTIL, PKG_RESOURCES, "", INFO),
        (PKG_RESOURCES, PKGUTIL, "", INFO),
        (PKGUTIL, "VERSION = 1\n", "", ERROR),  # what is there is no namespace
        ("VERSION = 1\n", PKGUTIL, "", ERROR),  # the other is too short for one
        ("VERSION = 1\n" * 10, PKGUTIL, "zope/module.py", ERROR),  # and here it is a package with modules
    ],
)
def test_two_ways_to_make_one_namespace(site, first, second, beside, found):
    site.install(
        "zope-a", files={"zope/__init__.py": first, "zope/a/__init__.py": ""} | ({beside: ""} if beside else {})
    )
    site.install("zope-b", files={"zope/__init__.py": second, "zope/b/__init__.py": ""})
    assert severities("PKG003", site) == [found]


def test_the_one_that_is_required_is_kept(site):
    site.install("keras", files={"keras/__init__.py": "1"})
    site.install("keras-nightly", "4.0.dev1", files={"keras/__init__.py": "22"})
    site.install("quantizer", requires=["keras-nightly"])
    (finding,) = ask("PKG003", facts_of(site))
    assert finding.fix.commands[-1][-1] == "keras-nightly==4.0.dev1"


def test_if_both_are_required_nothing_is_removed(site):
    site.install("keras", files={"keras/__init__.py": "1"})
    site.install("keras-nightly", files={"keras/__init__.py": "22"})
    site.install("quantizer", requires=["keras-nightly"])
    site.install("tensorflow", requires=["keras>=1"])
    (finding,) = ask("PKG003", facts_of(site))
    assert finding.fix.commands == ()
    assert "keras is required by tensorflow; keras-nightly is required by quantizer" in finding.fix.text


def test_shared_tests_and_licences_harm_nobody(site):
    site.install("a", files={"tests/__init__.py": "1", "a.py": ""})
    site.install("b", files={"tests/__init__.py": "22", "b.py": ""})
    (finding,) = ask("PKG003", facts_of(site))
    assert (finding.severity, finding.fix) == (INFO, None)


def test_the_parts_of_a_namespace(site):
    site.install("nvidia-a", files={"nvidia/__init__.py": "", "nvidia/a.py": ""})
    site.install("nvidia-b", files={"nvidia/__init__.py": "", "nvidia/b.py": ""})
    assert severities("PKG003", site) == severities("PKG004", site) == []


# PKG004


def test_an_import_name_from_two_distributions(site, tmp_path):
    user = Site(tmp_path / "user", Origin.USER)
    user.install("opencv-python", "4.12.0", files={"cv2/__init__.py": "1"})
    site.install("opencv-python-headless", "4.11.0", files={"cv2/__init__.py": "2"})
    (finding,) = ask("PKG004", facts_of(user, site))
    assert (finding.severity, finding.subject) == (WARNING, "cv2")
    assert finding.message == (
        "'import cv2' imports the package of opencv-python 4.12.0, which hides that of opencv-python-headless 4.11.0."
    )
    assert finding.evidence[0].source.startswith(str(user.path))
    assert finding.fix.commands == ((*PIP, "uninstall", "--yes", "opencv-python-headless"),)


def test_beside_each_other_a_package_is_found_before_a_module_and_what_others_require_stays(site):
    site.install("attr", "0.3", files={"attr.py": ""})
    site.install("attrs", "26.1", files={"attr/__init__.py": ""})
    site.install("aiohttp", "3.14", requires=["attrs"])
    (finding,) = ask("PKG004", facts_of(site))
    assert finding.message == "'import attr' imports the package of attrs 26.1, which hides that of attr 0.3."
    assert finding.fix.commands == ((*PIP, "uninstall", "--yes", "attr"),)
    site.install("other", requires=["attr"])
    (finding,) = ask("PKG004", facts_of(site))
    assert "separate environments" in finding.fix.text
    assert not finding.fix.commands


# PKG005 and PKG006


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("foo/x.py", [ERROR]),
        (f"foo/x{TAGGED}", [ERROR]),
        ("foo/schema.json", [WARNING]),
        ("foo/tests/test_x.py", [INFO]),
        ("../../bin/foo", [INFO]),
        ("foo/include/x.h", [INFO]),
    ],
)
def test_missing_files(site, file, found):
    info = site.install("foo", files={"foo/__init__.py": "", file: "content"})
    (site.path / file).unlink()
    findings = ask("PKG005", facts_of(site))
    assert [finding.severity for finding in findings] == found
    assert findings[0].evidence[0].source == f"{info}/RECORD"
    assert (findings[0].fix is None) == (found == [INFO])


def test_missing_code_is_told_before_missing_tests_and_mended_by_installing_again(site):
    files = {f"foo/tests/{number}.py": "" for number in range(9)} | {"foo/zzz.py": ""}
    site.install("foo", "1.2", files=files, installer="uv")
    shutil.rmtree(site.path / "foo")
    (finding,) = ask("PKG005", facts_of(site))
    assert finding.message.startswith("foo 1.2 lacks 10 files: foo/zzz.py, ")
    assert finding.message.endswith("and 7 more.")
    assert finding.fix.commands[0][:3] == ("uv", "pip", "install")
    assert finding.fix.safe


def test_what_another_distribution_took_along_when_it_was_uninstalled(site):
    site.install("keras", files={"keras/__init__.py": "1"})
    shutil.rmtree(site.path / "keras")
    assert severities("PKG005", site) == [ERROR]


@pytest.mark.parametrize("url", ["file:///home/me/pkg", "https://example.org/pkg.git"])
def test_what_came_from_no_index_is_not_asked_of_one(site, url):
    folder = site.install("pkg", files={"pkg/__init__.py": "", "pkg/core.py": "x = 1"})
    (folder / "direct_url.json").write_text(json.dumps({"url": url, "dir_info": {}}))
    (site.path / "pkg/core.py").unlink()
    (finding,) = ask("PKG005", facts_of(site))
    assert finding.fix.commands == ()
    assert f"It was installed from {url.removeprefix('file://')}, not from an index." in finding.fix.text


def test_missing_compiled_files_are_no_problem(site):
    site.install("foo")
    assert not list(site.path.rglob("*.pyc"))
    assert severities("PKG005", site) == []


def test_files_that_can_not_be_seen_are_not_there_for_sure():
    record = Record(distribution=Distribution(name="foo"), unseen=("foo.py",))
    result = answer("PKG005", records=Records(records=(record,)), python=Python(), packages=Packages())
    assert result.outcome is Outcome.UNKNOWN
    assert "foo.py" in result.reason


@pytest.mark.parametrize(
    ("file", "content", "found"),
    [
        ("foo/x.py", b"edited by hand", [WARNING]),
        ("foo/x.py", b"", [ERROR]),
        (f"foo/x{TAGGED}", b"half", [ERROR]),
        ("foo/cacert.pem", b"with the company's certificate", [INFO]),
        ("foo/matplotlibrc", b"", [INFO]),
        ("../../bin/foo", b"#!/was/moved", [INFO]),
    ],
)
def test_changed_files(site, file, content, found):
    site.install("foo", files={file: b"original"})
    (site.path / file).write_bytes(content)
    findings = ask("PKG006", facts_of(site))
    assert [finding.severity for finding in findings] == found
    assert findings[0].evidence[0].excerpt == f"{len(content)} bytes; RECORD says 8"
    assert findings[0].fix is None or not findings[0].fix.safe
