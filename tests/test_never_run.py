"""The page on what was never run names every module that asks which system it runs on, and no other."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
ASKS = re.compile(r"sys\.platform\b|os\.name\b|\.mac_ver\(|getwindowsversion|windll")
# The names by which modules ask for the system, and what they get; nothing is asked here.
DESCRIBES = {"envdoctor/imports/constants.py", "envdoctor/imports/libraries.py"}


def test_every_module_that_asks_for_the_system_is_on_the_page():
    sources = [path for folder in ("envdoctor", "probes", "reports") for path in (ROOT / folder).rglob("*.py")]
    asking = {path.relative_to(ROOT).as_posix() for path in sources if ASKS.search(path.read_text("utf-8"))}
    assert named_on_the_page() == asking - DESCRIBES


def named_on_the_page():
    named = set()
    for row in re.findall(r"(?m)^\| (`.*?`) \|", (ROOT / "docs/never-run.md").read_text("utf-8")):
        first, *others = re.findall(r"`(.+?)`", row)
        named |= {first, *(Path(first).with_name(other).as_posix() for other in others)}
    return named
