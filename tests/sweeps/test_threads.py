import time

import pytest

from envdoctor.core.sweep import Ending
from envdoctor.support import interruption
from envdoctor.sweeps.threads import in_threads
from envdoctor.sweeps.work import Limits
from sweep_judges import item, judge


def ended(questions, workers=2, seconds=60.0):
    limits = Limits(seconds=seconds, memory=1 << 30)
    return {item.name: done for item, done in in_threads(judge, [item(one) for one in questions], workers, limits)}


def test_every_item_ends_in_its_own_way():
    found = ended(["fine", "unreadable", "unanswered", "bug", "fine:2"])
    assert [one.ending for one in map(found.get, ("fine", "unreadable", "unanswered", "bug", "fine:2"))] == [
        *(Ending.JUDGED, Ending.UNREADABLE, Ending.UNANSWERED, Ending.CRASHED, Ending.JUDGED)
    ]


@pytest.mark.slow
def test_what_hangs_is_left_behind_and_its_place_is_taken():
    found = ended(["hang:5", "fine"], workers=1, seconds=0.1)
    assert {name: done.ending for name, done in found.items()} == {"hang:5": Ending.TIMED_OUT, "fine": Ending.JUDGED}


@pytest.mark.slow
def test_an_interrupt_is_heard_within_a_second():
    results = in_threads(judge, [item("hang:5")], 1, Limits(seconds=60, memory=1))
    interruption.interrupt()
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            next(results)
    finally:
        interruption.begin()
    assert time.monotonic() - began < 1
