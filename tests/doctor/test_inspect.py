import dataclasses

import pytest

from envdoctor.core.availability import CellVerdict
from envdoctor.core.errors import UsageProblem
from envdoctor.doctor.inspect import InspectRequest, inspect
from index_wheels import wheel
from native_files import elf_bytes, pe_bytes

SUFFIX = ".cpython-311-x86_64-linux-gnu.so"


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


def test_a_module_or_a_file_that_the_wheel_itself_lacks_breaks_it_also_where_it_is_judged_alone(tmp_path):
    files = {"pkg/__init__.py": b"import other\nfrom . import part\n"}
    alone = dataclasses.replace(ask(tmp_path, *wheel("pkg", "1.1", files=files)), alone=True)
    found = inspect(alone)
    assert found.verdict is CellVerdict.BROKEN
    assert "pkg.part" in found.reasons[0].message
    text = b"import os\nX = open(os.path.join(os.path.dirname(__file__), 'x.json'))\n"
    found = inspect(ask(tmp_path, *wheel("pkg", "1.2", files={"pkg/__init__.py": text})))
    assert found.verdict is CellVerdict.BROKEN
    assert "opens pkg/x.json, which its wheel lacks" in found.reasons[0].message
    found = inspect(ask(tmp_path, *wheel("pkg", "1.3", files={"pkg/__init__.py": text, "pkg/x.json": b"{}"})))
    assert found.verdict is CellVerdict.SOUND


def test_what_others_may_bring_does_not_break_a_wheel_that_is_judged_alone(tmp_path):
    files = {"pkg/__init__.py": b"from pkg.more import name\nimport json\njson.new\n"}
    filename, content = wheel("pkg", "1.0", files=files, requires=("pkg-more",))
    assert inspect(dataclasses.replace(ask(tmp_path, filename, content), alone=True)).verdict is CellVerdict.SOUND


def test_the_tags_of_wheel_are_held_against_those_of_the_name(tmp_path):
    _, content = wheel("pkg", "1.0")
    found = inspect(ask(tmp_path, "pkg-1.0-py2.py3-none-any.whl", content))
    assert "tags-disagree" in {fault.name for fault in found.faults}


def test_a_wheel_under_another_name_is_looked_into_and_refused(tmp_path):
    _, content = wheel("pkg", "1.0", files={"pkg/__init__.py": b"", "tests/__init__.py": b""})
    found = inspect(ask(tmp_path, "renamed-pkg-1.0-py3-none-any.whl", content))
    assert (found.verdict, found.filename) == (CellVerdict.UNKNOWN, "pkg-1.0-py3-none-any.whl")
    assert any(
        "renamed-pkg-1.0-py3-none-any.whl, which is no wheel's name" in reason.message for reason in found.reasons
    )
    assert "clashing-top-level-name" in {fault.name for fault in found.faults}
    with pytest.raises(UsageProblem, match="not named like a wheel"):
        inspect(ask(tmp_path, "renamed-pkg-1.0.whl", b"nothing"))


def test_a_wheel_without_the_module_of_its_command_is_broken(tmp_path):
    files = {"pkg-1.0.dist-info/entry_points.txt": b"[console_scripts]\npkg = pkg.cli:main\n"}
    found = inspect(ask(tmp_path, *wheel("pkg", "1.0", files=files)))
    assert found.verdict is CellVerdict.BROKEN
    assert "it needs pkg, which no wheel of the set brings" in found.reasons[0].message


def test_modules_deep_in_folders_without_init_are_imported_in_thought(tmp_path):
    module = elf_bytes(("libgone.so.1", "libc.so.6"))
    for path in ("space/_m{}", "space/deep/m{}", "space/deep/deeper/m{}"):
        filename, content = wheel(
            "pkg", "1.0", "cp311-cp311-manylinux_2_17_x86_64", files={path.format(SUFFIX): module}
        )
        found = inspect(ask(tmp_path, filename, content))
        assert (path, found.verdict.is_good) == (path, path == "space/_m{}")


def test_a_python_that_the_wheel_does_not_allow_is_a_refusal(tmp_path):
    said = {"<3.4": False, ">=3.12": False, ">=3.11.4": True, "python 3": True, ">=3.8,!=3.11.1": True}
    for number, (requires, good) in enumerate(said.items()):
        found = inspect(ask(tmp_path, *wheel("pkg", f"1.{number}", requires_python=requires)))
        assert (requires, found.verdict.is_good) == (requires, good)
    found = inspect(ask(tmp_path, *wheel("pkg", "2.0", requires_python="<3.4")))
    assert found.reasons[0].message.endswith("it requires Python <3.4.")


def test_a_byte_order_mark_is_no_fault_of_a_text(tmp_path):
    files = {"pkg/__init__.py": b"\xef\xbb\xbfimport pkg.part\n", "pkg/part.py": b"\xef\xbb\xbfx = 1\n"}
    assert inspect(ask(tmp_path, *wheel("pkg", "1.0", files=files))).verdict is CellVerdict.SOUND


def test_modules_for_another_system_in_a_wheel_for_any_matter_only_if_they_are_imported(tmp_path):
    files = {
        "pkg/__init__.py": b"try:\n    from pkg import _fast\nexcept ImportError:\n    _fast = None\n",
        "pkg/_vendored/_fast.cp311-win_amd64.pyd": pe_bytes(),
        "pkg/_fast.cp311-win_amd64.pyd": pe_bytes(),
    }
    assert inspect(ask(tmp_path, *wheel("pkg", "1.0", files=files))).verdict is CellVerdict.SOUND
    files["pkg/__init__.py"] = b"from pkg._fast import x\n"
    assert inspect(ask(tmp_path, *wheel("pkg", "1.1", files=files))).verdict is CellVerdict.BROKEN
