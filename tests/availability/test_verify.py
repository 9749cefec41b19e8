"""Proof by installing: throw-away environments on this machine, from an index double."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from envdoctor.availability.here import target_here
from envdoctor.availability.verify import Verifier, importable, runs_here
from envdoctor.core.availability import Cell, CellVerdict, Pin, ReasonKind
from envdoctor.executors.local import LocalExecutor
from index_wheels import publish

pytestmark = pytest.mark.slow


@pytest.fixture
def verify(settings, tmp_path):
    def run(*imports, pins=("app==1.0",), python=sys.executable, **more):
        made = tuple(Pin(name=pin.partition("==")[0], version=pin.partition("==")[2]) for pin in pins)
        cell = Cell(requirement="app", version="1.0", target="here", verdict=CellVerdict.SOUND, pins=made, **more)
        return Verifier(executor=LocalExecutor(), settings=settings, folder=tmp_path).verify(
            cell, Path(python), imports
        )

    return run


def test_what_installs_and_imports_is_proven(server, verify):
    publish(server, "app", "1.0", requires=["lib"], files={"app/__init__.py": b"import lib\n"})
    publish(server, "lib", "1.0")
    found = verify("app", pins=("app==1.0", "lib==1.0"))
    assert found.verdict is CellVerdict.PROVEN


def test_what_fails_is_told_verbatim(server, verify):
    publish(server, "app", "1.0", files={"app/__init__.py": b"raise RuntimeError('numpy is too new')\n"})
    found = verify("app")
    assert (found.verdict, found.reasons[0].kind) == (CellVerdict.BROKEN, ReasonKind.IMPORT_FAILED)
    assert "RuntimeError: numpy is too new" in found.reasons[0].message
    assert "Traceback" in found.reasons[0].evidence[0].excerpt


def test_a_process_that_dies_is_told_by_its_signal(server, verify):
    publish(server, "app", "1.0", files={"app/__init__.py": b"import os; os.abort()\n"})
    found = verify("app")
    assert found.verdict is CellVerdict.BROKEN
    assert "SIGABRT" in found.reasons[0].evidence[0].excerpt or "status" in found.reasons[0].evidence[0].excerpt


def test_what_can_not_be_installed_is_broken(server, verify):
    publish(server, "app", "1.0")
    found = verify("app", pins=("app==2.0",))
    assert (found.verdict, "can't be installed" in found.reasons[0].message) == (CellVerdict.BROKEN, True)


def test_the_way_out_is_what_is_tried(server, verify):
    publish(server, "app", "1.0")
    found = verify("app", pins=("app==9.9",), way_out=(Pin(name="app", version="1.0"),))
    assert found.verdict is CellVerdict.PROVEN


def test_nothing_is_proved_without_an_interpreter_or_a_name(server, verify, tmp_path):
    publish(server, "app", "1.0")
    for found in (verify("app", python=tmp_path / "absent"), verify()):
        assert found.verdict is CellVerdict.SOUND
        assert "not verified" in found.reasons[0].message


def test_what_runs_here(target):
    here = target_here()
    assert runs_here(here, here)
    assert not runs_here(target("windows-arm64"), target("linux-x86_64"))
    assert runs_here(target("linux-x86_64-glibc2.17"), target("linux-x86_64-glibc2.36"))
    assert not runs_here(target("linux-x86_64-glibc2.36"), target("linux-x86_64-glibc2.17"))
    assert not runs_here(target("linux-x86_64-musl1.2"), target("linux-x86_64"))


def test_names_to_import():
    assert importable(["app", "_app", "tests", "app_extras"]) == ("app", "app_extras")
