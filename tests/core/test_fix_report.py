"""What a fix comes to, by its steps and the check after them."""

import pytest

from envdoctor.core.finding import Finding, Severity
from envdoctor.core.fixing import FixPlan, FixReport, Mended, Mending, StepResult, StepState

FINDING = Finding(name="a", severity=Severity.ERROR, subject="x", message="x lacks y.")


@pytest.mark.parametrize(
    ("second", "mending", "checked", "fine"),
    [
        (StepState.DONE, Mending.FIXED, True, True),
        (StepState.NOT_RUN, Mending.FIXED, True, True),  # the first step mended that, too
        (StepState.NOT_RUN, Mending.NOT_FIXED, True, False),
        (StepState.NOT_RUN, Mending.FIXED, False, False),
        (StepState.FAILED, Mending.FIXED, True, False),
    ],
)
def test_a_fix_is_fine_once_all_that_was_found_is_gone(second, mending, checked, fine):
    results = tuple(StepResult(title="pip", state=state) for state in (StepState.DONE, second))
    mended = (Mended(finding=FINDING, mending=mending),)
    plan = FixPlan(python="/env/bin/python", prefix="/env")
    assert FixReport(plan=plan, results=results, mended=mended, checked_again=checked).is_fine is fine
