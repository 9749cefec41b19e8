"""Some minutes of the campaign with a fixed seed; hours are run by hand, see campaign.py."""

import subprocess
import sys
from pathlib import Path

import pytest

_CAMPAIGN = Path(__file__).with_name("campaign.py")


@pytest.mark.integration
@pytest.mark.skipif(sys.platform != "linux", reason="measures memory through /proc and loads with glibc")
def test_nothing_that_must_not_happen_happens():
    """The same mutants on every machine: a faster one must not find in CI what nobody has looked at."""
    command = [sys.executable, str(_CAMPAIGN), "--seed", "9", "--minutes", "4", "--most", "2500"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=290, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "together" in done.stdout
