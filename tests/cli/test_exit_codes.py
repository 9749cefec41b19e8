"""A gap is never exit code 0, and what does not apply is none."""

import pytest

from envdoctor.cli._options import exit_code
from envdoctor.core.finding import Outcome
from envdoctor.core.report import Report
from sample_reports import result


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.PASSED, 0),
        (Outcome.DOES_NOT_APPLY, 0),
        (Outcome.UNKNOWN, 1),
        (Outcome.CRASHED, 1),
        (Outcome.TIMED_OUT, 1),
    ],
)
def test_the_code_of_each_outcome(outcome, code):
    report = Report(command="check", version="1", created="now", probes=(result("HST001", "x", outcome, reason="why"),))
    assert exit_code(report) == code
    assert report.complete == (code == 0)
