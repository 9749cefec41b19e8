"""`envdoctor sweep`: whole folders, whatever lies in them."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from index_wheels import wheel
from printed import as_json
from tflite_bytes import pack, small

FOR = ("--platform", "linux-x86_64", "--python", "3.11", "--offline", "--workers", "1")
BROKEN = {"broken/__init__.py": b"import nobody_has_this\n"}


def put(folder, *wheels):
    folder.mkdir(exist_ok=True)
    for name, said in wheels:
        filename, content = wheel(name, "1.0", **said)
        (folder / filename).write_bytes(content)


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENVDOCTOR_HISTORY", str(tmp_path / "history.sqlite"))
    put(tmp_path / "wheels", ("good", {}), ("broken", {"files": BROKEN}))
    (tmp_path / "wheels" / "damaged-1.0-py3-none-any.whl").write_bytes(b"PK\3\4 no wheel")
    (tmp_path / "wheels" / "mac-1.0-cp311-cp311-macosx_11_0_arm64.whl").write_bytes(b"")
    (tmp_path / "wheels" / "note.txt").write_text("no wheel")
    return tmp_path / "wheels"


@pytest.mark.slow
def test_every_wheel_has_its_row_and_a_second_sweep_has_nothing_to_do(run, wheels):
    code, found = as_json(run, "sweep", "wheels", "wheels", *FOR)
    states = {row["found"]["subject"]: (row["ending"], row["found"]["state"]) for row in found["rows"]}
    assert code == 1
    assert states == {
        "good": ("JUDGED", "fine"),
        "broken": ("JUDGED", "broken"),
        "damaged": ("UNREADABLE", "unknown"),
        "mac": ("JUDGED", "absent"),
    }
    _, again = as_json(run, "sweep", "wheels", "wheels", *FOR)
    assert (again["reused"], again["items"]) == (4, 4)
    put(wheels, ("broken", {}))
    _, mended = as_json(run, "sweep", "wheels", "wheels", *FOR)
    assert mended["reused"] == 3
    assert {row["found"]["state"] for row in mended["rows"] if row["found"]["subject"] == "broken"} == {"fine"}


@pytest.mark.slow
@pytest.mark.parametrize("named", ["wheels", "wheels/folder-1.0-py3-none-any.whl"])
def test_a_folder_that_is_called_as_a_wheel_has_its_row(run, wheels, named):
    put(wheels / "folder-1.0-py3-none-any.whl", ("within", {}))
    _, found = as_json(run, "sweep", "wheels", named, *FOR)
    states = {row["found"]["subject"]: row["ending"] for row in found["rows"]}
    assert (states["folder"], "within" in states) == ("UNREADABLE", False)


@pytest.mark.slow
def test_only_fine_is_exit_0_and_a_table_says_what_is_wrong(run, wheels):
    code, printed = run("sweep", "wheels", "wheels/good-1.0-py3-none-any.whl", *FOR)
    assert (code, "1 fine" in printed.out) == (0, True)
    code, printed = run("sweep", "wheels", "wheels/mac-1.0-cp311-cp311-macosx_11_0_arm64.whl", *FOR)
    assert (code, "for none of the targets" in " ".join(printed.out.split())) == (1, True)
    code, printed = run("sweep", "wheels", "wheels", *FOR)
    assert "broken 1.0 on linux-x86_64-cp311: BROKEN" in printed.out
    assert "good" not in printed.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere",), "no file or folder"),
        (("empty",), "nothing to look at"),
        (("wheels", "--platform", "amiga"), "amiga"),
        (("wheels", "--db", "wheels/note.txt"), "damaged or no history"),
        (("wheels", "--workers", "0"), "--workers"),
    ],
)
def test_what_can_not_be_swept_is_one_sentence(run, wheels, tmp_path, words, said):
    (tmp_path / "empty").mkdir()
    code, printed = run("sweep", "wheels", *words, "--offline")
    assert (code, said in printed.err, printed.out) == (2, True, "")
    assert (wheels / "note.txt").read_text() == "no wheel"


def started(*words, **said):
    return subprocess.Popen(
        [sys.executable, "-m", "envdoctor", "sweep", "wheels", *words, *FOR, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **said,
    )


def wait_for_rows(file, count=2):
    import sqlite3

    for _ in range(600):
        time.sleep(0.05)
        if file.exists():
            held = sqlite3.connect(file)
            try:
                if held.execute("SELECT count(*) FROM results").fetchone()[0] >= count:
                    return
            except sqlite3.OperationalError:
                pass  # not made yet
            finally:
                held.close()
    raise AssertionError("nothing was swept")


def wait_until_empty(folder):
    """The workers of a command that was killed end by themselves, a moment later, and remove what they made."""
    for _ in range(100):
        if not list(folder.iterdir()):
            return
        time.sleep(0.05)
    raise AssertionError([str(path) for path in folder.rglob("*")])


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_what_was_done_before_it_was_ended_is_not_done_again(tmp_path, monkeypatch, number):
    monkeypatch.setenv("ENVDOCTOR_HISTORY", str(tmp_path / "h"))
    put(tmp_path / "many", *((f"pkg{count}", {}) for count in range(70)))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    first = started(str(tmp_path / "many"), env={**os.environ, "TMPDIR": str(scratch)})
    wait_for_rows(tmp_path / "h")
    first.send_signal(number)
    began = time.monotonic()
    first.communicate(timeout=30)
    if number == signal.SIGINT:
        assert first.returncode == 130
        assert time.monotonic() - began < 3  # 1 s on a machine that is not busy with other tests
    wait_until_empty(scratch)
    second = started(str(tmp_path / "many"))
    found = json.loads(second.communicate(timeout=120)[0])
    assert second.returncode == 0
    assert 2 <= found["reused"] < 70
    assert len(found["rows"]) == 70


@pytest.mark.slow
def test_every_model_has_a_row_for_every_goal(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENVDOCTOR_HISTORY", str(tmp_path / "h"))
    (tmp_path / "zoo" / "deep").mkdir(parents=True)
    (tmp_path / "zoo" / "deep" / "small.tflite").write_bytes(pack(small()))
    (tmp_path / "zoo" / "cut.tflite").write_bytes(pack(small())[:60])
    (tmp_path / "zoo" / "net.onnx").write_bytes(b"no model")
    (tmp_path / "zoo" / "readme.md").write_text("no model")
    words = ("sweep", "models", "zoo", "--to", "edgetpu,litert", "--workers", "1")
    code, found = as_json(run, *words)
    rows = {(row["found"]["subject"], row["found"]["target"]): row for row in found["rows"]}
    assert code == 1
    assert set(rows) == {
        (name, goal) for name in ("small.tflite", "cut.tflite", "net.onnx") for goal in ("edgetpu", "litert")
    }
    assert rows["small.tflite", "litert"]["found"]["state"] == "fine"
    assert "operators mapped" in rows["small.tflite", "edgetpu"]["found"]["message"]
    assert {rows["cut.tflite", "litert"]["ending"], rows["net.onnx", "litert"]["ending"]} == {"UNREADABLE"}
    assert as_json(run, *words)[1]["reused"] == 3


def test_an_unknown_goal_is_one_sentence(run, tmp_path):
    code, printed = run("sweep", "models", str(tmp_path), "--to", "edgetpu,amiga")
    assert (code, "amiga" in printed.err) == (2, True)
