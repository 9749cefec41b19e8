"""The search for the smallest cause, on planted breaks of one, two and three changes."""

import itertools
import math

import pytest

from envdoctor.core.bisect import Trial
from envdoctor.locks.bisecting import first_bad, smallest_cause


def planted(causes, asked, untestable=()):
    def trial(chosen):
        asked.append(tuple(chosen))
        if set(untestable) & set(chosen):
            return Trial.NOT_TESTABLE
        return Trial.BAD if set(causes) <= set(chosen) else Trial.GOOD

    return trial


@pytest.mark.parametrize("size", [1, 2, 3])
def test_planted_causes_are_found_whatever_their_places(size):
    for causes in itertools.combinations(range(9), size):
        asked = []
        assert smallest_cause(range(9), planted(causes, asked)) == list(causes)
        assert len(asked) <= size * (math.ceil(math.log2(9)) + 1) + 1
        assert len(asked) == len(set(asked))


def test_the_two_sets_are_not_tried_once_more():
    asked = []
    smallest_cause(range(4), planted({1, 3}, asked))
    assert not {(), (0, 1, 2, 3)} & set(asked)


def test_a_change_that_only_undid_another_on_the_way_is_no_cause():
    def trial(chosen):
        return Trial.BAD if 0 in chosen and (1 not in chosen or 2 in chosen) else Trial.GOOD

    assert smallest_cause(range(4), trial) == [0]


def test_what_can_not_be_tested_is_passed_over():
    asked = []
    trial = planted({5}, asked, untestable={2})
    assert smallest_cause([0, 1, 3, 4, 5], trial) == [5]

    def holes(number):
        return Trial.NOT_TESTABLE if number in {4, 5} else Trial.BAD if number >= 7 else Trial.GOOD

    assert first_bad(9, holes) == 7
    assert first_bad(9, lambda number: Trial.BAD if number == 9 else Trial.NOT_TESTABLE) == 9
