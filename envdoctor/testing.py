"""Helps those who write probes to test them: facts that are made up, one probe, what it says.

from envdoctor.testing import ask

def test_little_memory():
    (finding,) = ask(check, host=Host(memory=1 << 28))
    assert finding.severity is Severity.WARNING
"""

from __future__ import annotations

from envdoctor.core.finding import Finding, Outcome, ProbeResult
from envdoctor.facts import Facts
from envdoctor.probing import Probe, run_probe

__all__ = ["answer", "ask", "problems_of_plugins"]

#: How a probe ends that could look: well, with findings, or since the question makes no sense there.
_ANSWERED = frozenset({Outcome.PASSED, Outcome.FAILED, Outcome.DOES_NOT_APPLY})


def answer(probe: Probe, **groups: object) -> ProbeResult:
    """Ask a probe about made-up facts; its outcome, whatever that is. No machine is looked at.

    Args:
        probe: what `@probe` made of the function.
        groups: by the name of the group: `host=Host(...)`; of a group of your own the class's name in small letters.
    """
    return run_probe(probe, Facts(None, None, **groups))


def ask(probe: Probe, **groups: object) -> tuple[Finding, ...]:
    """Ask a probe about made-up facts; its findings.

    Raises:
        AssertionError: it could not look: a fact is missing, or it crashed.
    """
    result = answer(probe, **groups)
    if result.outcome not in _ANSWERED:
        raise AssertionError(f"{probe.code} could not answer ({result.outcome.value}): {result.reason}")
    return result.findings


def problems_of_plugins(distribution: str = "") -> tuple[str, ...]:
    """Why something of an installed plug-in is not used; empty if all of it is.

    Args:
        distribution: its name, for the problems of this one alone.
    """
    from envdoctor import registry

    wanted = distribution.replace("-", "_").lower()
    return tuple(
        problem.text
        for problem in registry.plugins().problems
        if not wanted or problem.entry.distribution.lower().startswith(f"{wanted}-")
    )
