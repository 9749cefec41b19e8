"""The table of environments and its pins are coherent."""

import re

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from envdoctor.core.data import load_table
from envdoctor.core.errors import UsageProblem
from envdoctor.environments.spec import environment_names, environment_spec

LOCKS = [environment_spec(name) for name in environment_names()]


def pins(spec):
    """Each pin with its hashes, continuation lines joined."""
    for line in spec.lock.read_text("utf-8").replace("\\\n", " ").splitlines():
        text, *hashes = re.split(r"\s+--hash=", line.strip())
        yield Requirement(text), hashes


@pytest.mark.parametrize("spec", LOCKS, ids=lambda spec: spec.name)
def test_every_pin_has_one_version_and_hashes_and_nothing_of_a_machine(spec):
    text = spec.lock.read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"(^|\s)(/|\.\.|-e\s|file:|@)", text)
    found = list(pins(spec))
    assert found
    for requirement, hashes in found:
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes)


@pytest.mark.parametrize("spec", LOCKS, ids=lambda spec: spec.name)
def test_the_pins_meet_the_requirements_they_were_made_from(spec):
    pinned = {}
    for requirement, _ in pins(spec):
        versions = pinned.setdefault(canonicalize_name(requirement.name), [])
        versions.append(str(requirement.specifier).removeprefix("=="))
    for text in load_table("environments")[spec.name]["requirements"]:
        wanted = Requirement(text)
        versions = pinned[canonicalize_name(wanted.name)]
        assert any(wanted.specifier.contains(version) for version in versions), text


@pytest.mark.parametrize("spec", LOCKS, ids=lambda spec: spec.name)
def test_what_is_made_would_do_as_an_own_environment_too(spec):
    versions = {requirement.name: str(requirement.specifier)[2:] for requirement, _ in pins(spec)}
    for group in spec.own:
        wanted = [Requirement(text) for text in group]
        assert any(one.name in versions and one.specifier.contains(versions[one.name]) for one in wanted), group


@pytest.mark.parametrize("spec", LOCKS, ids=lambda spec: spec.name)
def test_the_table_is_complete(spec):
    assert spec.title
    assert spec.purpose
    assert spec.imports
    assert all(SpecifierSet(">=3.9,<4").contains(python) for python in spec.pythons)
    for platform, need in spec.platforms.items():
        assert 10**7 < need.download < need.installed < 10**10
        assert (need.glibc is not None) == platform.startswith("linux")
        assert (need.macos is not None) == platform.startswith("macos")


def test_a_wrong_name_gets_the_nearest():
    with pytest.raises(UsageProblem, match=r"no environment 'tensorflw'; did you mean tensorflow\?"):
        environment_spec("tensorflw")
    with pytest.raises(
        UsageProblem,
        match=r"they are .*litert, .*vela, tensorflow, tensorflow-2\.15, torch, torch-cuda, onnx2tf\.",
    ):
        environment_spec("?")


def test_the_key_changes_with_the_pins(spec):
    before = spec.key
    spec.lock.write_text(spec.lock.read_text() + "# more\n")
    assert re.fullmatch(r"[0-9a-f]{12}", before)
    assert spec.key != before
