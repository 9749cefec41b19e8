"""Resolved sets judged by what is inside their wheels: real archives with native files made byte by byte."""

from __future__ import annotations

from functools import partialmethod

import pytest

from envdoctor.availability.cells import Asked, Cells
from envdoctor.availability.inspector import Inspector
from envdoctor.availability.soundness import WheelJudge
from envdoctor.availability.uv import Question
from envdoctor.core.availability import CellVerdict, Pin, ReasonKind, conditions
from envdoctor.core.finding import Severity
from envdoctor.index.access import Access, open_index
from index_wheels import publish
from native_files import elf_bytes, pe_bytes

LINUX = "cp311-cp311-manylinux_2_17_x86_64"
MODULE = "_native.cpython-311-x86_64-linux-gnu.so"


@pytest.fixture
def judge(catalogue, client):
    return WheelJudge(catalogue, Inspector(client))


@pytest.fixture
def cell(catalogue, resolver, judge, target):
    def fill(line, on="linux-x86_64-cp311"):
        question = Question(requirements=(line,), target=target(on))
        return Cells(resolver, catalogue, judge).one(Asked(version=line.rpartition("==")[2], question=question))

    return fill


def native(name, *needed, requires=(), **more):
    """Files of a package whose import loads one extension module with these needs."""
    return {
        "files": {f"{name}/__init__.py": b"from . import _native\n", f"{name}/{MODULE}": elf_bytes(needed, **more)},
        "requires": requires,
    }


@pytest.mark.slow
def test_a_set_that_loads_is_sound(server, cell):
    publish(server, "app", "1.0", LINUX, **native("app", "libc.so.6"))
    found = cell("app==1.0")
    assert (found.verdict, found.reasons) == (CellVerdict.SOUND, ())


@pytest.mark.slow
def test_a_missing_library_that_an_import_needs_breaks_the_set(server, cell):
    publish(server, "app", "1.0", LINUX, **native("app", "libabsent.so.1", runpath="$ORIGIN/lib"))
    found = cell("app==1.0")
    assert found.verdict is CellVerdict.BROKEN
    (reason,) = (reason for reason in found.reasons if reason.severity is Severity.ERROR)
    assert reason.kind is ReasonKind.BROKEN
    assert "libabsent.so.1" in reason.message
    considered = next(one.excerpt for one in reason.evidence if "considered" in one.source)
    assert "app/lib/libabsent.so.1" in considered


@pytest.mark.slow
def test_a_library_that_only_a_plug_in_needs_is_information(server, cell):
    files = native("app", "libc.so.6")["files"] | {"app/plugins/libextra.so": elf_bytes(["libvendor.so"])}
    publish(server, "app", "1.0", LINUX, files=files)
    found = cell("app==1.0")
    assert found.verdict is CellVerdict.SOUND
    assert [reason.severity for reason in found.reasons] == [Severity.INFO]


@pytest.mark.slow
def test_a_broken_version_is_left_out_and_the_pins_are_the_answer(server, cell):
    publish(server, "app", "1.0", requires=["lib"])
    publish(server, "lib", "2.0", LINUX, **native("lib", "libabsent.so"))
    publish(server, "lib", "1.0", LINUX, **native("lib", "libc.so.6"))
    found = cell("app==1.0")
    assert found.verdict is CellVerdict.BROKEN
    assert list(map(str, found.way_out)) == ["app==1.0", "lib==1.0"]


@pytest.mark.slow
def test_two_wheels_with_the_same_paths_conflict(server, cell):
    publish(server, "app", "1.0", requires=["keras", "keras-nightly"])
    publish(server, "keras", "3.0", files={"keras/__init__.py": b"one", "keras/layers.py": b"same"})
    publish(server, "keras-nightly", "3.1.dev1", files={"keras/__init__.py": b"two", "keras/layers.py": b"same"})
    found = cell("app==1.0")
    assert found.verdict is CellVerdict.CONFLICTS
    shared = next(reason for reason in found.reasons if reason.kind is ReasonKind.SHARED_FILES)
    assert (shared.cause.kind.value, shared.cause.files) == ("shared", tuple(shared.evidence[0].excerpt.split(", ")))
    assert "2 files, of which 1 differs" in shared.message


@pytest.mark.slow
def test_two_wheels_of_which_one_requires_the_other_are_meant_to_share(server, cell):
    publish(server, "app-dev", "1.0", requires=["app==1.0"], files={"app/__init__.py": b"one = 1", "app/dev.py": b""})
    publish(server, "app", "1.0", files={"app/__init__.py": b"two = 2"})
    found = cell("app-dev==1.0")
    assert found.verdict is CellVerdict.SOUND
    (shared,) = (reason for reason in found.reasons if reason.kind is ReasonKind.SHARED_FILES)
    assert (shared.severity, "1 file, of which 1 differs" in shared.message) == (Severity.WARNING, True)


@pytest.mark.slow
def test_stray_files_of_many_packages_are_no_conflict(server, cell):
    publish(server, "app", "1.0", requires=["lib"], files={"app/__init__.py": b"", "tests/__init__.py": b"one"})
    publish(server, "lib", "1.0", files={"lib/__init__.py": b"", "tests/__init__.py": b"two"})
    found = cell("app==1.0")
    assert found.verdict is CellVerdict.SOUND
    assert {reason.severity for reason in found.reasons} <= {Severity.INFO}


@pytest.mark.slow
def test_a_module_from_before_numpy_2_beside_numpy_2(server, cell):
    filler = b"\0numpy.core._multiarray_umath\0module compiled against API version 0x%x\0"
    publish(server, "app", "1.0", LINUX, **native("app", "libc.so.6", requires=["numpy"], filler=filler))
    for version in ("1.26.4", "2.0.0", "2.3.0"):
        publish(server, "numpy", version)
    found = cell("app==1.0")
    assert found.verdict is CellVerdict.BROKEN
    assert "compiled against numpy 1" in found.reasons[0].message
    assert list(map(str, found.way_out)) == ["app==1.0", "numpy==1.26.4"]


@pytest.mark.slow
def test_the_numpy_of_a_recent_wheel_is_not_read_for(server, cell):
    filler = b"\0numpy.core._multiarray_umath\0module compiled against API version 0x%x\0"
    files = native("app", "libc.so.6", requires=["numpy"], filler=filler)
    publish(server, "app", "1.0", LINUX, uploaded="2025-06-01T00:00:00Z", **files)
    publish(server, "numpy", "2.3.0")
    assert cell("app==1.0").verdict is CellVerdict.SOUND


@pytest.mark.slow
def test_a_wheel_without_modules_is_not_read_for_its_numpy(server, cell, monkeypatch):
    monkeypatch.setattr(Inspector, "numpy_use", None)
    files = {"app/__init__.py": b"", "app/libapp.so": elf_bytes(["libc.so.6"])}
    publish(server, "app", "1.0", "py3-none-manylinux_2_17_x86_64", files=files, requires=["numpy"])
    publish(server, "numpy", "2.3.0")
    assert cell("app==1.0").verdict is CellVerdict.SOUND


@pytest.mark.slow
@pytest.mark.parametrize(("required", "verdict"), [("numpy>=1.21", CellVerdict.UNKNOWN), ("other", CellVerdict.SOUND)])
def test_an_old_wheel_too_large_to_be_read_for_numpy(server, cell, monkeypatch, required, verdict):
    monkeypatch.setattr(Inspector, "numpy_use", partialmethod(Inspector.numpy_use, most_bytes=10))
    publish(server, "app", "1.0", LINUX, **native("app", "libc.so.6", requires=[required]))
    publish(server, "other", "1.0", requires=["numpy"])
    publish(server, "numpy", "2.3.0")
    assert cell("app==1.0").verdict is verdict


def test_a_damaged_wheel_is_unknown_with_its_reason(server, cell):
    publish(server, "app", "1.0", LINUX, **native("app", "libc.so.6"))
    name = next(iter(server.projects["app"]))
    server.projects["app"][name].content = server.projects["app"][name].content[:-30]
    found = cell("app==1.0")
    assert (found.verdict, found.reasons[0].kind) == (CellVerdict.UNKNOWN, ReasonKind.UNREADABLE)


@pytest.mark.slow
def test_a_wheel_that_can_not_be_fetched_is_unknown(server, cell):
    publish(server, "app", "1.0", LINUX, **native("app", "libc.so.6"))
    server.fail(f"/files/app/{next(iter(server.projects['app']))}", *[503] * 9)
    found = cell("app==1.0")
    assert (found.verdict, found.reasons[0].kind) == (CellVerdict.UNKNOWN, ReasonKind.NETWORK)


def test_a_pin_without_a_wheel_is_never_sound(judge, server, target):
    publish(server, "app", "1.0")
    judgment = judge.judge([Pin(name="app", version="9.9")], target("linux-x86_64-cp311"))
    assert (judgment.verdict, judgment.reasons[0].kind) == (CellVerdict.UNKNOWN, ReasonKind.NOT_LOOKED_AT)


def test_what_was_seen_is_remembered(server, client, settings, tmp_path):
    publish(server, "app", "1.0", LINUX, **native("app", "libc.so.6"))
    (wheel,) = client.project("app").files
    first = Inspector(client).one(wheel)
    before = len(server.seen)
    again = Inspector(open_index(settings, tmp_path / "index", Access(offline=True))).one(wheel)
    assert again.contents == first.contents
    assert len(server.seen) == before


@pytest.mark.slow
def test_an_import_that_nothing_brings_breaks_the_set(server, cell):
    publish(server, "app", "1.0", files={"app/__init__.py": b"import helper, numpy\n"}, requires=["helper"])
    publish(server, "helper", "1.0")
    found = cell("app==1.0")
    assert found.verdict is CellVerdict.BROKEN
    assert "imports numpy, which no wheel of the set brings" in found.reasons[0].message


@pytest.mark.slow
def test_a_wheel_without_code_is_told(server, cell):
    publish(server, "app", "1.0", files={"app-1.0.dist-info/NOTICE": b""})
    (reason,) = cell("app==1.0").reasons
    assert (reason.severity, reason.subject) == (Severity.WARNING, "app 1.0")


def test_one_wheel_alone_says_nothing_about_imports(judge, server, client, target):
    publish(server, "app", "1.0", files={"app/__init__.py": b"import numpy\n"})
    (file,) = client.project("app").files
    files = [(Pin(name="app", version="1.0", filename=file.filename), file)]
    assert judge.judge_files(files, target("linux-x86_64-cp311"), complete=False).verdict is CellVerdict.SOUND
    assert judge.judge_files(files, target("linux-x86_64-cp311")).verdict is CellVerdict.BROKEN


WINDOWS, PYD = "cp311-cp311-win_amd64", "_native.cp311-win_amd64.pyd"


@pytest.mark.slow
def test_a_library_that_windows_does_not_bring_is_a_condition(server, cell):
    files = {"app/__init__.py": b"from . import _native\n", f"app/{PYD}": pe_bytes(["MSVCP140.dll"])}
    publish(server, "app", "1.0", WINDOWS, files=files)
    found = cell("app==1.0", "windows-amd64-cp311")
    assert (found.verdict, found.verdict.is_good) == (CellVerdict.SOUND_IF, True)
    (condition,) = conditions(found.reasons)
    assert condition.startswith("MSVCP140.dll is there")


@pytest.mark.slow
@pytest.mark.parametrize(("on", "verdict"), [("cp37", CellVerdict.SOUND_IF), ("cp38", CellVerdict.SOUND)])
def test_python_37_brings_no_vcruntime140_1(server, cell, on, verdict):
    publish(server, "app", "1.0", "py3-none-win_amd64", files={"app.py": b"", **windows_module("vcruntime140_1.dll")})
    assert cell("app==1.0", f"windows-amd64-{on}").verdict is verdict


def windows_module(*needed):
    return {"app.pyd": pe_bytes(needed)}


ON_MACHINES = {True: CellVerdict.SOUND, False: CellVerdict.SOUND_IF, None: CellVerdict.BROKEN}


@pytest.mark.parametrize("has", ON_MACHINES)
def test_a_library_of_this_machine_counts_here(server, catalogue, client, target, has):
    look = b"from ctypes.util import find_library\nif not find_library('sndfile'):\n    raise OSError\n"
    publish(server, "app", "1.0", "py3-none-any", files={"app.py": look})
    where = target("linux-x86_64-cp311")
    judge = WheelJudge(catalogue, Inspector(client), (where.platform, lambda _: has))
    assert judge.judge([Pin(name="app", version="1.0")], where).verdict is ON_MACHINES[has]


@pytest.mark.slow
def test_what_only_some_environments_have_is_a_condition(server, cell):
    publish(server, "app", "1.0", "py3-none-any", files={"app.py": b"import pkg_resources\n"})
    found = cell("app==1.0")
    assert found.verdict is CellVerdict.SOUND_IF
    assert conditions(found.reasons) == ("setuptools<82 is installed",)
