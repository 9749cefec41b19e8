"""What `check -r` comes to."""

import pytest

from envdoctor.core.asked import AskedReport, SetVerdict
from envdoctor.core.availability import CellVerdict
from envdoctor.core.summary import Standing


@pytest.mark.parametrize(
    ("verdict", "environment", "standing", "code"),
    [
        (CellVerdict.SOUND, "", Standing.FINE, 0),
        (CellVerdict.SOUND_IF, "", Standing.MIXED, 0),
        (CellVerdict.SOUND_IF, "/env", Standing.PROBLEMS, 1),
        (CellVerdict.UNKNOWN, "", Standing.UNKNOWN, 1),
        (CellVerdict.BROKEN, "", Standing.PROBLEMS, 1),
    ],
)
def test_a_condition_that_nobody_looked_at_is_not_called_fine(verdict, environment, standing, code):
    sets = (SetVerdict(target="here", verdict=CellVerdict.SOUND), SetVerdict(target="there", verdict=verdict))
    summary = AskedReport(file="pylock.toml", kind="lock", environment=environment, sets=sets).summary
    assert (summary.verdict, summary.exit_code) == (standing, code)
