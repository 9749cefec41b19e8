"""Probes in general: order, outcomes, isolation, time limits."""

import dataclasses
import os
import sys
import threading
import time
import types
from pathlib import Path

import pytest

from envdoctor import probing
from envdoctor.core.errors import DoesNotApply, FactUnavailable
from envdoctor.core.finding import Finding, Fix, Outcome, Severity
from envdoctor.core.request import Request
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.facts.python import Python
from envdoctor.fixing.gathering import gather
from envdoctor.probing import Probe, probe, run_probe, run_probes


def make(code, check=lambda facts: (), **rest):
    return Probe(code=code, name="x", check=check, title="t", explanation="e", **rest)


def problem(severity=Severity.ERROR):
    return Finding(severity=severity, subject="s", message="m")


def test_nothing_yielded_is_a_pass_and_a_finding_is_a_failure_with_the_code_filled_in():
    passed, failed = run_probes([make("HST001"), make("HST002", lambda facts: [problem()])], Facts())
    assert passed.outcome is Outcome.PASSED
    assert failed.outcome is Outcome.FAILED
    assert (failed.findings[0].code, failed.findings[0].name) == ("HST002", "x")


def test_information_alone_is_a_pass_that_keeps_its_words():
    (result,) = run_probes([make("HST001", lambda facts: [problem(Severity.INFO)])], Facts())
    assert result.outcome is Outcome.PASSED
    assert result.findings


def test_what_check_prints_for_a_python_of_the_system_is_what_fix_would_do():
    managed = Python(executable="/usr/bin/python3", externally_managed="/usr/lib/python3.11/EXTERNALLY-MANAGED")
    fix = Fix(text="Install foo.", commands=(("/usr/bin/python3", "-m", "pip", "install", "foo"),))
    found = dataclasses.replace(problem(), fix=fix)
    (result,) = run_probes([make("HST001", lambda facts: [found])], Facts(python=managed))
    assert result.findings[0].fix.commands == (("/usr/bin/python3", "-m", "venv", ".venv"),)
    gathered = gather(result.findings, managed)
    assert (gathered.manual, gathered.packages) == ([result.findings[0]], [])


def test_a_missing_fact_makes_it_unknown_never_a_pass():
    (result,) = run_probes([make("HST001", lambda facts: (_ for _ in facts.host.machine))], Facts())
    assert result.outcome is Outcome.UNKNOWN
    assert "host" in result.reason


def test_a_crash_is_a_result_that_names_the_place_and_the_rest_go_on():
    def crash(facts):
        raise RuntimeError("boom")

    crashed, fine = run_probes([make("HST001", crash), make("HST002")], Facts())
    assert crashed.outcome is Outcome.CRASHED
    assert "RuntimeError: boom" in crashed.reason
    assert "test_probing.py" in crashed.reason
    assert fine.outcome is Outcome.PASSED


def of_plugin(check):
    """A check as a plug-in's module would have it."""
    check.__module__ = "somebody"
    return check


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit, type("Own", (BaseException,), {}), SystemExit])
def test_no_exception_whatever_its_class_leaves_a_probe_without_an_answer(error):
    def crash(facts):
        raise error("boom")

    crashed, fine = run_probes([make("HST001", crash), make("HST002")], Facts())
    assert crashed.outcome is Outcome.CRASHED
    assert f"{error.__name__}: boom" in crashed.reason
    assert fine.outcome is Outcome.PASSED


def test_a_plug_in_that_ends_the_process_ends_itself_alone():
    real = os._exit
    fine, crashed = run_probes([make("TEA001", of_plugin(lambda facts: os._exit(0))), make("HST002")], Facts())
    assert crashed.outcome is Outcome.CRASHED
    assert "a bug of the plug-in somebody: SystemExit: os._exit(0)" in crashed.reason
    assert fine.outcome is Outcome.PASSED
    assert os._exit is real


def test_what_a_plug_in_prints_is_not_in_the_report(capsys):
    before = sys.stdout
    (result,) = run_probes([make("TEA001", of_plugin(lambda facts: sys.stdout.write("noise") and ()))], Facts())
    sys.stdout.write("report")
    assert result.outcome is Outcome.PASSED
    assert capsys.readouterr() == ("report", "noise")
    assert sys.stdout is before


def test_a_plug_in_that_takes_standard_output_away_takes_it_from_itself():
    def taken(facts):
        sys.stdout.close()
        sys.stdout = None
        return ()

    before = sys.stdout
    run_probes([make("TEA001", of_plugin(taken))], Facts())
    assert sys.stdout is before
    assert not before.closed


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ("hello", "it yields str, no Finding"),
        (Finding(severity="high", subject="s", message="m"), "the severity of its finding is str, not Severity"),
        (Finding(severity=Severity.ERROR, subject=3, message="m"), "the subject of its finding is int, not str"),
        (Finding(severity=Severity.ERROR, subject="s", message=None), "the message of its finding is NoneType"),
        (Finding(severity=Severity.ERROR, subject="s", message="m", evidence=[1]), "evidence of its finding is list"),
    ],
)
def test_what_is_no_finding_is_a_crash_of_the_probe_and_not_of_the_report(found, words):
    (result,) = run_probes([make("TEA001", of_plugin(lambda facts: [found]))], Facts())
    assert result.outcome is Outcome.CRASHED
    assert words in result.reason


def test_what_a_plug_in_changes_for_all_is_put_back_and_told(tmp_path, monkeypatch):
    monkeypatch.setenv("OURS", "1")
    folder = Path.cwd()

    def changes(facts):
        os.chdir(tmp_path)
        os.environ["THEIRS"] = "1"
        del os.environ["OURS"]
        return ()

    (result,) = run_probes([make("TEA001", of_plugin(changes))], Facts())
    assert result.outcome is Outcome.CRASHED
    assert "it changed the current folder and the variables OURS, THEIRS" in result.reason
    assert Path.cwd() == folder
    assert (os.environ["OURS"], "THEIRS" in os.environ) == ("1", False)


def test_a_probe_past_its_limit_times_out_and_the_rest_go_on():
    slow, fine = run_probes([make("HST001", lambda facts: time.sleep(5) or (), timeout=0.1), make("HST002")], Facts())
    assert slow.outcome is Outcome.TIMED_OUT
    assert "0.1 s" in slow.reason
    assert fine.outcome is Outcome.PASSED


def _collecting(monkeypatch, collect):
    """A fact group `shared` that is collected so."""
    module = types.ModuleType("envdoctor.facts.shared")
    module.derive = lambda facts: collect()
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return Facts(Request(), LocalExecutor())


def test_waiting_for_a_fact_that_another_probe_collects_is_not_charged(monkeypatch):
    facts = _collecting(monkeypatch, lambda: time.sleep(1.5))
    read = lambda facts: facts.shared or ()  # noqa: E731
    collector, waiter = run_probes([make("HST001", read, timeout=5), make("HST002", read, timeout=1)], facts)
    assert collector.outcome is Outcome.PASSED
    assert waiter.outcome is Outcome.PASSED, waiter.reason


def test_who_waits_for_a_fact_that_never_comes_ends_too(monkeypatch):
    facts = _collecting(monkeypatch, lambda: time.sleep(60))
    read = lambda facts: facts.shared or ()  # noqa: E731
    start = time.monotonic()
    results = run_probes([make("HST001", read, timeout=0.2), make("HST002", read, timeout=0.2)], facts)
    assert [result.outcome for result in results] == [Outcome.TIMED_OUT, Outcome.TIMED_OUT]
    assert time.monotonic() - start < 5


@pytest.mark.slow
def test_a_probe_that_computes_for_ever_times_out():
    told = []

    def loop(facts):
        while not told:
            pass
        return ()

    (result,) = run_probes([make("HST001", loop, timeout=0.2)], Facts())
    told.append(result)
    assert result.outcome is Outcome.TIMED_OUT


def test_a_busy_machine_makes_no_probe_late(monkeypatch):
    """Of a second that passes this process gets a fiftieth: that much counts; where it does nothing, all of it."""
    passed, worked = [0.0], [0.0]
    monkeypatch.setattr(probing.time, "monotonic", lambda: passed[0])
    monkeypatch.setattr(probing, "_work", lambda: worked[0])
    clock, asked = probing._Clock(), [probing._Asked(make("HST001"), 0.0, thread=1)]
    for _ in range(100):
        passed[0] += 1
        worked[0] += 0.02
        clock.charge(asked, ())
    assert asked[0].charged == pytest.approx(2)
    passed[0] += 30
    clock.charge(asked, ())
    assert asked[0].charged == pytest.approx(32)


def test_a_probe_waits_for_what_it_requires_and_is_skipped_if_that_failed():
    order = []

    def note(name, found=()):
        def check(facts):
            order.append(name)
            return found

        return check

    probes = [
        make("HST001", note("late"), requires=frozenset({"HST002"})),
        make("HST002", note("early")),
        make("HST003", note("never"), requires=frozenset({"HST004"})),
        make("HST004", note("bad", [problem()])),
        make("HST005", note("nor this"), requires=frozenset({"HST003"})),
    ]
    results = {result.code: result for result in run_probes(probes, Facts())}
    assert order.index("early") < order.index("late")
    assert results["HST003"].outcome is Outcome.SKIPPED
    assert results["HST003"].reason == "because of HST004"
    assert results["HST005"].reason == "because of HST003"
    assert "never" not in order


def test_a_required_probe_that_was_not_asked_does_not_block():
    (result,) = run_probes([make("HST001", requires=frozenset({"HST009"}))], Facts())
    assert result.outcome is Outcome.PASSED


def test_a_circle_is_an_error():
    probes = [make("HST001", requires=frozenset({"HST002"})), make("HST002", requires=frozenset({"HST001"}))]
    with pytest.raises(ValueError, match="circle: HST001, HST002"):
        run_probes(probes, Facts())


def test_probes_run_at_the_same_time():
    together = threading.Barrier(5, timeout=30)  # breaks if they come one after the other
    results = run_probes([make(f"HST{i:03}", lambda facts: together.wait() and ()) for i in range(5)], Facts())
    assert not together.broken
    assert len(results) == 5


def test_the_decorator_takes_name_and_words_from_the_module():
    def check(facts):
        """Something is old.

        It matters because. Mend it so.
        """
        return ()

    check.__module__ = "some.hst007_glibc_too_old"
    one = probe("HST007")(check)
    assert (one.name, one.title, one.explanation) == (
        "glibc-too-old",
        "Something is old",
        "It matters because. Mend it so.",
    )
    with pytest.raises(ValueError, match="does not belong"):
        probe("HST008")(check)
    check.__doc__ = "Only a title."
    with pytest.raises(ValueError, match="docstring"):
        probe("HST007")(check)


def test_a_group_is_collected_once_and_its_failure_remembered(monkeypatch):
    calls = []

    def collect(request, executor):
        calls.append(1)
        raise FactUnavailable("host", "no")

    module = types.SimpleNamespace(collect=collect)
    monkeypatch.setattr("importlib.import_module", lambda name: module)
    facts = Facts(object(), object())
    for _ in range(2):
        assert run_probe(make("HST001", lambda facts: facts.host), facts).outcome is Outcome.UNKNOWN
    assert calls == [1]


def not_here(facts):
    raise DoesNotApply("this is not macOS")
    yield


def test_a_question_without_sense_is_no_gap_and_holds_up_nothing():
    first, second = run_probes([make("HST001", not_here), make("HST002", requires=frozenset({"HST001"}))], Facts())
    assert (first.outcome, first.reason) == (Outcome.DOES_NOT_APPLY, "this is not macOS")
    assert second.outcome is Outcome.PASSED


def test_what_was_found_before_a_crash_is_kept():
    def check(facts):
        yield problem()
        raise KeyError("x")

    result = run_probe(make("HST001", check), Facts())
    assert (result.outcome, len(result.findings)) == (Outcome.CRASHED, 1)
    assert "KeyError: 'x' (test_probing.py:" in result.reason


def test_an_exception_that_says_nothing_and_findings_without_end_are_crashes():
    class Mute(BaseException):
        def __str__(self):
            raise ValueError

    def raises(facts):
        raise Mute

    def goes_on(facts):
        while True:
            yield problem()

    mute, endless = run_probes([make("HST001", raises), make("HST002", goes_on)], Facts(python=Python()), within=60)
    assert (mute.outcome, endless.outcome) == (Outcome.CRASHED, Outcome.CRASHED)
    assert "Mute: it does not say what" in mute.reason
    assert "more than 10000 findings" in endless.reason
