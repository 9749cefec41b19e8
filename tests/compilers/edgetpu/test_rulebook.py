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
    assert all(size.refused is None or size.mapped < size.refused for size in book.sizes.values())


def test_without_a_repository_what_it_alone_shows_is_forgotten():
    known, less = rulebook(), rulebook("R-e-d-a-X/EdgeTPU-and-NCS")
    assert "constant-input-dense" in known.amendments
    assert "constant-input-dense" not in less.amendments
    assert "TILE" not in rulebook("google-coral/test_data").operators
    assert rulebook("G-aad-a/ddu-eksamen").sizes["transpose"].refused > known.sizes["transpose"].refused
    assert rulebook("nobody/nothing").sizes == known.sizes


def test_statuses_are_the_compilers_words():
    assert status_words("mapped") == "Mapped to Edge TPU"
