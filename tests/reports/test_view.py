"""States, verdicts and measurements in words."""

from __future__ import annotations

import dataclasses

import pytest

import sample_reports as samples
from envdoctor.core.finding import Outcome
from envdoctor.core.route import Reason, Route, StageResult, StageStatus, Verdict
from envdoctor_reports import _view as view


def route(*reasons):
    return Route(name="r", stages=(dataclasses.replace(samples.VELA, reasons=reasons),))


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ((), (view.State.FINE, "ready")),
        ((Reason(verdict=Verdict.READY, text="a remark"),), (view.State.FINE, "ready")),
        ((samples.MAKES_ENVIRONMENT,), (view.State.FINE, "ready, sets itself up")),
        ((Reason(verdict=Verdict.UNKNOWN, text="no answer"),), (view.State.UNANSWERED, "not certain")),
        (
            (samples.MAKES_ENVIRONMENT, Reason(verdict=Verdict.UNKNOWN, text="no answer")),
            (view.State.UNANSWERED, "not certain"),
        ),
        (samples.EDGETPU.reasons, (view.State.WARNING, "needs a step")),
        (samples.EDGETPU_QEMU.reasons, (view.State.ERROR, "blocked")),
    ],
)
def test_verdicts(reasons, expected):
    assert view.verdict_of(route(*reasons)) == expected


def test_groups_come_in_the_order_of_the_families_with_others_last():
    odd = samples.result("ABC001", "odd")
    report = dataclasses.replace(samples.broken(), probes=(odd, *samples.BROKEN))
    assert [group.title for group in view.groups(report)] == [
        "Host",
        "Python",
        "Installed packages",
        "Native libraries",
        "Network",
        "Emulation",
        "ABC",
    ]


def test_a_group_is_fine_only_if_all_was_asked_and_answered():
    passed = samples.PASSED[0]
    for outcome in Outcome:
        group = view.groups(
            dataclasses.replace(samples.fine(), probes=(passed, samples.result("HST009", "x", outcome)))
        )
        fine = outcome in {
            Outcome.PASSED,
            Outcome.FAILED,
            Outcome.DOES_NOT_APPLY,
            Outcome.IGNORED,
        }  # a failure is told by its findings
        assert (group[0].state is view.State.FINE) == fine, outcome


def test_skipped_probes_are_told_by_their_reason():
    skipped = [
        samples.result(code, "x", Outcome.SKIPPED, reason=f"because of {why}")
        for code, why in (("PKG002", "PKG001"), ("PKG003", "HST001"), ("PKG004", "PKG001"))
    ]
    assert list(view.skipped_lines(skipped)) == [
        "PKG002, PKG004 skipped because of PKG001",
        "PKG003 skipped because of HST001",
    ]


def test_measurements_are_read_by_their_names():
    summary = {
        "cycles": 1234567,
        "arena_bytes": 1 << 20,
        "bytes": 12,
        "mapped_share": 0.5,
        "warm-seconds": 0.25,
        "fits": True,
        "left": None,
        "ops": [{"op": "MEAN", "count": 2}, "PAD"],
        "none": [],
        "comparison": {"tensorflow": "2.21.0", "outputs": [{"cosine": 0.99996, "finite": True}]},
        "empty": {},
    }
    result = StageResult(stage=samples.VELA, status=StageStatus.DONE, summary=summary)
    plain, comparison = view.measurements(result)
    assert plain[0] == "vela"
    assert dict(plain[1]) == {
        "Cycles": "1,234,567",
        "Arena": "1.0 MiB",
        "Bytes": "12",
        "Mapped": "50.0%",
        "Warm": "0.25 s",
        "Fits": "yes",
        "Left": "not known",
        "Ops": "op: MEAN, count: 2\nPAD",
        "None": "none",
        "Empty": "none",
    }
    title = "Comparison of the quantized model with the float model"
    assert comparison == (title, (("TensorFlow", "2.21.0"), ("Output", "cosine 0.99996")))


def test_why_a_route_was_taken():
    report = samples.fell_back()
    first, second = report.attempts
    assert view.attempt_line(report, first) == "Route tf-int8+vela failed at tf-int8"
    assert view.attempt_line(report, second).endswith("taken because tf-int8+vela failed")
    alone = dataclasses.replace(report, attempts=(second,))
    assert view.attempt_line(alone, second) == "Route tf-float+litert-int8+vela, because it was asked for"
    best = dataclasses.replace(second, route=report.routes[0], results=second.results[1:])
    line = view.attempt_line(dataclasses.replace(report, attempts=(best,)), best)
    assert line == "Route tf-int8+vela, the best of 2 that are open (ready, sets itself up; the least work)"
    only = dataclasses.replace(alone, routes=report.routes[1:])
    assert view.attempt_line(only, second).endswith("the only one")
    unknown = Reason(verdict=Verdict.UNKNOWN, text="only its graph tells")
    stages = tuple(dataclasses.replace(one, reasons=(unknown,)) for one in report.routes[0].stages)
    before = dataclasses.replace(best, route=dataclasses.replace(report.routes[0], stages=stages))
    line = view.attempt_line(dataclasses.replace(report, attempts=(before,)), before)
    assert "best of 2 that are open (not certain" in line, "routes were planned again after an export"


def test_the_header_names_the_python_once():
    report = dataclasses.replace(
        samples.fell_back(),
        command="build",
        version="1.0",
        subject={"python": "/venv/bin/python", "version": "3.12.1", "environment": "/venv"},
    )
    assert view.header(report) == "envdoctor 1.0 build | Python 3.12.1 (/venv/bin/python)"
    elsewhere = dataclasses.replace(report, subject={**report.subject, "environment": "/opt", "machine": "pi"})
    assert view.header(elsewhere).endswith("(/venv/bin/python) | environment /opt | machine pi")
    assert view.header(dataclasses.replace(report, subject={})) == "envdoctor 1.0 build"
