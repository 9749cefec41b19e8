import json
import subprocess
import sys

import pytest

from envdoctor.stages.processes import WORKERS
from envdoctor.stages.workers.stage import Problem, run_task


def request(folder, **values):
    (folder / "request.json").write_text(json.dumps({"task": "t", "result": str(folder / "result.json"), **values}))
    return folder / "request.json"


def result(folder):
    return json.loads((folder / "result.json").read_text())


def test_values(tmp_path):
    assert run_task(request(tmp_path, a=1), lambda name: lambda asked: {name: asked["a"]}) == 0
    assert result(tmp_path) == {"values": {"t": 1}}


def test_a_recorded_request_can_be_run_again_when_its_work_folder_is_gone(tmp_path):
    asked = request(tmp_path, a=1, result=str(tmp_path / "work-x" / "result.json"))
    assert run_task(asked, lambda _: lambda request: {"a": request["a"]}) == 0
    assert result(tmp_path / "work-x") == {"values": {"a": 1}}


def test_a_known_problem(tmp_path, capsys):
    def task(_):
        raise Problem("text-input", "it takes text.")

    assert run_task(request(tmp_path), lambda _: task) == 1
    assert result(tmp_path) == {"problem": {"name": "text-input", "message": "it takes text."}}
    assert "it takes text." in capsys.readouterr().out


def test_an_unknown_failure_leaves_no_result(tmp_path):
    with pytest.raises(ZeroDivisionError):
        run_task(request(tmp_path), lambda _: lambda asked: {"x": 1 / 0})
    assert not (tmp_path / "result.json").exists()


def test_nothing_half_written(tmp_path):
    (tmp_path / "result.json").write_text("old")
    with pytest.raises(TypeError):
        run_task(request(tmp_path), lambda _: lambda asked: {"x": object()})
    assert (tmp_path / "result.json").read_text() == "old"


@pytest.mark.slow
def test_started_as_a_stage_starts_it(tmp_path):
    """Isolated, in a folder with modules of tempting names, and without envdoctor on the path."""
    (tmp_path / "numpy.py").write_text("raise SystemExit('the current folder was imported')")
    np = pytest.importorskip("numpy")
    np.savez(tmp_path / "ref.npz", x=[1])
    asked = request(tmp_path, task="litert_compare", reference=str(tmp_path / "none"), model="none")
    argv = [sys.executable, "-I", "-X", "faulthandler", str(WORKERS / "__main__.py"), str(asked)]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "FileNotFoundError" in done.stderr
    assert "reference.json" in done.stderr


@pytest.mark.slow
def test_a_thread_of_somebodys_code_is_not_waited_for(tmp_path):
    tasks = tmp_path / "tasks"
    tasks.mkdir()
    (tasks / "__init__.py").touch()
    (tasks / "waits.py").write_text(
        "import threading, time\n"
        "def run(request):\n"
        "    threading.Thread(target=time.sleep, args=(600,)).start()\n"
        "    return {'a': 1}\n"
    )
    asked = request(tmp_path, task="waits", tasks=str(tasks))
    argv = [sys.executable, "-I", str(WORKERS / "__main__.py"), str(asked)]
    assert subprocess.run(argv, cwd=tmp_path, check=False, timeout=120).returncode == 0
    assert json.loads((tmp_path / "result.json").read_text()) == {"values": {"a": 1}}


def test_workers_import_nothing_of_envdoctor():
    for path in WORKERS.glob("*.py"):
        for line in path.read_text().splitlines():
            assert not line.strip().startswith(("import envdoctor", "from envdoctor")), path
