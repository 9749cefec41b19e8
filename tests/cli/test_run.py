"""From arguments to an exit code: every error is one sentence."""

import errno
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import click
import pytest

from envdoctor import __version__, cli
from envdoctor.cli import _run, main
from envdoctor.core.errors import BuildFailed, ExitCode, NoRoute, UsageProblem
from processes import assert_gone


def envdoctor(*words, **rest):
    return subprocess.run(
        [sys.executable, "-m", "envdoctor", *words], capture_output=True, text=True, timeout=60, check=False, **rest
    )


@pytest.fixture
def raising(monkeypatch):
    """Make the group raise an error instead of running a command."""

    def prepare(error):
        def fail(**_):
            raise error

        monkeypatch.setattr(_run.group, "main", fail)

    return prepare


def test_the_version_is_told_before_anything_heavy_is_imported(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"envdoctor {__version__}\n"
    code = "import sys; from envdoctor.cli import main; main(['--version']); print(sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for heavy in ("'click'", "'rich'", "'requests'", "'numpy'", "'tensorflow'", "'msgspec'", "'packaging'"):
        assert heavy not in modules


def test_a_command_leaves_before_python_looks_for_cycles_once_more(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["envdoctor", "explain", "PKG003"])
    left = []
    monkeypatch.setattr(cli, "_leave_at_once", lambda code: left.append((code, gc.get_threshold()[0] > 10_000)))
    main()
    assert (left, "PKG003" in capsys.readouterr().out) == ([(0, True)], True)


def test_help_lists_every_command_and_each_has_a_line(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for name in ("check", "routes", "build"):
        assert f"\n  {name} " in text


def test_an_unknown_command_names_the_nearest(capsys):
    assert main(["chekc"]) == 2
    assert capsys.readouterr().err == "envdoctor: there is no command 'chekc'; did you mean 'check'?\n"
    assert main(["_run"]) == 2


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UsageProblem("no such file"), 2, "envdoctor: no such file\n"),
        (NoRoute("nothing leads there"), 3, "envdoctor: nothing leads there\n"),
        (BuildFailed("disk full"), 4, "envdoctor: disk full\n"),
        (KeyboardInterrupt(), 130, "envdoctor: interrupted"),
        (click.BadParameter("bad"), 2, "bad"),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), 1, "envdoctor: /x/y: Permission denied\n"),
        (FileNotFoundError(errno.ENOENT, "No such file", "/x/y"), 5, "this is a bug of envdoctor: FileNotFoundError"),
        (RuntimeError("oops"), 5, "this is a bug of envdoctor: RuntimeError: oops (test_run.py:"),
    ],
)
def test_every_error_is_one_line_and_a_code(raising, capsys, error, code, words):
    raising(error)
    assert main(["check"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "words",
    [("build", "m.keras"), ("build", "--to", "edgetpu"), ("build", "m", "--to", "edgetpu", "--require-mapped", "200%")],
)
def test_a_wrong_command_line_is_a_usage_error(words, capsys):
    assert main(list(words)) == 2
    assert capsys.readouterr().err.startswith("envdoctor: ")


WAITING = (
    "import time; from envdoctor.cli import _run; import sys\n"
    "_run.group.main = lambda **_: (print('ready', flush=True), time.sleep({seconds}))\n"
    "sys.exit(_run.run(['check']))"
)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_an_ending_signal_ends_a_command_like_ctrl_c(name):
    command = [sys.executable, "-c", WAITING.format(seconds=60)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.1)
        process.send_signal(getattr(signal, name))
        assert process.wait(30) == 130
        assert b"interrupted" in process.stderr.read()


INTERRUPTED_EARLY = (
    "import sys\n"
    "class Finder:\n"
    "    def find_spec(name, path=None, target=None):\n"
    "        if name == sys.argv[1]: raise KeyboardInterrupt\n"
    "from envdoctor.cli import main\n"
    "sys.meta_path.insert(0, Finder)\n"
    "sys.exit(main(['check']))"
)


@pytest.mark.slow
@pytest.mark.parametrize("module", ["envdoctor.cli._run", "click", "envdoctor.support.streams"])
def test_ctrl_c_before_the_program_is_loaded_is_no_traceback(module):
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED_EARLY, module], capture_output=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, b"", b"")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a limit on memory as Linux has it")
@pytest.mark.parametrize("kilobytes", [30_000, 60_000])
def test_too_little_memory_is_told_and_hangs_nothing(bare, kilobytes):
    script = f'ulimit -v {kilobytes}; exec "$0" -m envdoctor check --python "$1"'
    ended = subprocess.run(
        ["sh", "-c", script, sys.executable, bare], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode in {0, 1}
    assert "Traceback" not in ended.stderr
    assert ended.stdout or "less memory than it needs" in ended.stderr


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("can't start new thread"),
        ImportError("array.so: failed to map segment from shared object"),
        SystemError("<built-in function wait4> returned NULL without setting an exception"),
    ],
    ids=["itself", "a thread", "a library", "Python's own"],
)
def test_too_little_memory_is_no_bug_whatever_it_is_told_by(error, monkeypatch, capsys):
    monkeypatch.setattr(_run.group, "main", lambda **_: (_ for _ in ()).throw(error))
    assert _run.run(["check"]) == ExitCode.PROBLEMS
    assert "less memory than it needs" in capsys.readouterr().err


@pytest.mark.parametrize("scarce", [True, False])
def test_an_error_near_a_limit_of_memory_is_no_bug(scarce, monkeypatch, raising, capsys):
    monkeypatch.setattr(_run, "memory_is_scarce", lambda: scarce)
    raising(TypeError("__repr__() takes 1 positional argument but 2 were given"))
    assert main(["check"]) == (ExitCode.PROBLEMS if scarce else ExitCode.BUG)
    assert ("less memory than it needs" in capsys.readouterr().err) is scarce


@pytest.mark.parametrize("error", [MemoryError(), SystemError("returned NULL")])
def test_where_not_even_the_message_finds_memory_it_is_told_all_the_same(error, monkeypatch, capfd):
    monkeypatch.setattr(_run.group, "main", lambda **_: (_ for _ in ()).throw(ValueError()))
    monkeypatch.setattr(_run, "_describe_bug", lambda _: (_ for _ in ()).throw(error))
    assert _run.run(["check"]) == ExitCode.PROBLEMS
    assert "less memory than it needs" in capfd.readouterr().err


IN_A_POOL = (
    "import subprocess, sys, time; from pathlib import Path; from envdoctor.cli import _run\n"
    "from envdoctor.core.command import Command; from envdoctor.executors.local import LocalExecutor\n"
    "from envdoctor.support.parallel import in_parallel\n"
    "def work(number):\n"
    "    if number == 0:\n        while True: pass\n"  # reckons for ever
    "    if number == 1:\n        time.sleep(60)\n"
    "    code = 'import os, time; print(os.getpid(), file=open(%r, \"w\")); time.sleep(60)' % sys.argv[1]\n"
    "    LocalExecutor().run(Command(argv=(sys.executable, '-c', code), timeout=50))\n"
    "_run.group.main = lambda **_: list(in_parallel(work, range(3), 3))\n"
    "sys.exit(_run.run(['check']))"
)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_ending_signal_waits_for_no_thread_and_leaves_no_program(name, tmp_path):
    note = tmp_path / "pid"
    command = [sys.executable, "-c", IN_A_POOL, str(note)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 30
        while not (note.exists() and note.read_text().strip()) and time.monotonic() < deadline:
            time.sleep(0.02)
        start = time.monotonic()
        process.send_signal(getattr(signal, name))
        assert process.wait(30) == 130
        assert time.monotonic() - start < 5  # within a second on an idle machine
        assert process.stderr.read().strip().startswith(b"envdoctor: interrupted")
    assert_gone(int(note.read_text()))


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix" or shutil.which("nohup") is None, reason="needs nohup")
def test_under_nohup_a_closed_terminal_ends_nothing():
    command = ["nohup", sys.executable, "-c", WAITING.format(seconds=0.5)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGHUP)
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "less memory than it needs"),
        (RuntimeError("can't start new thread"), "less memory than it needs"),
        (FileNotFoundError(2, "No usable temporary directory found in ['/tmp']"), "set TMPDIR"),
    ],
)
def test_what_the_machine_refuses_is_no_bug(raising, capsys, error, words):
    raising(error)
    assert main(["check"]) == 1
    assert words in capsys.readouterr().err


def test_a_library_that_a_variable_puts_before_pythons_own_is_told(raising, capsys, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", f"/usr/lib{os.pathsep}/opt/tools/lib")
    raising(ImportError("/opt/tools/lib/libz.so.1: file too short"))
    assert main(["check"]) == ExitCode.PROBLEMS
    assert capsys.readouterr().err == (
        "envdoctor: LD_LIBRARY_PATH leads Python to a library that it can't load "
        "(/opt/tools/lib/libz.so.1: file too short); take /opt/tools/lib out of LD_LIBRARY_PATH\n"
    )
    raising(ImportError("cannot import name 'x'"))
    assert main(["check"]) == ExitCode.BUG


def test_modules_in_the_folders_of_pythonpath_do_not_hide_pythons_own_from_the_doctor(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), "/usr/lib/python3", "/site"])
    cli._look_there_last(f"{tmp_path}{os.sep}{os.pathsep}/site{os.pathsep}")
    assert sys.path == ["", "/usr/lib/python3", str(tmp_path), "/site"]


@pytest.mark.slow
def test_a_json_module_of_the_users_does_not_end_the_doctor(tmp_path):
    (tmp_path / "json.py").write_text("x = 1\n")
    ended = envdoctor("check", "--fast", "--json", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert ended.returncode in {ExitCode.OK, ExitCode.PROBLEMS}
    assert json.loads(ended.stdout)


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="Windows keeps a folder that is in use")
@pytest.mark.parametrize("words", ["check --only HST001", "routes m.keras --to tflite-int8"])
def test_a_current_folder_that_is_gone_is_told(tmp_path, words):
    code = (
        f"import os; os.rmdir({str(tmp_path)!r})\n"
        f"from envdoctor.cli._run import run; raise SystemExit(run({words.split()!r}))"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (1, "envdoctor: the current folder is gone; go to one that is there\n")


@pytest.mark.parametrize(
    ("path", "left"),
    [
        (["", "/usr/bin", ".", "bin", "/bin", ""], ["/usr/bin", "/bin"]),
        (["."], os.defpath.split(os.pathsep)),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="Windows has other paths")
def test_no_program_is_looked_for_in_the_current_folder(monkeypatch, path, left):
    """What lies there may be what is only looked at."""
    monkeypatch.setenv("PATH", os.pathsep.join(path))
    _run.run(["explain", "--help"])
    assert os.environ["PATH"].split(os.pathsep) == left


@pytest.mark.skipif(os.name != "posix", reason="FIFOs as POSIX has them")
def test_no_credentials_are_waited_for_in_a_pipe(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / ".netrc")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    _run.run(["explain", "--help"])
    assert os.environ.pop("NETRC") == os.devnull
    (tmp_path / ".netrc").unlink()
    _run.run(["explain", "--help"])
    assert "NETRC" not in os.environ


@pytest.mark.slow
def test_an_interrupted_command_does_not_take_its_memory_apart(tmp_path):
    """Thousands of modules' texts: that took longer than all the rest."""
    code = (
        "import atexit, pathlib, sys, time\n"
        "from envdoctor import cli\n"
        "from envdoctor.cli import _run\n"
        "class Heavy:\n"
        "    def __del__(self):\n"
        "        print('taken apart')\n"
        "heavy = Heavy()\n"
        f"atexit.register(pathlib.Path({str(tmp_path / 'tidy')!r}).touch)\n"
        "_run.run = lambda words, is_process: print('told') or 130\n"
        "sys.exit(cli.main())"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (130, "told\n")
    assert (tmp_path / "tidy").exists()
