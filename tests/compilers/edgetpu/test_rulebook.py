"""The tables, and what is left of them without one repository."""

import pytest

from envdoctor.compilers.edgetpu import limits
from envdoctor.compilers.edgetpu.rulebook import find_compiler, newest_compiler, rulebook, status_words
from envdoctor.core.errors import UsageProblem


@pytest.mark.parametrize(
    ("version", "release"), [("16.0.384591198", "16.0"), ("16", "16.0"), ("14.1", "14.1"), ("2.1.302470888", "2.1")]
)
def test_a_compiler_is_found_by_what_its_log_says_and_by_what_people_say(version, release):
    assert find_compiler(version).release == release


def test_the_newest_compiler_is_16_and_comes_after_all_others():
    assert newest_compiler().release == "16.0"
    assert find_compiler("2.1").is_before("14.1")
    assert not find_compiler("16.0").is_before("16.0")


def test_an_unknown_compiler_is_a_usage_problem():
    with pytest.raises(UsageProblem, match="'17' is no known release"):
        find_compiler("17")


def test_every_limit_that_a_rule_names_is_a_function_that_says_what_it_means():
    for rule in rulebook().operators.values():
        for name in rule.limits:
            assert limits.limitation(name).__doc__


def test_every_rule_has_a_source_and_every_size_an_order():
    book = rulebook()
    assert all(rule.source for rule in book.operators.values())
    for release in ("1.0", "2.1", "15.0", "16.0"):
        sizes = [evidence.limit(find_compiler(release)) for evidence in book.sizes.values()]
        assert all(size.refused is None or size.mapped < size.refused for size in sizes)


def test_without_a_repository_what_it_alone_shows_is_forgotten():
    known, less = rulebook(), rulebook("R-e-d-a-X/EdgeTPU-and-NCS")
    newest = newest_compiler()
    assert known.forms["dense-of-many-rows"].known(newest) is True
    assert less.forms["dense-of-many-rows"].known(newest) is None
    assert "GATHER" not in less.refused
    assert "TILE" not in rulebook("google-coral/test_data").operators
    nearest = rulebook("nerbivol/edgetpu_lite").sizes["row"].limit(newest)
    assert nearest.refused == known.sizes["row"].limit(newest).refused
    assert len(rulebook("nerbivol/edgetpu_lite").sizes["row"].refused) < len(known.sizes["row"].refused)
    assert rulebook("nobody/nothing").sizes == known.sizes


def test_statuses_are_the_compilers_words():
    assert status_words("mapped") == "Mapped to Edge TPU"
