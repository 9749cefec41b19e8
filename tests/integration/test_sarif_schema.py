"""SARIF is what its official schema says (OASIS, 2.1.0)."""

from __future__ import annotations

import dataclasses
import json

import pytest

import sample_reports as samples
from envdoctor.core.availability import CellVerdict
from envdoctor.core.guard import Alarm, GuardReport
from envdoctor.core.report import Ignored
from envdoctor_reports import sarif
from npm_packages import package_file

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def schema():
    return json.loads(package_file("@microsoft/jest-sarif", "1.0.0-beta.0", "lib/schemas/sarif-2.1.0-rtm.5.json"))


def errors(text, schema):
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema comes with nbformat")
    kind = jsonschema.validators.validator_for(schema)
    return [one.message for one in kind(schema, format_checker=kind.FORMAT_CHECKER).iter_errors(json.loads(text))]


def ignoring():
    ignored = Ignored(finding=samples.TWO_FOLDERS, reason="known")
    return dataclasses.replace(samples.broken(), ignored=(ignored,), notes=("a note",))


@pytest.mark.parametrize("make", [*samples.ALL, ignoring])
def test_reports_are_valid(make, schema):
    assert errors(sarif.render(make()), schema) == []


def test_what_guard_tells_is_valid_and_what_is_none_is_refused(schema):
    alarm = Alarm(
        releases=("app==2",), targets=("macos-arm64-cp311",), verdict=CellVerdict.BROKEN, since="", reasons=(), pins=()
    )
    text = sarif.render_guard(
        GuardReport(requirements=("app",), targets=alarm.targets, alarms=(alarm,), files=("r.txt",))
    )
    assert errors(text, schema) == []
    assert errors(text.replace('"error"', '"fatal"'), schema)
