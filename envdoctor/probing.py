"""Probes: what one is, and running many of them so that none can hurt the rest."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import math
import os
import queue
import re
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply, FactUnavailable, UsageProblem
from envdoctor.core.finding import Finding, Outcome, ProbeResult, Severity, require_sound
from envdoctor.core.frozen import frozen
from envdoctor.support.bugs import describe_bug
from envdoctor.support.containment import contained, keep_watch, leave_to_itself
from envdoctor.support.parallel import start_thread

if TYPE_CHECKING:
    from envdoctor.facts import Facts

Check = Callable[["Facts"], Iterable[Finding]]

#: What a required probe may have answered for the ones that require it to make sense.
_OPEN = frozenset({Outcome.PASSED, Outcome.DOES_NOT_APPLY})
#: Seconds that a probe may take, as `_Clock` counts them.
TIME_LIMIT = 60.0
#: A probe that yields for ever would take all memory before its time is over.
_MOST_FINDINGS = 10_000
#: Seconds after which a probe that is still being asked holds up no other: most take a thousandth of one, and threads
#: that all compute hold each other up.
_APART = 0.05
#: Seconds between two looks at what the probes took.
_TICK = 0.5
#: Of the time that passes, the share of one processor with which this process is at work.
_AT_WORK = 0.005

_MODULE = re.compile(r"(?P<code>[a-z]{3}\d{3})_(?P<name>\w+)$")


@frozen
class Probe:
    """One question about a machine.

    Attributes:
        code: three letters and three digits.
        name: the problem in kebab case, from the module's name.
        check: yields a finding for each problem; nothing, or only what is worth knowing (INFO), is a pass.
        requires: codes of the probes that must not have failed before this one makes sense.
        topic: the kind of request that asks it: `machine` always; `model`, `emulation` and a compiler's own when those
            matter.
        timeout: seconds it may take.
        title: the first line of the docstring: the question or the problem, for a person.
        explanation: the rest of the docstring: why it matters and how to fix it.
    """

    code: str
    name: str
    check: Check
    requires: frozenset[str] = frozenset()
    topic: str = "machine"
    timeout: float = TIME_LIMIT
    title: str = ""
    explanation: str = ""


def probe(
    code: str, *, requires: Iterable[str] = (), topic: str = "machine", timeout: float = TIME_LIMIT
) -> Callable[[Check], Probe]:
    """Make a generator `check(facts)` a probe; its module must be called `code_name_of_the_problem`.

    Raises:
        ValueError: the code is not the one that the module's name begins with, or there is no docstring.
        UsageProblem: Python was told to leave docstrings out.
    """

    def decorate(check: Check) -> Probe:
        match = _MODULE.search(check.__module__)
        if match is None or match["code"].upper() != code:
            raise ValueError(f"probe {code} does not belong into module {check.__module__}")
        if check.__doc__ is None and sys.flags.optimize > 1:
            raise UsageProblem("Python leaves docstrings out (-OO, PYTHONOPTIMIZE=2): checks are explained by theirs.")
        text = inspect.cleandoc(check.__doc__ or "")
        title, _, explanation = text.partition("\n")
        if not title or not explanation.strip():
            raise ValueError(f"probe {code} needs a docstring: a title, and why it matters and how to fix it")
        return Probe(
            code=code,
            name=match["name"].replace("_", "-"),
            check=check,
            requires=frozenset(requires),
            topic=topic,
            timeout=timeout,
            title=title.rstrip("."),
            explanation=explanation.strip(),
        )

    return decorate


def run_probe(one: Probe, facts: Facts) -> ProbeResult:
    """Ask one probe. A missing fact makes it UNKNOWN, a bug in it CRASHED; neither reaches the caller.

    What it had found until then is kept.
    """
    start = time.monotonic()
    findings: list[Finding] = []
    reason = ""
    try:
        with _held(one) as changed:
            for found in _bounded(one.check(facts)):
                findings.append(_as_finding(found, one, facts))  # noqa: PERF401  (kept if it crashes)
        serious = any(found.severity > Severity.INFO for found in findings)
        outcome = Outcome.FAILED if serious else Outcome.PASSED
        if changed:
            outcome, reason = Outcome.CRASHED, f"a bug of {_owner(one)}: it changed {' and '.join(changed)}"
    except DoesNotApply as error:
        outcome, reason = Outcome.DOES_NOT_APPLY, str(error)
    except FactUnavailable as error:
        outcome, reason = Outcome.UNKNOWN, str(error)
    except MemoryError:
        outcome, reason = Outcome.UNKNOWN, "it may not have as much memory as it takes to look (see 'ulimit -v')"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
            raise  # the user gives up; in another thread it is the probe's own doing
        outcome, reason = Outcome.CRASHED, describe_bug(error, _owner(one))
    return ProbeResult(
        code=one.code,
        name=one.name,
        title=one.title,
        outcome=outcome,
        findings=tuple(findings),
        reason=reason,
        seconds=time.monotonic() - start,
    )


def _bounded(found: Iterable[object]) -> Iterator[object]:
    """What a probe yields; it is a bug to yield for ever.

    Raises:
        OverflowError: it is too much.
    """
    for number, one in enumerate(found):
        if number == _MOST_FINDINGS:
            raise OverflowError(f"it yields more than {_MOST_FINDINGS} findings")
        yield one


def _as_finding(found: object, one: Probe, facts: Facts) -> Finding:
    """What a probe yields, with its code, and a fix that this Python allows; a plug-in's may be anything.

    Raises:
        TypeError: it is no finding, or its parts are not of their types.
    """
    if not isinstance(found, Finding):
        raise TypeError(f"it yields {type(found).__name__}, no Finding")
    for part, kind in (("severity", Severity), ("subject", str), ("message", str), ("evidence", tuple)):
        if not isinstance(value := getattr(found, part), kind):
            raise TypeError(f"the {part} of its finding is {type(value).__name__}, not {kind.__name__}")
    if not _is_own(one):
        require_sound(found)
    fix = found.fix
    if fix is not None:
        from envdoctor.facts.packages.installers import suited

        fix = suited(fix, facts)
    return dataclasses.replace(found, code=one.code, name=one.name, fix=fix)


def _owner(one: Probe) -> str:
    """Whose a probe is, by the module that it is in."""
    return "envdoctor" if _is_own(one) else f"the plug-in {_package(one)}"


def _held(one: Probe) -> contextlib.AbstractContextManager[list[str]]:
    """Holds in what a plug-in's probe may do to the process."""
    return contextlib.nullcontext([]) if _is_own(one) else contained()


def _is_own(one: Probe) -> bool:
    return _package(one) in {"envdoctor", "envdoctor_probes"}


def _package(one: Probe) -> str:
    return one.check.__module__.partition(".")[0]


def run_probes(probes: Iterable[Probe], facts: Facts, *, within: float | None = None) -> tuple[ProbeResult, ...]:
    """Ask all probes at once, each after the ones it requires and within its time limit.

    A required probe that is not among them counts as passed. A probe past its time limit is TIMED_OUT and its thread
    left to itself; the rest go on. The limit is one of work: see `_Clock`.

    Args:
        probes: what to ask.
        facts: what to ask it of.
        within: seconds after which whatever has no answer is TIMED_OUT; None to wait for all.

    Returns:
        One result a probe, in the order of their codes.

    Raises:
        ValueError: probes require each other in a circle.
    """
    run = _Run(probes, facts, math.inf if within is None else time.monotonic() + within)
    try:
        run.finish()
    finally:
        keep_watch(end=True)  # also with a guest that is left to itself: nobody waits for it
        run.leave()
    return tuple(run.results[code] for code in sorted(run.results))


@dataclass(slots=True)
class _Asked:
    """A probe that is being asked: since when, by which thread, and the seconds that count against its limit."""

    probe: Probe
    since: float
    thread: int | None = None
    charged: float = 0.0


class _Clock:
    """Counts what probes take, so that a busy machine makes none late.

    While this process is at work only the time of its processors counts; where nothing goes on, all of it. A probe that
    waits for a fact which another collects is not charged for that, as long as the other one has not timed out.
    """

    def __init__(self) -> None:
        self._wall, self._work = time.monotonic(), _work()

    def charge(self, asked: Collection[_Asked], waiting: Collection[int]) -> None:
        """Charges the probes with what passed since the last time."""
        wall, work = time.monotonic(), _work()
        passed, done = wall - self._wall, work - self._work
        self._wall, self._work = wall, work
        cost = min(passed, done) if done > _AT_WORK * passed else passed
        at_work = [one for one in asked if one.thread not in waiting]
        for one in at_work or asked:
            one.charged += min(cost, wall - one.since)


def _work() -> float:
    """Seconds of processors that this process and the programs that it started and that ended have taken."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class _Run:
    """The state of one `run_probes`: which probes wait, which are being asked, which have a result."""

    def __init__(self, probes: Iterable[Probe], facts: Facts, end: float) -> None:
        self._end = end
        self.results: dict[str, ProbeResult] = {}
        self._probes = {one.code: one for one in probes}
        self._waiting = dict(self._probes)
        self._asked: dict[str, _Asked] = {}
        self._clock = _Clock()
        self._answers: queue.SimpleQueue[ProbeResult] = queue.SimpleQueue()
        self._facts = facts

    def finish(self) -> None:
        while self._waiting or self._asked:
            keep_watch(end=all(_is_own(one.probe) for one in self._asked.values()))
            if time.monotonic() >= self._end:
                self._give_up()
                return
            ready = next((one for one in self._waiting.values() if self._is_open(one)), None)
            if ready is None and not self._asked:
                raise ValueError(f"probes require each other in a circle: {', '.join(sorted(self._waiting))}")
            if ready is not None:
                del self._waiting[ready.code]
                self._begin(ready)
            if self._asked:
                self._take_one(_APART if ready is not None else _TICK)

    def leave(self) -> None:
        """Nobody waits for the probes that have not answered."""
        for asked in self._asked.values():
            leave_to_itself(asked.thread)

    def _give_up(self) -> None:
        for one in (*self._waiting.values(), *(asked.probe for asked in self._asked.values())):
            self.results[one.code] = _unanswered(one, Outcome.TIMED_OUT, "no answer within the time for all checks")

    def _is_open(self, one: Probe) -> bool:
        return all(code in self.results or code not in self._probes for code in one.requires)

    def _begin(self, one: Probe) -> None:
        required = [self.results[code] for code in sorted(one.requires) if code in self.results]
        failed = [result.code for result in required if result.outcome not in _OPEN]
        if failed:
            self.results[one.code] = _unanswered(one, Outcome.SKIPPED, f"because of {', '.join(failed)}")
            return
        self._asked[one.code] = asked = _Asked(one, time.monotonic())
        keep_watch(end=_is_own(one))
        thread = start_thread(lambda: self._ask(one), one.code)
        if thread is None:
            keep_watch(end=True)
            self._ask(one)  # without a thread there is no limit on its time, but there is an answer
        else:
            asked.thread = thread.ident

    def _ask(self, one: Probe) -> None:
        self._answers.put(run_probe(one, self._facts))

    def _take_one(self, seconds: float) -> None:
        """Waits so long for an answer; takes those that are there, and ends the probes that took too much."""
        least = min(one.probe.timeout - one.charged for one in self._asked.values())
        try:
            left = max(0.0, self._end - time.monotonic())
            self._settle(self._answers.get(timeout=min(seconds, max(least, _APART), left)))
        except queue.Empty:
            self._clock.charge(self._asked.values(), self._facts.waiting)
            for one in [one.probe for one in self._asked.values() if one.charged >= one.probe.timeout]:
                self._settle(_unanswered(one, Outcome.TIMED_OUT, f"no answer within {one.timeout:g} s"))

    def _settle(self, result: ProbeResult) -> None:
        asked = self._asked.pop(result.code, None)
        if asked is not None:
            self.results[result.code] = result
            if result.outcome is Outcome.TIMED_OUT:
                leave_to_itself(asked.thread)


def _unanswered(one: Probe, outcome: Outcome, reason: str) -> ProbeResult:
    return ProbeResult(code=one.code, name=one.name, title=one.title, outcome=outcome, reason=reason)
