"""Real imports, each in a process of its own."""

import os
import sys

import pytest

from asking import ask
from envdoctor.core.command import CommandResult
from envdoctor.core.errors import FactUnavailable
from envdoctor.core.finding import Severity
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts.host import Host
from envdoctor.facts.proven import find_wall
from loading_facts import Spoken, loading_facts
from sites import Site

PROVE = frozenset({"machine", "prove"})


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site-packages")


@pytest.fixture
def facts(site, tmp_path, monkeypatch):
    """Facts of the tests' own Python; children find the packages by PYTHONPATH."""
    monkeypatch.setenv("PYTHONPATH", str(site.path))

    def facts(**more):
        return loading_facts(site, cache=tmp_path / "cache", topics=PROVE, host=Host(), **more)

    return facts


def test_without_being_asked_nothing_is_run(site, tmp_path):
    site.install("foo", files={"foo.py": "import nobody_has_this"})
    assert loading_facts(site, cache=tmp_path, executor=None).proven.attempts == ()


@pytest.mark.slow
def test_what_fails_is_told_with_the_exception(site, facts):
    site.install("foo", files={"foo.py": "import os\nprint('a line')\nint(os.sep)"})
    site.install("bar", files={"bar.py": ""})
    known = facts()
    assert {each.entrance.module: each.words for each in known.proven.attempts} == {
        "foo": "ValueError: invalid literal for int() with base 10: '/'",
        "bar": "",
    }
    (finding,) = ask("PKG023", known)
    assert finding.message == "`import foo` of foo 1.0 fails: ValueError: invalid literal for int() with base 10: '/'."
    assert ask("PKG024", known) == ()


@pytest.mark.slow
def test_what_was_foreseen_is_told_once_with_the_exception(site, facts):
    site.install("foo", files={"foo.py": "import nobody_has_this"})
    known = facts()
    assert ask("PKG023", known) == ()
    (finding,) = ask("PKG021", known)
    assert finding.evidence[-1].excerpt == "ModuleNotFoundError: No module named 'nobody_has_this'"


def test_where_thought_and_deed_differ_a_report_is_asked_for(site, facts, monkeypatch, tmp_path):
    site.install("foo", files={"foo.py": "import only_here"})
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "only_here.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(site.path), str(tmp_path / "more"))))
    (finding,) = ask("PKG024", facts())
    assert finding.message == "`import foo` of foo 1.0 works, and envdoctor says that it fails."
    assert finding.fix.text.startswith("Report this")


class NoProcess:
    """An executor of a machine that has no room for another process, or none behind the wall."""

    name = "local"

    def __init__(self, error, stderr):
        self.ended = {"returncode": None if error else 1, "error": error, "stderr": stderr}

    def run(self, command):
        return CommandResult(argv=command.argv, **({"returncode": 0} if "true" in command.argv else self.ended))


@pytest.mark.parametrize(
    ("error", "stderr", "words"),
    [
        ("could not be started: python: Resource temporarily unavailable", "", "could not be started"),
        ("", "unshare: fork failed: Resource temporarily unavailable\n", "unshare: fork failed"),
    ],
)
def test_what_could_not_be_begun_is_no_failure_of_the_package(site, facts, error, stderr, words):
    site.install("foo", files={"foo.py": ""})
    (finding,) = ask("PKG023", facts(executor=NoProcess(error, stderr)))
    assert (finding.severity, finding.fix.commands) == (Severity.WARNING, ())
    assert finding.message.startswith("`import foo` of foo 1.0 could not be tried: ")
    assert words in finding.message


@pytest.mark.slow
def test_a_crash_and_an_exit_are_failures(site, facts):
    site.install("foo", files={"foo.py": "import os\nos.kill(os.getpid(), 9)"})
    site.install("bar", files={"bar.py": "import sys\nsys.exit('not here')"})
    words = {each.entrance.module: each.words for each in facts().proven.attempts}
    assert words["foo"] == "the process was killed by SIGKILL (signal 9)"
    assert words["bar"] == "not here"


@pytest.mark.slow
def test_one_that_does_not_end_is_ended(site, facts, monkeypatch):
    monkeypatch.setattr("envdoctor.facts.proven._SECONDS", 0.5)
    site.install("foo", files={"foo.py": "import time\ntime.sleep(60)"})
    (finding,) = ask("PKG023", facts())
    assert "did not come to an end" in finding.message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="FIFOs")
@pytest.mark.parametrize("name", ["foo-1.0.dist-info/METADATA", "foo.pth"])
def test_nothing_is_imported_where_python_would_wait(site, facts, name):
    site.install("foo", files={"foo.py": ""})
    (site.path / name).unlink(missing_ok=True)
    os.mkfifo(site.path / name)
    with pytest.raises(FactUnavailable, match=f"{name} is no regular file"):
        _ = facts(executor=None).proven


def test_nothing_is_left_behind(site, facts, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    text = "import os, pathlib\npathlib.Path.home().joinpath('.foo').mkdir()\nopen('left', 'w').close()"
    site.install("foo", files={"foo/__init__.py": text})
    (attempt,) = facts().proven.attempts
    assert attempt.words == ""
    assert list((tmp_path / "home").iterdir()) == []
    assert not (site.path / "foo" / "__pycache__").exists()


@pytest.mark.slow
@pytest.mark.skipif(not find_wall(LocalExecutor()), reason="this system has no network namespaces for this user")
def test_the_network_is_out_of_reach(site, facts):
    text = "import socket\nsocket.create_connection(('127.0.0.1', {}), timeout=5)"
    with socket_server() as port:
        site.install("foo", files={"foo.py": text.format(port)})
        (attempt,) = facts().proven.attempts
    assert "OSError" in attempt.words or "Error" in attempt.words


def socket_server():
    import contextlib
    import socket

    @contextlib.contextmanager
    def serve():
        with socket.create_server(("127.0.0.1", 0)) as server:
            yield server.getsockname()[1]

    return serve()


def test_without_namespaces_there_is_no_wall():
    assert find_wall(Spoken(lambda command: CommandResult(argv=command.argv, returncode=1))) == ()


@pytest.mark.skipif(sys.platform == "win32", reason="unshare(1) is a program of Linux")
def test_the_first_wall_that_stands_is_taken():
    executor = Spoken(lambda command: CommandResult(argv=command.argv, returncode=int("--user" not in command.argv)))
    assert find_wall(executor) == ("unshare", "--user", "--map-current-user", "--net")
