"""JSON that any program can read, and that is what the schema says."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest

import sample_answers as answers
import sample_reports as samples
from envdoctor.core.availability import Cell, CellReason, CellVerdict, Matrix, Node, Pin, ReasonKind
from envdoctor.core.finding import Evidence, Outcome, Severity
from envdoctor.core.inspection import Inspection, NativeView
from envdoctor.core.report import SCHEMA as REPORT_VERSION
from envdoctor_reports import json as json_format
from envdoctor_reports._schema import DOCUMENTS
from envdoctor_reports._schema import schema as schema_of

DATA = Path(__file__).parents[1] / "data" / "schemas"


def read(report):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(json_format.render(report), parse_constant=refuse)


def conforms(value, schema, definitions):
    """Whether a value is what a schema says, as far as these schemas go."""
    if "$ref" in schema:
        return conforms(value, definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return any(conforms(value, one, definitions) for one in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    kind = schema.get("type")
    if kind == "array":
        return isinstance(value, list) and all(conforms(one, schema["items"], definitions) for one in value)
    if kind == "object":
        return isinstance(value, dict) and _members_conform(value, schema, definitions)
    types = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "null": type(None), None: object}
    return isinstance(value, types[kind]) and not (kind in {"integer", "number"} and isinstance(value, bool))


def _members_conform(value, schema, definitions):
    known = schema.get("properties")
    if known is None:
        return all(conforms(one, schema["additionalProperties"], definitions) for one in value.values())
    return value.keys() == known.keys() == set(schema["required"]) and all(
        conforms(one, known[name], definitions) for name, one in value.items()
    )


@pytest.mark.parametrize("make", samples.ALL)
def test_reports_are_what_the_schema_says(make):
    schema = schema_of("report")
    assert conforms(read(make()), schema, schema["$defs"])


def test_a_matrix_and_an_inspection_are_what_their_schemas_say():
    reason = CellReason(
        kind=ReasonKind.NOTE,
        severity=Severity.INFO,
        subject="app",
        message="m",
        evidence=(Evidence(source="s", excerpt="e"),),
    )
    node = Node(requirement="app", children=(Node(requirement="lib", reasons=(reason,)),))
    cell = Cell(
        requirement="app==1",
        version="1",
        target="macos-arm64-cp311",
        verdict=CellVerdict.SOUND,
        reasons=(reason,),
        pins=(Pin(name="app", version="1"),),
        tree=(node,),
    )
    matrix = Matrix(package="app", requirements=("app",), versions=("1",), targets=(cell.target,), cells=(cell,))
    native = NativeView(path="app/_x.so", format="ELF", alignment=4096)
    found = Inspection(
        subject="app", target=cell.target, verdict=CellVerdict.SOUND, reasons=(reason,), natives=(native,)
    )
    for value, schema in ((matrix, schema_of("matrix")), (found, schema_of("inspection"))):
        assert conforms(read(value), schema, schema["$defs"])
        assert not conforms(read(value) | {"schema": "1"}, schema, schema["$defs"])


@pytest.mark.parametrize(
    "damage", [{"schema": "1"}, {"probes": [{}]}, {"routes": None}, {"extra": 1}, {"goal": {"name": "x"}}]
)
def test_the_schema_refuses_what_no_report_is(damage):
    schema = schema_of("report")
    assert not conforms(read(samples.fell_back()) | damage, schema, schema["$defs"])


def test_every_definition_and_most_members_are_described():
    definitions = schema_of("report")["$defs"]
    assert all(one["description"] for one in definitions.values())
    severity = definitions["Finding"]["properties"]["severity"]
    assert severity["$ref"] == "#/$defs/Severity"
    assert "ERROR" in severity["description"]


def test_enums_are_names_and_verdicts_stand_beside_the_fields():
    report = read(samples.routes_blocked())
    assert [route["verdict"] for route in report["routes"]] == ["fixable", "blocked"]
    assert [route["takeable"] for route in report["routes"]] == [False, False]
    broken = read(samples.broken())
    assert {finding["severity"] for one in broken["probes"] for finding in one["findings"]} == {
        "error",
        "warning",
        "info",
    }
    assert broken["probes"][0]["family"] == "HST"
    assert read(samples.fell_back())["attempts"][1]["succeeded"] is True
    assert "problems" not in broken


def test_numbers_and_names_that_json_cannot_hold_are_still_told():
    stage = samples.fell_back().attempts[1].results[1]
    odd = dataclasses.replace(
        stage,
        summary={
            "comparison": {"cosine": math.nan, "worst": -math.inf},
            "path": Path("a"),
            "set": {"b", "a"},
            "x": b"?",
        },
        log=Path("b\udcff.log"),
    )
    text = json_format.render(
        dataclasses.replace(
            samples.fell_back(), attempts=(dataclasses.replace(samples.fell_back().attempts[1], results=(odd,)),)
        )
    )
    (result,) = json.loads(text)["attempts"][0]["results"]
    assert result["summary"] == {
        "comparison": {"cosine": "nan", "worst": "-inf"},
        "path": "a",
        "set": ["a", "b"],
        "x": "b'?'",
    }
    assert result["log"] == "b\\udcff.log"
    assert text.isascii()


def test_the_summary_stands_first_and_counts_every_finding():
    report = read(samples.broken())
    assert list(report)[:2] == ["schema_version", "summary"]
    assert report["summary"]["verdict"] == "problems"
    assert report["summary"]["exit_code"] == 1
    assert sum(report["summary"]["findings"].values()) == len(report["findings"])
    assert sum(report["summary"]["outcomes"].values()) == len(report["probes"])
    of_probes = [finding for one in report["probes"] for finding in one["findings"]]
    assert sorted(of_probes, key=str) == sorted(report["findings"], key=str)
    assert report["findings"][0]["severity"] == "error"


def test_findings_of_stages_are_in_the_flat_list():
    report = read(samples.fell_back())
    stages = [stage for attempt in report["attempts"] for stage in attempt["results"]]
    assert report["findings"] == [finding for stage in stages for finding in stage["findings"]] != []


def _report(*outcomes, **rest):
    probes = tuple(samples.result(f"HST00{number}", "a-b", outcome) for number, outcome in enumerate(outcomes))
    return dataclasses.replace(samples.fine(), probes=probes, **rest)


@pytest.mark.parametrize(
    ("report", "verdict", "code"),
    [
        (samples.fine(), "fine", 0),
        (samples.broken(), "problems", 1),
        (_report(Outcome.PASSED, Outcome.UNKNOWN), "unknown", 1),
        (_report(Outcome.PASSED, Outcome.CRASHED), "unknown", 1),
        (_report(Outcome.DOES_NOT_APPLY), "nothing-checked", 0),
        (_report(), "nothing-checked", 0),
        (samples.fell_back(), "fine", 0),
        (dataclasses.replace(samples.fell_back(), artifacts=()), "build-failed", 4),
        (dataclasses.replace(samples.fell_back(), artifacts=(), attempts=()), "no-route", 3),
        (dataclasses.replace(samples.routes_blocked(), routes=samples.routes_blocked().routes[1:]), "no-route", 3),
    ],
)
def test_the_verdict_of_a_report(report, verdict, code):
    summary = read(report)["summary"]
    assert (summary["verdict"], summary["exit_code"]) == (verdict, code)


@pytest.mark.parametrize(("name", "value", "verdict", "code", "count"), answers.ALL)
def test_each_answer_has_a_summary_and_its_findings_in_one_list(name, value, verdict, code, count):
    schema, told = schema_of(name), read(value)
    assert conforms(told, schema, schema["$defs"])
    assert list(told)[:3] == ["schema_version", "summary", "findings"]
    assert (told["summary"]["verdict"], told["summary"]["exit_code"]) == (verdict, code)
    assert sum(told["summary"]["findings"].values()) == len(told["findings"]) == count
    assert all(one["name"] and one["subject"] and one["message"] for one in told["findings"])


def test_each_published_schema_has_a_sample():
    assert {name for name, *_ in answers.ALL} | {"report"} == set(DOCUMENTS)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_a_published_schema_promised_is_still_there(name):
    """The recorded schema is that of the version in its name: no member may go or change its type without a new one."""
    recorded = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    made = schema_of(name)
    current = {
        f"{kind}.{member}": {key: value for key, value in one.items() if key != "description"}
        for kind, definition in made["$defs"].items()
        for member, one in definition.get("properties", {}).items()
    }
    version = REPORT_VERSION if name == "report" else 1
    assert recorded["schema_version"] == version, "record the new version's members under tests/data/schemas"
    assert recorded["members"].items() <= current.items()


def test_one_line_where_asked():
    assert "\n" not in json_format.render(samples.broken(), indent=None)
