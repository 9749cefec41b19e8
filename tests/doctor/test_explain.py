"""Every code can be explained, by its code and by its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import envdoctor
from envdoctor.core.errors import UsageProblem
from envdoctor.core.finding import FAMILIES
from envdoctor.doctor.explain import explain, explanations

KNOWN = explanations()


def test_codes_are_unique_over_probes_and_stages_and_names_among_each():
    assert {one.origin for one in KNOWN} == {"probe", "stage"}
    assert len({one.code for one in KNOWN}) == len(KNOWN)
    assert len({(one.origin, one.name) for one in KNOWN}) == len(KNOWN)


def test_each_says_why_and_what_to_do_in_whole_sentences():
    for one in KNOWN:
        assert re.fullmatch(r"[A-Z]{3}\d{3}", one.code)
        assert one.code[:3] in FAMILIES
        assert one.title
        assert not one.title.endswith(".")
        assert one.text.rstrip().endswith((".", "`")), one.code
        assert len(one.text) > len(one.title), one.code


def test_every_code_that_the_program_can_report_is_explained():
    codes = {one.code for one in KNOWN}
    for file in Path(envdoctor.__file__).parent.rglob("*.py"):
        for code in re.findall(r'"([A-Z]{3}\d{3})"', file.read_text(encoding="utf-8")):
            assert code[:3] not in FAMILIES or code in codes, f"{code} in {file}"


def test_they_stand_in_the_order_of_the_families():
    order = [list(FAMILIES).index(one.code[:3]) for one in KNOWN]
    assert order == sorted(order)


@pytest.mark.parametrize("word", ["HST004", "hst004", " glibc-too-old ", "GLIBC-too-old"])
def test_a_code_or_a_name_is_found_however_it_is_typed(word):
    (one,) = explain(word)
    assert (one.code, one.family) == ("HST004", "Host")


def test_a_name_that_a_check_and_a_stage_share_tells_of_both():
    assert {one.origin for one in explain("operator-unknown")} == {"probe", "stage"}


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("HST0O4", "did you mean HST0"),
        ("glibc-to-old", "did you mean glibc-too-old"),
        ("glibc", "glibc-too-old"),
        ("???", "lists them all"),
    ],
)
def test_another_word_names_the_nearest(word, hint):
    with pytest.raises(UsageProblem, match=re.escape(hint)):
        explain(word)
