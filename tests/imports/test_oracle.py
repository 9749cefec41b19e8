"""CPython is the oracle: tiny packages are imported for real, and nothing that imports is said to fail.

ENVDOCTOR_IMPORT_PROGRAMS=5000 makes that many of each kind instead of some dozens.
"""

import os
import sys

import pytest

from import_oracle import imported, judged
from import_programs import Programs
from shared_data import shared
from thoroughness import amount

MADE = int(os.environ.get("ENVDOCTOR_IMPORT_PROGRAMS", "0"))
SEED = int(os.environ.get("ENVDOCTOR_IMPORT_SEED", "1"))
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="each package is imported in a fork")


def compared(packages, root):
    """(files, what CPython raised, our verdict) of each package whose import ends."""
    said = imported(packages, root)
    return [(files, raised, judged(files)) for files, raised in zip(packages, said, strict=True) if raised is not None]


def told_falsely(found):
    return [(files, verdict.failures) for files, raised, verdict in found if not raised and verdict.failures]


@pytest.mark.slow
def test_of_what_can_be_understood_nearly_all_failures_are_told_and_no_other(tmp_path):
    programs = Programs(SEED, odd=0)
    found = compared([programs.package() for _ in range(MADE or amount(120))], tmp_path)
    assert told_falsely(found) == []
    failing = [(files, raised, verdict) for files, raised, verdict in found if raised]
    assert 0.5 < len(failing) / len(found) < 0.98  # both kinds are there
    assert sum(bool(verdict.failures) for _, _, verdict in failing) >= 0.95 * len(failing)


@pytest.mark.slow
def test_what_cannot_be_understood_is_never_said_to_fail(tmp_path):
    programs = Programs(SEED + 1000, odd=0.4, failing=0.1, starred=sys.version_info >= (3, 11))
    found = compared([programs.package() for _ in range(MADE or amount(160))], tmp_path)
    assert told_falsely(found) == []
    assert sum(not raised for _, raised, _ in found) > 0.1 * len(found)


@pytest.mark.slow
def test_the_exception_in_which_an_import_ends_is_told(tmp_path):
    programs = Programs(SEED + 2000, odd=0)
    found = compared([programs.package() for _ in range(MADE or amount(40))], tmp_path)
    told = [(raised, verdict.failures[0].raises) for _, raised, verdict in found if verdict.failures]
    # One that was not foreseen may come before the one that is certain.
    assert sum(ours in {"", raised} for raised, ours in told) > 0.9 * len(told)
    assert sum(ours == raised for raised, ours in told) > 0.8 * len(told)


@pytest.mark.slow
def test_real_statements_that_were_once_said_to_fail(tmp_path):
    """Modules, and what CPython makes of each: most of them could be imported, and were called broken."""
    files = sorted(shared("data/reports/imports").glob("*.py"))
    assert len(files) >= 20
    found = compared([{"pkg/__init__.py": path.read_text("utf-8")} for path in files], tmp_path)
    assert told_falsely(found) == []
