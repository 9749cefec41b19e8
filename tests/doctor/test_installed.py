"""`inspect --installed`: what can be said of a distribution from the files that are there."""

from __future__ import annotations

import json
import sys
import venv

import pytest

from envdoctor.core.availability import CellVerdict
from envdoctor.core.errors import UsageProblem
from envdoctor.core.inspection import Basis
from envdoctor.doctor.installed import inspect_installed
from sites import Site


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=False, symlinks=sys.platform != "win32")
    return folder


@pytest.fixture
def site(place):
    (packages,) = place.glob("lib/python*/site-packages") if sys.platform != "win32" else [place / "Lib/site-packages"]
    return Site(packages)


def test_what_is_installed_is_judged_where_it_is(site, place):
    site.install("whole-one")
    found = inspect_installed("Whole.One", place)
    assert (found.verdict, found.basis, found.reasons) == (CellVerdict.SOUND, Basis.INSTALLED, ())
    assert found.imports == ("whole_one",)
    assert inspect_installed("whole-one==1.0", place).verdict is CellVerdict.SOUND


def test_of_an_editable_installation_nothing_is_claimed(site, place, tmp_path):
    info = site.install("in-work", files={"in_work.pth": f"{tmp_path}\n"})
    origin = {"url": tmp_path.as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(origin))
    found = inspect_installed("in-work", place)
    assert found.verdict is CellVerdict.UNKNOWN
    assert found.reasons[0].message == (
        f"in-work 1.0 is an editable installation of {tmp_path}: no RECORD lists its files; "
        "what importing it loads was not looked at."
    )


def test_without_a_record_nothing_tells_which_files_are_its_own(site, place):
    (site.install("unlisted") / "RECORD").unlink()
    found = inspect_installed("unlisted", place)
    assert found.verdict is CellVerdict.UNKNOWN
    assert "has no RECORD, so that nothing tells which files are its own" in found.reasons[0].message


def test_a_module_that_is_gone_leaves_nothing_sound(site, place):
    site.install("torn", files={"torn/__init__.py": "", "torn/part.py": "", "torn/note.txt": ""})
    (site.path / "torn/note.txt").unlink()
    assert inspect_installed("torn", place).verdict is CellVerdict.SOUND
    (site.path / "torn/part.py").unlink()
    found = inspect_installed("torn", place)
    assert found.verdict is CellVerdict.UNKNOWN
    assert "1 of the files that its RECORD lists are not there, such as torn/part.py" in found.reasons[0].message


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("whole-onne", "whole-onne is not installed in .*; did you mean whole-one"),
        ("something-else", "leave --installed out to ask the index"),
        ("whole-one==2", "whole-one 1.0 is installed in .*, which is not whole-one==2"),
        ("./whole", "is no requirement"),
    ],
)
def test_what_is_not_there(site, place, name, said):
    site.install("whole-one")
    with pytest.raises(UsageProblem, match=said):
        inspect_installed(name, place)
