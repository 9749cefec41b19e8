"""What holds for every probe: a code of its own, a name that states the problem, and words that help."""

import re

import pytest

from envdoctor import registry
from envdoctor.core.finding import FAMILIES
from envdoctor.doctor._common import families

PROBES = registry.probes()


def by_code(probe):
    return probe.code


def test_codes_and_names_are_unique():
    assert len({probe.code for probe in PROBES}) == len({probe.name for probe in PROBES}) == len(PROBES)


def test_there_are_probes_for_the_host_python_and_packages():
    assert {"HST", "PYT", "PKG"} <= {probe.code[:3] for probe in PROBES}


@pytest.mark.parametrize("probe", PROBES, ids=by_code)
def test_a_probe_is_of_a_family_that_its_topic_asks(probe):
    asked = frozenset({probe.topic})
    assert probe.code in {one.code for one in registry.probes(families(asked), asked)}


@pytest.mark.parametrize("probe", PROBES, ids=by_code)
def test_code_and_module_agree(probe):
    module = probe.check.__module__.rpartition(".")[2]
    assert re.fullmatch(r"[A-Z]{3}\d{3}", probe.code)
    assert probe.code[:3] in FAMILIES
    assert module == f"{probe.code.lower()}_{probe.name.replace('-', '_')}"


@pytest.mark.parametrize("probe", PROBES, ids=by_code)
def test_the_docstring_says_what_why_and_what_to_do(probe):
    assert 10 < len(probe.title) <= 120, probe.title
    assert not probe.title.endswith(".")
    assert len(probe.explanation.split()) >= 15, "explain why it matters and how to fix it"
    assert "TODO" not in probe.explanation


@pytest.mark.parametrize("probe", PROBES, ids=by_code)
def test_what_a_probe_waits_for_exists_and_does_not_wait_for_it(probe):
    known = {one.code: one for one in PROBES}
    seen, waiting = set(), set(probe.requires)
    while waiting:
        code = waiting.pop()
        assert code in known
        assert code != probe.code
        if code not in seen:
            seen.add(code)
            waiting |= known[code].requires


def test_the_topics_are_known():
    of_compilers = {topic for one in registry.compilers().values() for topic in one.topics}
    assert of_compilers.isdisjoint(registry.OF_NO_COMPILER)
    assert {probe.topic for probe in PROBES} <= {
        "machine",
        "emulation",
        "model",
        "compiled-file",
        "witness",
        "prove",
    } | of_compilers
