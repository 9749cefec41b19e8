import subprocess
import sys

import pytest

CRASH = """
import ctypes
from envdoctor.support.containment import contained
with contained():
    ctypes.string_at(0)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="reads the address that no process has")
def test_a_guest_that_crashes_the_interpreter_is_named_first():
    done = subprocess.run([sys.executable, "-c", CRASH], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode < 0
    assert "Fatal Python error" in done.stderr
    assert 'File "<string>", line 5' in done.stderr
