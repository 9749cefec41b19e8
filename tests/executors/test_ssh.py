import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from envdoctor.core.command import Command, CommandResult
from envdoctor.core.errors import UsageProblem
from envdoctor.executors.local import LocalExecutor
from envdoctor.executors.ssh import CONNECTION_FAILED, SshExecutor, remote_line
from needs import needs
from ssh_server import ssh_server

#: Seconds that no test waits for, and that no other process sleeps.
LONG = f"60.{os.getpid()}"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with ssh_server(tmp_path_factory.mktemp("sshd")) as running:
        yield running


def executor(server, **names):
    return SshExecutor(host=server.host, inner=LocalExecutor(), options=server.options(**names))


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "in put.txt").write_text("model")
    return folder


@pytest.mark.slow
def test_files_go_there_and_what_was_made_comes_back(server, work):
    script = "tr a-z A-Z < 'in put.txt' > out.txt; mkdir d; touch d/x; echo $A; pwd"
    command = Command(argv=("sh", "-c", script), cwd=work, env={"A": "b c"})
    result = executor(server).run(command)
    assert result.ok, result
    assert (work / "out.txt").read_text() == "MODEL"
    assert (work / "d/x").exists()
    assert result.stdout.startswith("b c\n/")
    assert server.left_there == []
    assert {path.name for path in work.parent.iterdir()} == {"work"}


@pytest.mark.slow
def test_a_command_that_fails_is_a_result_and_leaves_nothing(server, work):
    result = executor(server).run(Command(argv=("sh", "-c", "echo no; exit 7"), cwd=work))
    assert (result.returncode, result.stdout) == (7, "no\n")
    assert server.left_there == []


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"key": "stranger"}, "Permission denied (publickey)"),
        ({"known_hosts": "changed_hosts"}, "Host key verification failed"),
        ({"known_hosts": "absent_hosts"}, "Host key verification failed"),
    ],
)
def test_a_wrong_key_and_an_unknown_or_changed_host(server, work, names, words):
    result = executor(server, **names).run(Command(argv=("true",), cwd=work))
    assert result.returncode == CONNECTION_FAILED
    assert words in result.stderr


def test_a_dead_host(work):
    needs("ssh")
    far = SshExecutor(host="127.0.0.1", inner=LocalExecutor(), options=("-F", "none", "-p", "9"))
    result = far.run(Command(argv=("true",), cwd=work))
    assert result.returncode == CONNECTION_FAILED
    assert "Connection refused" in result.stderr


@pytest.mark.slow
def test_a_time_limit_ends_the_far_side_too(server, work):
    result = executor(server).run(Command(argv=("sh", "-c", f"sleep {LONG}; true"), cwd=work, timeout=2))
    assert result.ended == "time"
    assert nothing_sleeps()
    assert server.left_there == []


@pytest.mark.slow
def test_a_connection_that_is_lost_leaves_nothing_on_the_far_side(server, work):
    threading.Timer(1.5, server.drop_connections).start()
    result = executor(server).run(Command(argv=("sleep", LONG), cwd=work, timeout=30))
    assert result.returncode == CONNECTION_FAILED
    assert nothing_sleeps()
    assert server.left_there == []


@pytest.mark.slow
def test_a_transfer_that_is_interrupted_leaves_nothing(server, work):
    with (work / "large").open("wb") as stream:
        stream.truncate(4 << 30)

    def drop_while_it_is_copied():
        assert wait_until(lambda: any((folder / "large").exists() for folder in server.left_there), 60)
        server.drop_connections()

    threading.Thread(target=drop_while_it_is_copied).start()
    result = executor(server).run(Command(argv=("true",), cwd=work))
    assert not result.ok
    assert server.left_there == []
    assert {path.name for path in work.parent.iterdir()} == {"work"}


@pytest.mark.slow
def test_ctrl_c_ends_the_far_side_too(server, work):
    code = (
        "import sys\nfrom pathlib import Path\nfrom envdoctor.core.command import Command\n"
        "from envdoctor.executors.local import LocalExecutor\nfrom envdoctor.executors.ssh import SshExecutor\n"
        "far = SshExecutor(host=sys.argv[1], inner=LocalExecutor(), options=tuple(sys.argv[3:]))\n"
        f"far.run(Command(argv=('sleep', '{LONG}'), cwd=Path(sys.argv[2])))\n"
    )
    argv = [sys.executable, "-c", code, server.host, str(work), *server.options()]
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as process:
        assert wait_until(lambda: not nothing_sleeps(0))
        process.send_signal(signal.SIGINT)
        process.wait(30)
    assert nothing_sleeps()
    assert wait_until(lambda: server.left_there == [])  # that goes on behind the interrupt


def nothing_sleeps(seconds=5):
    """No sleep of ours is left; sshd needs a moment to hang up."""

    def none():
        return ["sleep", LONG] not in [one.info["cmdline"] for one in psutil.process_iter(["cmdline"])]

    return wait_until(none, seconds)


def wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline or seconds == 0:
        if condition():
            return True
        if seconds == 0:
            return False
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("host", ["-oProxyCommand=touch /tmp/x", "", "a b", "a;b", "a\nb", "-p"])
def test_what_ssh_would_read_as_an_option_is_no_host(host):
    with pytest.raises(UsageProblem, match="is no host"):
        SshExecutor(host=host, inner=LocalExecutor())


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["sh", "bash", "dash"])
def test_the_line_for_the_far_side_quotes_everything(shell, tmp_path):
    needs(shell)
    script = 'printf \'%s\\n\' "$X" "$@"; exit 3'
    argv = ("sh", "-c", script, "sh", "a b'; rm -rf ~.tflite", "$(id)")
    line = remote_line(str(tmp_path), Command(argv=argv, env={"X": "`id` ' x"}))
    done = subprocess.run([shell, "-c", line], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["`id` ' x", "a b'; rm -rf ~.tflite", "$(id)"]
    assert (done.returncode, done.stderr) == (3, "")


@pytest.mark.slow
def test_an_answer_that_is_no_folder_is_refused(work):
    class Odd:
        name = "odd"

        def run(self, command):
            return CommandResult(argv=command.argv, returncode=0, stdout="/etc\n")

    assert SshExecutor(host="h", inner=Odd()).run(Command(argv=("x",), cwd=work)).returncode == CONNECTION_FAILED
