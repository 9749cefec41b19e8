import pytest

from envdoctor.core.repair import Difference, MendReport
from envdoctor_reports._terminal_repair import _why_not


@pytest.mark.parametrize(("given", "words"), [(0, "give real ones with --samples"), (100, "the model itself tells")])
def test_samples_that_were_given_are_not_asked_for(given, words):
    still = Difference(random=20, given=given, identical=True, steps=0, share=0.0, absolute=0.0, moved=False)
    assert words in _why_not(MendReport(name="fixed-batch", changes=("one",), verified=False, difference=still))
