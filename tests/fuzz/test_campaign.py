"""Two minutes of the campaign with a fixed seed; hours are run by hand, see campaign.py."""

import subprocess
import sys
from pathlib import Path

import pytest

_CAMPAIGN = Path(__file__).with_name("campaign.py")


@pytest.mark.integration
@pytest.mark.skipif(sys.platform != "linux", reason="measures memory through /proc and loads with glibc")
def test_nothing_that_must_not_happen_happens():
    command = [sys.executable, str(_CAMPAIGN), "--seed", "9", "--minutes", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "together" in done.stdout
