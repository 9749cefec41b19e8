"""One process at a time."""

import subprocess
import sys

import pytest

from envdoctor.core.errors import EnvironmentProblem
from envdoctor.environments.locking import locked

pytestmark = pytest.mark.slow

HOLD = """
import sys, time
from pathlib import Path
from envdoctor.environments.locking import locked
with locked(Path(sys.argv[1]), lambda: None):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "e")], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline().strip() == b"held"
        yield process
        process.kill()


def test_a_second_process_is_told_that_it_waits_and_gives_up_in_the_end(tmp_path, holder):
    waited = []
    with (
        pytest.raises(EnvironmentProblem, match="another process is still at work on"),
        locked(tmp_path / "e", lambda: waited.append(1), patience=0.3),
    ):
        raise AssertionError("two at once")
    assert waited == [1]


def test_the_lock_of_a_killed_process_is_free(tmp_path, holder):
    holder.kill()
    holder.wait()
    waited = []
    with locked(tmp_path / "e", lambda: waited.append(1), patience=20):
        pass
    with locked(tmp_path / "e", lambda: waited.append(2)):
        pass
    assert 2 not in waited
