"""`inspect --installed`: what can be said of a distribution from the files that are there."""

from __future__ import annotations

import json
import platform
import sys
import venv

import pytest

from envdoctor.core.availability import CellVerdict
from envdoctor.core.errors import UsageProblem
from envdoctor.core.finding import Severity
from envdoctor.core.inspection import Basis
from envdoctor.doctor.check import CheckRequest, check
from envdoctor.doctor.installed import inspect_installed
from loading_facts import HERE, import_in_child
from native_files import elf_bytes
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


@pytest.mark.slow
def test_what_is_installed_is_judged_where_it_is(site, place):
    site.install("whole-one")
    found = inspect_installed("Whole.One", place)
    assert (found.verdict, found.basis, found.reasons) == (CellVerdict.SOUND, Basis.INSTALLED, ())
    assert found.imports == ("whole_one",)
    assert inspect_installed("whole-one==1.0", place).verdict is CellVerdict.SOUND


@pytest.mark.slow
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


@pytest.mark.slow
def test_without_a_record_nothing_tells_which_files_are_its_own(site, place):
    (site.install("unlisted") / "RECORD").unlink()
    found = inspect_installed("unlisted", place)
    assert found.verdict is CellVerdict.UNKNOWN
    assert "has no RECORD, so that nothing tells which files are its own" in found.reasons[0].message


@pytest.mark.slow
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


_LOADS = "import ctypes, os{0}\nctypes.CDLL(os.path.join(os.path.dirname(__file__), 'libplug.so'))\n"


@pytest.mark.slow
@pytest.mark.skipif(not HERE or platform.machine() != "x86_64", reason="needs files as glibc loads them on x86_64")
@pytest.mark.parametrize(("first", "sound"), [(", frame", True), ("", False)])
def test_check_and_inspect_agree_on_what_others_have_loaded_before(tmp_path, monkeypatch, first, sound):
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
    venv.create(tmp_path / "env", with_pip=False)
    (packages,) = (tmp_path / "env").glob("lib/python*/site-packages")
    site = Site(packages)
    frame = {
        "frame/__init__.py": "from frame import _m\n",
        "frame/_m.so": elf_bytes(["libframe.so.2"], runpath="$ORIGIN"),
        "frame/libframe.so.2": elf_bytes(soname="libframe.so.2"),
    }
    site.install("frame", files=frame)
    plug = {"plug/__init__.py": _LOADS.format(first), "plug/libplug.so": elf_bytes(["libframe.so.2"])}
    site.install("plug", files=plug, requires=["frame"])
    judged = inspect_installed("plug", tmp_path / "env").verdict
    problems = check(CheckRequest(python=tmp_path / "env", only=["LIB"])).problems
    assert (judged is CellVerdict.SOUND) == (not problems) == sound


SETS = {
    "all is well": ({"foo/__init__.py": "import bar"}, {"bar/__init__.py": ""}),
    "a module is wanting": ({"foo/__init__.py": "import nobody_has_this"}, {"bar/__init__.py": ""}),
    "a name is wanting": ({"foo/__init__.py": "from bar import new"}, {"bar/__init__.py": "old = 1"}),
    "what it imports fails": ({"foo/__init__.py": "import bar"}, {"bar/__init__.py": "import nobody_has_this"}),
    "a file is lost": ({"foo/__init__.py": "from foo import gone", "foo/gone.py": ""}, {"bar/__init__.py": ""}),
}


@pytest.mark.slow
@pytest.mark.parametrize("requires", [(), ("bar>=2",)])
@pytest.mark.parametrize("kind", SETS)
def test_check_and_inspect_agree_on_imports(tmp_path, monkeypatch, kind, requires):
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))
    venv.create(tmp_path / "env", with_pip=False)
    (packages,) = (tmp_path / "env").glob("lib/python*/site-packages")
    site = Site(packages)
    foo, bar = SETS[kind]
    site.install("foo", files=foo, requires=requires)
    site.install("bar", files=bar)
    (packages / "foo" / "gone.py").unlink(missing_ok=True)
    fails = import_in_child("foo", site) != ""
    errors = [
        each
        for each in check(CheckRequest(python=tmp_path / "env", only=["PKG"])).problems
        if each.severity is Severity.ERROR
    ]
    verdict = inspect_installed("foo", tmp_path / "env").verdict
    assert (verdict is not CellVerdict.SOUND) == bool(errors) == fails
