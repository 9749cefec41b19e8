"""A private binfmt_misc in a user namespace: what the kernel says of each entry, and what is read from it.

Only this test's processes see it, and it is gone with them. The formats are made for files that nothing else is like,
so that an x86_64 kernel's own programs are left alone.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from envdoctor.emulation.proof import EMULATED
from needs import needs

pytestmark = pytest.mark.integration

SCRIPT = """
import json, os, sys
from pathlib import Path
from envdoctor.core.command import Command
from envdoctor.emulation import proof
from envdoctor.emulation.system import collect_binfmt
from envdoctor.executors.local import LocalExecutor

TABLE = Path("/proc/sys/fs/binfmt_misc")
MARK = b"\\x5a"  # in the padding of the identification, where no real program has anything
qemu, work = sys.argv[1], Path(sys.argv[2])
states = {}

def register(name, interpreter, flags):
    magic = (b"\\x7fELF\\x02\\x01\\x01\\x00" + bytes(7) + MARK).hex()
    escaped = "".join("\\\\x" + magic[at : at + 2] for at in range(0, len(magic), 2))
    (TABLE / "register").write_text(f":{name}:M:0:{escaped}::{interpreter}:{flags}")

def clear():
    (TABLE / "status").write_text("-1")

def look(state):
    program = work / "program"
    data = bytearray(proof.tiny_program())
    data[15:16] = MARK
    program.write_bytes(data)
    program.chmod(0o755)
    ran = proof.judge_run(LocalExecutor().run(Command(argv=(str(program),), timeout=20)))
    binfmt = collect_binfmt()
    entries = [[e.name, e.enabled, e.flags, e.interpreter_state.value] for e in binfmt.entries]
    states[state] = {"ran": ran.ran, "processor": ran.processor, "words": ran.words, "entries": entries,
                     "enabled": binfmt.enabled, "points": binfmt.mount_points,
                     "handler": getattr(binfmt.handler(bytes(data)), "name", None)}

look("empty")
register("first", qemu, "")
look("plain")
register("second", "/absent", "")
look("shadowed")
clear()
register("missing", "/absent", "")
look("missing")
clear()
plain = work / "plain"
plain.write_bytes(Path(qemu).read_bytes())
plain.chmod(0o644)
register("closed", plain, "")
look("not executable")
clear()
plain.chmod(0o755)
register("open", plain, "F")
plain.unlink()
look("held open")
(TABLE / "open").write_text("0")
look("disabled")
(TABLE / "open").write_text("1")
(TABLE / "status").write_text("0")
look("switched off")
try:
    (TABLE / "status").write_text("1")
    register("wrong", "/absent", "F")
except OSError as error:
    states["F and absent"] = error.errno
print(json.dumps(states))
"""


@pytest.fixture(scope="module")
def states(tmp_path_factory):
    qemu = needs("qemu-x86_64-static", "unshare")
    work = tmp_path_factory.mktemp("binfmt")
    script = work / "script.py"
    script.write_text(SCRIPT)
    inner = f'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && exec {sys.executable} {script} "$@"'
    argv = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", inner, "sh", qemu, str(work)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        pytest.skip(f"this kernel has no binfmt_misc for user namespaces (6.7 has): {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nothing_is_registered_at_first(states):
    # An x86_64 kernel does not mind the mark, and runs the program itself.
    assert (states["empty"]["entries"], states["empty"]["handler"]) == ([], None)
    assert states["empty"]["points"] == ["/proc/sys/fs/binfmt_misc"]


def test_a_handler_runs_it_under_qemu(states):
    assert states["plain"]["entries"] == [["first", True, "", "fine"]]
    assert states["plain"]["processor"] == EMULATED


def test_the_last_registered_is_tried_first_and_listed_first(states):
    assert [entry[0] for entry in states["shadowed"]["entries"]] == ["second", "first"]
    assert states["shadowed"]["handler"] == "second"
    assert "No such file" in states["shadowed"]["words"]


@pytest.mark.parametrize(
    ("state", "entry", "words"),
    [
        ("missing", ["missing", True, "", "missing"], "No such file or directory"),
        ("not executable", ["closed", True, "", "not executable"], "Permission denied"),
    ],
)
def test_an_interpreter_that_can_not_be_started(states, state, entry, words):
    assert states[state]["entries"] == [entry]
    assert states[state]["ran"] is False
    assert words in states[state]["words"]


def test_with_f_a_deleted_interpreter_goes_on(states):
    assert states["held open"]["entries"] == [["open", True, "F", "missing"]]
    assert states["held open"]["processor"] == EMULATED


def test_what_is_switched_off_is_no_handler(states):
    assert states["disabled"]["entries"][0][1] is False
    assert states["disabled"]["handler"] is None
    assert (states["switched off"]["enabled"], states["switched off"]["handler"]) == (False, None)
    for state in ("disabled", "switched off"):
        assert states[state]["processor"] != EMULATED


def test_f_needs_the_interpreter_when_it_is_registered(states):
    assert states["F and absent"] == 2
