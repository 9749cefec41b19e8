import dataclasses

import pytest

from envdoctor.core.availability import CellVerdict
from envdoctor.core.errors import UsageProblem
from envdoctor.doctor.inspect import InspectRequest, inspect
from index_wheels import wheel


def ask(tmp_path, filename, content):
    path = tmp_path / filename
    path.write_bytes(content)
    return InspectRequest(subject=str(path), platform="linux-x86_64", python="3.11", offline=True, cache=tmp_path / "c")


def test_a_fault_of_the_making_does_not_change_the_verdict(tmp_path):
    found = inspect(ask(tmp_path, *wheel("pkg", "1.0", files={"pkg/__init__.py": b"", "tests/__init__.py": b""})))
    assert found.verdict is CellVerdict.SOUND
    assert "clashing-top-level-name" in {fault.name for fault in found.faults}
    assert found.rules_left_out == ()


def test_a_requirement_that_is_none_is_told_rather_than_a_crash(tmp_path):
    request = ask(tmp_path, *wheel("pkg", "1.0", requires=("not a requirement!",)))
    found = inspect(request)
    assert found.verdict is CellVerdict.UNKNOWN
    assert any("can't be read" in reason.message for reason in found.reasons)
    assert "metadata-invalid" in {fault.name for fault in found.faults}
    assert inspect(dataclasses.replace(request, alone=True)).verdict is CellVerdict.UNKNOWN


def test_a_file_whose_content_is_damaged_is_refused(tmp_path):
    filename, content = wheel("pkg", "1.0", files={"pkg/__init__.py": b"value = 'abcdefghijklmnopqrstuvwxyz'\n"})
    at = content.index(b"pkg/__init__.py") + len("pkg/__init__.py") + 4
    damaged = content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]
    with pytest.raises(UsageProblem, match="can't be read as a wheel"):
        inspect(ask(tmp_path, filename, damaged))
