"""The search for another set, where no other package takes part: what is resolved and judged is made up."""

import pytest
from packaging.version import Version

from envdoctor.availability.judging import Judgment
from envdoctor.availability.uv import Outcome, Question, Resolution
from envdoctor.availability.way_out import WayOut
from envdoctor.core.availability import CellVerdict


def found(*later, versions=()):
    """What is found where the sets after the first are said to be broken, each with some remedies."""
    answers = iter(later)
    asked = []

    def resolve(question):
        asked.append(question.constraints)
        return Resolution(outcome=Outcome.RESOLVED)

    def judge(_):
        return (), Judgment(verdict=CellVerdict.BROKEN, remedies=next(answers, ()))

    search = WayOut(
        question=Question(requirements=("app",), target=None),
        resolve=resolve,
        judge=judge,
        versions=lambda _: map(Version, versions),
    )
    assert search.find(Judgment(verdict=CellVerdict.BROKEN, remedies=("lib!=9",))) == ()
    return asked


@pytest.mark.parametrize("later", [((),), (("lib!=8",), ()), (("lib!=9",), ("lib!=9",))])
def test_a_set_without_further_remedies_ends_the_search(later):
    assert found(*later)


def test_leaps_go_on_from_all_that_was_left_out_though_the_last_set_has_no_remedy():
    left_out = [(f"lib!={number}",) for number in (8, 7, 6)]
    asked = found(*left_out, (), versions=("1", "2", "6"))
    assert ("lib<=2",) in asked
