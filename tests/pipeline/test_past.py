"""The last build is read back as it was told."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import msgspec
import pytest

import sample_reports as samples
from envdoctor.core.errors import UsageProblem
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import Request
from envdoctor.core.summary import summarize
from envdoctor.pipeline.manifest import make_manifest
from envdoctor.pipeline.past import read_build


def written(folder, report):
    """The manifest of a build, and a log of each failed stage."""
    report = dataclasses.replace(
        report,
        attempts=tuple(
            dataclasses.replace(one, results=tuple(dataclasses.replace(each, files=()) for each in one.results))
            for one in report.attempts
        ),
    )
    folder.mkdir(exist_ok=True)
    manifest = make_manifest(report, Request(goal=parse_goal("tflite-int8")))
    logs = folder / ".envdoctor" / "logs"
    logs.mkdir(parents=True)
    (logs / "tf-int8-local-0a1b2c3d.log").write_text("\n".join(f"line {number}" for number in range(100)))
    file = folder / "manifest.json"
    file.write_bytes(msgspec.json.encode(manifest, enc_hook=str))
    os.utime(logs / "tf-int8-local-0a1b2c3d.log", (1, 1))
    return report


def test_attempts_and_findings_come_back_with_the_end_of_the_log(tmp_path):
    report = written(tmp_path / "build", samples.all_failed())
    built = read_build(tmp_path / "build")
    assert [one.succeeded for one in built.attempts] == [one.succeeded for one in report.attempts]
    told = dataclasses.replace(report, attempts=built.attempts, artifacts=built.artifacts)
    assert [one.code for one in told.all_findings] == [one.code for one in report.all_findings]
    (failure,) = [one for one in told.all_findings if one.code == "RUN002"]
    assert failure.evidence[-1].excerpt.splitlines() == [f"line {number}" for number in range(60, 100)]
    assert built.subject["goal"] == "tflite-int8"
    assert "failed" in built.notes[0]
    assert summarize(dataclasses.replace(told, command="report")).exit_code == 4


def test_a_build_that_arrived_names_its_artifacts(tmp_path):
    report = written(tmp_path, samples.fell_back())
    built = read_build(tmp_path)
    assert [one.path.name for one in built.artifacts] == [one.path.name for one in report.artifacts]
    assert "succeeded by tf-float+litert-int8+vela" in built.notes[0]
    assert [one.seconds for one in built.attempts[1].results] == [one.seconds for one in report.attempts[1].results]


def test_a_log_that_is_newer_than_the_manifest_tells_of_a_build_that_was_ended(tmp_path):
    written(tmp_path, samples.all_failed())
    log = tmp_path / ".envdoctor" / "logs" / "vela-local-1.log"
    log.write_text("first\nlast words\n")
    os.utime(tmp_path / "manifest.json", (100, 100))
    assert any("vela-local-1.log, ends with: last words" in note for note in read_build(tmp_path).notes)
    (tmp_path / "manifest.json").unlink()
    assert "last words" in read_build(tmp_path).notes[0]


def test_a_manifest_that_tells_of_an_unknown_end_is_refused(tmp_path):
    written(tmp_path, samples.fell_back())
    file = tmp_path / "manifest.json"
    file.write_text(file.read_text().replace('"status":"done"', '"status":"half"'))
    with pytest.raises(UsageProblem, match="--out"):
        read_build(tmp_path)


@pytest.mark.parametrize("content", [None, "{", '{"envdoctor": 1}', "[]"])
def test_what_is_no_build_is_refused_in_a_sentence(tmp_path, content):
    if content is not None:
        Path(tmp_path, "manifest.json").write_text(content)
    with pytest.raises(UsageProblem, match="--out"):
        read_build(tmp_path)
