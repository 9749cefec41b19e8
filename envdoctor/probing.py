"""Probes: what one is, and running many of them so that none can hurt the rest."""

from __future__ import annotations

import dataclasses
import inspect
import queue
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply, FactUnavailable
from envdoctor.core.finding import Finding, Outcome, ProbeResult, Severity
from envdoctor.support.bugs import describe_bug
from envdoctor.support.parallel import start_thread

if TYPE_CHECKING:
    from envdoctor.facts import Facts

Check = Callable[["Facts"], Iterable[Finding]]

#: What a required probe may have answered for the ones that require it to make sense.
_OPEN = frozenset({Outcome.PASSED, Outcome.DOES_NOT_APPLY})
#: Seconds that a probe may take, the collecting of the facts it reads included.
TIME_LIMIT = 60.0

_MODULE = re.compile(r"(?P<code>[a-z]{3}\d{3})_(?P<name>\w+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
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
    """

    def decorate(check: Check) -> Probe:
        match = _MODULE.search(check.__module__)
        if match is None or match["code"].upper() != code:
            raise ValueError(f"probe {code} does not belong into module {check.__module__}")
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
        for found in one.check(facts):
            findings.append(dataclasses.replace(found, code=one.code, name=one.name))  # noqa: PERF401  (kept if it crashes)
        serious = any(found.severity > Severity.INFO for found in findings)
        outcome = Outcome.FAILED if serious else Outcome.PASSED
    except DoesNotApply as error:
        outcome, reason = Outcome.DOES_NOT_APPLY, str(error)
    except FactUnavailable as error:
        outcome, reason = Outcome.UNKNOWN, str(error)
    except MemoryError:
        outcome, reason = Outcome.UNKNOWN, "it may not have as much memory as it takes to look (see 'ulimit -v')"
    except Exception as error:  # noqa: BLE001  (the one broad except: a probe's bug must not end the others)
        outcome, reason = Outcome.CRASHED, describe_bug(error)
    return ProbeResult(
        code=one.code,
        name=one.name,
        title=one.title,
        outcome=outcome,
        findings=tuple(findings),
        reason=reason,
        seconds=time.monotonic() - start,
    )


def run_probes(probes: Iterable[Probe], facts: Facts) -> tuple[ProbeResult, ...]:
    """Ask all probes at once, each after the ones it requires and within its time limit.

    A required probe that is not among them counts as passed. A probe past its time limit is TIMED_OUT and its thread
    left to itself; the rest go on.

    Returns:
        One result a probe, in the order of their codes.

    Raises:
        ValueError: probes require each other in a circle.
    """
    run = _Run(probes, facts)
    run.finish()
    return tuple(run.results[code] for code in sorted(run.results))


class _Run:
    """The state of one `run_probes`: which probes wait, which are being asked until when, which have a result."""

    def __init__(self, probes: Iterable[Probe], facts: Facts) -> None:
        self.results: dict[str, ProbeResult] = {}
        self._probes = {one.code: one for one in probes}
        self._waiting = dict(self._probes)
        self._deadlines: dict[str, float] = {}
        self._answers: queue.SimpleQueue[ProbeResult] = queue.SimpleQueue()
        self._facts = facts

    def finish(self) -> None:
        while self._waiting or self._deadlines:
            ready = [one for one in self._waiting.values() if self._is_open(one)]
            if not ready and not self._deadlines:
                raise ValueError(f"probes require each other in a circle: {', '.join(sorted(self._waiting))}")
            for one in ready:
                del self._waiting[one.code]
                self._begin(one)
            if self._deadlines:
                self._take_one()

    def _is_open(self, one: Probe) -> bool:
        return all(code in self.results or code not in self._probes for code in one.requires)

    def _begin(self, one: Probe) -> None:
        required = [self.results[code] for code in sorted(one.requires) if code in self.results]
        failed = [result.code for result in required if result.outcome not in _OPEN]
        if failed:
            self.results[one.code] = _unanswered(one, Outcome.SKIPPED, f"because of {', '.join(failed)}")
            return
        self._deadlines[one.code] = time.monotonic() + one.timeout
        if start_thread(lambda: self._ask(one), one.code) is None:
            self._ask(one)  # without a thread there is no limit on its time, but there is an answer

    def _ask(self, one: Probe) -> None:
        self._answers.put(run_probe(one, self._facts))

    def _take_one(self) -> None:
        late = min(self._deadlines, key=self._deadlines.__getitem__)
        try:
            result = self._answers.get(timeout=max(0.0, self._deadlines[late] - time.monotonic()))
        except queue.Empty:
            one = self._probes[late]
            result = _unanswered(one, Outcome.TIMED_OUT, f"no answer within {one.timeout:g} s")
        if self._deadlines.pop(result.code, None) is not None:
            self.results[result.code] = result


def _unanswered(one: Probe, outcome: Outcome, reason: str) -> ProbeResult:
    return ProbeResult(code=one.code, name=one.name, title=one.title, outcome=outcome, reason=reason)
