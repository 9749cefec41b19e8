"""A sweep over a pool of this process: what is done is not done again, and what is done is kept."""

from datetime import timedelta

import pytest

from envdoctor.core.errors import EnvDoctorError
from envdoctor.core.sweep import Ending, State
from envdoctor.sweeps.database import open_database
from envdoctor.sweeps.sweeping import Keeping, Reuse, item_key, sweep
from envdoctor.sweeps.work import Done, call
from sweep_judges import item, judge


@pytest.fixture
def database(tmp_path):
    with open_database(tmp_path / "h", write=True) as database:
        yield database


@pytest.fixture
def swept(database):
    """Sweeps, and tells what was judged in earnest."""

    def run(*questions, **reuse):
        asked = []

        def pool(todo):
            for one in todo:
                asked.append(one.name)
                yield one, call(judge, one)

        keeping = Keeping(database=database, reuse=Reuse(**reuse))
        return sweep("wheels", [item(one) for one in questions], pool, keeping), asked

    return run


def test_what_is_done_is_not_done_again(swept):
    report, asked = swept("fine", "unreadable", "unanswered")
    assert (asked, report.reused, report.items) == (["fine", "unreadable", "unanswered"], 0, 3)
    assert [row.found.verdict for row in report.rows] == ["SOUND", "UNREADABLE", "UNANSWERED"]
    assert not report.is_fine
    report, asked = swept("fine", "unreadable", "unanswered", "fine:new")
    assert (asked, report.reused) == (["unanswered", "fine:new"], 2)
    assert [row.is_new for row in report.rows] == [False, False, True, True]


@pytest.mark.parametrize(
    ("reuse", "again"),
    [
        ({"fresh": True}, ["fine", "unreadable"]),
        ({"retry": True}, ["unreadable"]),
        ({"max_age": timedelta(0)}, ["fine", "unreadable"]),
        ({"max_age": timedelta(hours=1)}, []),
    ],
)
def test_what_counts_of_earlier_sweeps(swept, reuse, again):
    swept("fine", "unreadable")
    assert swept("fine", "unreadable", **reuse)[1] == again


def test_what_is_done_before_an_interrupt_or_a_broken_pool_is_kept(database):
    def interrupted(todo):
        yield todo[0], call(judge, todo[0])
        raise KeyboardInterrupt

    def broken(todo):
        yield todo[0], call(judge, todo[0])
        raise EnvDoctorError("The scheduler is gone.")

    keeping = Keeping(database=database, reuse=Reuse())
    items = [item("fine"), item("fine:2"), item("fine:3")]
    with pytest.raises(KeyboardInterrupt):
        sweep("wheels", items, interrupted, keeping)
    report = sweep("wheels", items, broken, keeping)
    assert (report.reused, report.left, report.problem) == (1, 1, "The scheduler is gone.")
    assert [row.found.subject for row in report.rows] == ["fine", "fine:2"]
    assert not report.is_fine


def test_a_pool_that_can_not_begin_is_an_error(database):
    def pool(_):
        raise EnvDoctorError("No.")
        yield

    with pytest.raises(EnvDoctorError):
        sweep("wheels", [item("fine")], pool, Keeping(database=database, reuse=Reuse()))


def test_nothing_said_is_unknown_and_never_fine(database):
    def silent(todo):
        yield todo[0], Done(ending=Ending.JUDGED)

    report = sweep("wheels", [item("fine")], silent, Keeping(database=database, reuse=Reuse()))
    assert [row.found.state for row in report.rows] == [State.UNKNOWN]
    assert not report.is_fine


def test_all_fine_is_fine(swept):
    assert swept("fine")[0].is_fine


def test_keys_differ_by_every_part():
    assert len({item_key("a", 1), item_key("a", 2), item_key("b", 1)}) == 3
    assert item_key("a", 1) == item_key("a", 1)
