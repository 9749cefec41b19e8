"""Values written and read back, by many threads at once."""

import subprocess
import sys
from dataclasses import dataclass

import pytest

from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Severity
from envdoctor.support.packing import pack, unpack, unpack_json
from thoroughness import amount


@dataclass(frozen=True)
class Value:
    name: str
    severity: Severity = Severity.INFO


def test_what_was_packed_comes_out():
    assert unpack(pack(Value("a", Severity.ERROR)), Value) == Value("a", Severity.ERROR)
    assert unpack_json(b'{"name": "a"}', Value) == Value("a")


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x80", b'{"name": 1}', b'{"name": "a"', b"\xff"])
def test_damage_is_unreadable(data):
    for read in (unpack, unpack_json):
        with pytest.raises(Unreadable):
            read(data, Value)


def test_a_name_that_is_no_text_can_not_be_packed():
    with pytest.raises(Unreadable, match="can't be written"):
        pack(Value("\udcff"))


THREADS = """
import enum, sys, threading
from dataclasses import make_dataclass
from envdoctor.support.packing import pack, unpack

sys.setswitchinterval(1e-7)
for _ in range(int(sys.argv[1])):
    kind = enum.Enum("Kind", {f"A{number}": f"a{number}" for number in range(30)})
    part = make_dataclass("Part", [("kind", kind), ("number", int, 0)], frozen=True, slots=True)
    whole = make_dataclass("Whole", [("parts", tuple[part, ...]), ("kind", kind)], frozen=True, slots=True)
    data = pack(whole((part(kind.A1),) * 20, kind.A2))
    start = threading.Barrier(6)
    threads = [threading.Thread(target=lambda: (start.wait(), unpack(data, whole))) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
"""


@pytest.mark.slow
def test_threads_that_meet_a_type_for_the_first_time_at_once():
    """In a process of its own: without a lock it is the interpreter that crashes."""
    done = subprocess.run(
        [sys.executable, "-c", THREADS, str(amount(600))], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
