"""Findings of plug-ins, which are looked into before anything is made of them."""

import dataclasses

import pytest

from envdoctor.core.finding import Evidence, Finding, Fix, Outcome, Severity
from envdoctor.facts import Facts
from envdoctor.facts.python import Python
from envdoctor.probing import Probe, run_probe


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"message": "x" * 200_000}, "more than 100000 characters"),
        (
            {"evidence": tuple(Evidence(source="s", excerpt="e" * 100) for _ in range(2000))},
            "more than 100000 characters",
        ),
        ({"evidence": ("proof",)}, "its evidence holds str, no Evidence"),
        ({"fix": "Mend it."}, "the fix of its finding is str, no Fix"),
        ({"fix": Fix(text="Mend it.", commands="rm -r x")}, "no tuple of words"),
        ({"fix": Fix(text="Mend it.", commands=((5,),))}, "a text of its finding is not a string"),
    ],
)
def test_a_finding_of_a_plug_in_is_looked_into(change, said):
    def check(facts):
        yield dataclasses.replace(Finding(severity=Severity.ERROR, subject="s", message="m"), **change)

    check.__module__ = "somebody.tea001_x"
    result = run_probe(Probe(code="TEA001", name="x", check=check, title="t", explanation="e"), Facts(python=Python()))
    assert (result.outcome, result.findings) == (Outcome.CRASHED, ())
    assert said in result.reason
