"""Every log of the public collection: no row lost, and the sums are the compiler's own."""

import json
import re

import pytest

from envdoctor.compilers.edgetpu.log import parse_log
from envdoctor.compilers.edgetpu.result import OpStatus, Outcome
from shared_data import shared

pytestmark = pytest.mark.slow


def logs():
    folder = shared("data/edgetpu/logs")
    for entry in json.loads((folder / "manifest.json").read_text("utf-8")):
        yield entry, (folder / entry["file"]).read_bytes().decode("utf-8")


def test_no_row_is_lost_in_any_log():
    count = 0
    for entry, text in logs():
        log = parse_log(text)
        printed = re.findall(r"(?m)^[ \t]*([A-Z][A-Z0-9_]*) +(\d+) +(\S.*?)\s*$", text)
        assert [(row.op, str(row.count), row.text) for row in log.rows] == printed, entry["file"]
        assert all(row.status is not OpStatus.UNRECOGNIZED for row in log.rows), entry["file"]
        count += len(printed)
    assert count > 1000


def test_rows_add_up_to_the_totals_that_the_compiler_printed():
    compared = 0
    for entry, text in logs():
        for model in parse_log(text).models:
            if model.operations is not None and model.rows:
                assert model.counted == model.operations, entry["file"]
                compared += 1
            if model.on_edgetpu is not None and model.rows:
                assert model.mapped == model.on_edgetpu, entry["file"]
    assert compared > 100


def test_versions_and_unknown_lines():
    unknown = []
    for entry, text in logs():
        log = parse_log(text)
        assert ([log.version] if log.version else []) == entry["versions"], entry["file"]
        if entry["kind"] == "log file":
            assert log.outcome is Outcome.SUCCEEDED, entry["file"]
            assert log.unknown == (), entry["file"]
        unknown += [(entry["file"], line) for line in log.unknown]
    # One excerpt is a source file's comment, with its author's own words between the compiler's.
    assert {file for file, _ in unknown} == {"188.txt"}
    assert len(unknown) == 3
