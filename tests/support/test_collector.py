"""How rarely Python looks for cycles."""

from __future__ import annotations

import gc

import pytest

from envdoctor.support.collector import HARDLY_EVER, collecting_rarely


@pytest.fixture(autouse=True)
def _usual():
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def test_it_is_rare_inside_and_as_before_behind():
    with collecting_rarely():
        assert gc.get_threshold()[0] > 10_000
    assert gc.get_threshold() == (700, 10, 10)


def test_those_that_overlap_leave_what_was_set_before_the_first():
    first, second = collecting_rarely(), collecting_rarely()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold()[0] > 10_000
    second.__exit__(None, None, None)
    assert gc.get_threshold() == (700, 10, 10)


def test_who_asks_for_more_inside_of_another_is_heard_until_that_ends():
    with collecting_rarely():
        with collecting_rarely(HARDLY_EVER):
            assert gc.get_threshold()[0] == HARDLY_EVER
        with collecting_rarely():
            assert gc.get_threshold()[0] == HARDLY_EVER
    assert gc.get_threshold() == (700, 10, 10)
