"""Each code has a page and a test that names it; each field of Host is set on each system, or is said to be absent."""

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

from envdoctor import registry
from envdoctor.facts.host import Host
from envdoctor.stages.problems import problem_kinds

ROOT = Path(__file__).parents[1]
#: What tests have in them, but for this file and the catalogue, which name no code of their own.
TEXT = "\n".join(
    file.read_text("utf-8")
    for file in (ROOT / "tests").rglob("*.py")
    if file.name not in {Path(__file__).name, "test_catalogue.py"}
)
PROBES = registry.probes()
#: Fields that a system does not have; a probe that reads one says first which system it is about.
ABSENT = {
    "linux": set(),
    "macos": {"memory_limit", "container", "wsl"},
    "windows": {"memory_limit", "container", "wsl", "translated", "model"},
}


@pytest.mark.parametrize("probe", PROBES, ids=lambda one: one.code)
def test_a_probe_is_asked_by_a_test(probe):
    names = {probe.code, f'"{probe.code.lower()}"', probe.name.replace("-", "_")}
    assert any(name in TEXT for name in names), names


@pytest.mark.slow
def test_each_problem_of_a_stage_is_named_by_a_test():
    assert not {one.code for one in problem_kinds().values() if one.code not in TEXT and one.name not in TEXT}


def test_every_code_has_a_page():
    codes = {one.code for one in (*PROBES, *problem_kinds().values())}
    assert codes == {file.stem for file in (ROOT / "docs/codes").glob("*.md")} - {"index"}


@pytest.mark.parametrize("system", ABSENT)
def test_each_field_of_a_host_is_set_or_absent(system):
    tree = ast.parse((ROOT / f"envdoctor/facts/host/{system}.py").read_text("utf-8"))
    (made,) = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Host"
    ]
    given = {keyword.arg for keyword in made.keywords}
    assert given | ABSENT[system] == {one.name for one in fields(Host)}
    assert not given & ABSENT[system]


def test_a_probe_that_reads_an_absent_field_can_tell_its_absence():
    """Of a field that is absent the default says so: empty, 0 or None for no limit; never "could not be found out"."""
    absent = set().union(*ABSENT.values())
    for one in PROBES:
        source = Path(one.check.__code__.co_filename).read_text("utf-8")
        assert not re.search(rf"known\((facts\.)?host\.({'|'.join(absent)})\b", source), one.code
