"""uv is found and run undisturbed, and its failures, as it really printed them, become sentences."""

import dataclasses
import json
import sys

import pytest

from envdoctor.core.command import CommandResult
from envdoctor.core.errors import EnvironmentProblem, NetworkProblem
from envdoctor.environments.cache import Cache
from envdoctor.environments.uv_runner import Uv, explain
from envdoctor.executors.local import LocalExecutor

RECORDED = {
    "401": (NetworkProblem, "refuses access", "401 Unauthorized"),
    "403": (NetworkProblem, "refuses access", "403 Forbidden"),
    "404": (EnvironmentProblem, "does not have what the environment is pinned to", "tiny was not found"),
    "500": (NetworkProblem, "could not be reached", "500 Internal Server Error"),
    "broken": (NetworkProblem, "could not be reached", "end of file before message length reached"),
    "disk-full": (EnvironmentProblem, "the disk is full", "ENVDOCTOR_CACHE"),
    "dns": (NetworkProblem, "could not be reached", "Name or service not known"),
    "hangup": (NetworkProblem, "could not be reached", "connection closed"),
    "hash": (EnvironmentProblem, "another file than the one that envdoctor was tested with", "`tiny==1.0`"),
    "lacking": (EnvironmentProblem, "does not have what", "there is no version of tiny==9.0"),
    "no-index": (EnvironmentProblem, "does not have what", "tiny was not found in the provided package locations"),
    "offline": (EnvironmentProblem, "nothing may be fetched offline", "without --offline"),
    "read-only": (EnvironmentProblem, "can't be written to", "Read-only file system"),
    "refused": (NetworkProblem, "could not be reached", "Connection refused"),
}


def recorded(pytestconfig, name):
    return (pytestconfig.rootpath / "tests/data/environments/uv_failures" / f"{name}.txt").read_text("utf-8")


def failed(output, returncode=2):
    return CommandResult(argv=("uv",), returncode=returncode, stdout=output)


@pytest.mark.parametrize("name", RECORDED)
def test_each_way_to_fail_has_its_class_and_its_sentence(pytestconfig, name):
    error = explain(failed(recorded(pytestconfig, name)))
    kind, *words = RECORDED[name]
    assert type(error) is kind
    assert all(word in str(error) for word in words), str(error)
    assert "\n" not in str(error)


def test_offline_a_version_that_was_never_fetched_says_nothing_about_the_index(pytestconfig):
    lacking = dataclasses.replace(failed(recorded(pytestconfig, "lacking")), argv=("uv", "pip", "sync", "--offline"))
    assert "nothing may be fetched offline" in str(explain(lacking))


def test_every_recorded_output_is_judged(pytestconfig):
    folder = pytestconfig.rootpath / "tests/data/environments/uv_failures"
    assert {file.stem for file in folder.iterdir()} == RECORDED.keys()


def test_an_unknown_failure_shows_what_uv_said():
    error = explain(failed("error: The moon is full\n  cause: It is night\n"))
    assert str(error) == "uv failed: The moon is full: It is night"
    assert str(explain(failed("thread panicked"))) == "uv failed: thread panicked"
    assert str(explain(failed(""))) == "uv failed: it printed nothing"


def test_a_killed_uv_is_no_failure_of_the_index():
    assert str(explain(failed("error sending request", returncode=-9))) == "uv was killed by SIGKILL (signal 9)."


def test_credentials_are_not_repeated():
    output = "error: Failed to fetch: https://me:secret@a.test/simple/x/\n  cause: at https://token@a.test/x\n"
    assert "secret" not in str(explain(failed(output)))
    assert "token" not in str(explain(failed(output)))


class Asking:
    """A double of an executor: runs Python in place of uv and tells which variables it got."""

    name = "local"

    def run(self, command):
        code = "import json, os; print(json.dumps(dict(os.environ)))"
        import dataclasses

        return LocalExecutor().run(dataclasses.replace(command, argv=(sys.executable, "-c", code)))


def test_the_users_own_choices_for_uv_do_not_change_what_it_does(monkeypatch, cache):
    for name in ("UV_PYTHON", "UV_LINK_MODE", "UV_CACHE_DIR", "UV_NO_BINARY"):
        monkeypatch.setenv(name, "theirs")
    monkeypatch.setenv("UV_HTTP_TIMEOUT", "7")
    result = Uv(executor=Asking(), cache=cache, variables={"UV_DEFAULT_INDEX": "x"}).run("pip")
    seen = {name: value for name, value in json.loads(result.stdout).items() if name.startswith("UV_")}
    assert seen == {
        "UV_HTTP_TIMEOUT": "7",
        "UV_DEFAULT_INDEX": "x",
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_CACHE_DIR": str(cache.uv),
    }


@pytest.mark.slow
def test_it_runs_without_a_cache_where_none_can_be(tmp_path):
    (tmp_path / "file").touch()
    uv = Uv(executor=LocalExecutor(), cache=Cache(tmp_path / "file" / "cache"), variables={})
    assert uv.run("python", "find", sys.executable).ok
