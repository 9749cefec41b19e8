"""What it would take, without making anything."""

import dataclasses
import sys

import pytest

from envdoctor.core.command import CommandResult
from envdoctor.core.errors import EnvironmentProblem
from envdoctor.environments.making import ensure
from envdoctor.environments.status import State, status, statuses
from envdoctor.executors.local import LocalExecutor

RUN = LocalExecutor()


def test_it_can_be_made_with_this_python(spec, request_, index):
    found = status(spec, request_, RUN)
    assert found.state is State.MAKEABLE
    assert found.version == ".".join(map(str, sys.version_info[:3]))
    assert (found.download, found.installed, found.reason) == (1000, 1000, "")
    assert found.free > 0
    assert index.seen == []
    assert not (request_.cache / "environments").exists()


@pytest.mark.slow
def test_it_is_made(spec, request_, was_made):
    made = ensure(spec, request_, RUN, [].append)
    found = status(spec, request_, RUN)
    assert (found.state, found.python) == (State.MADE, made.python)


@pytest.mark.slow
def test_a_python_is_missing(spec, request_, lone_python):
    found = status(dataclasses.replace(spec, pythons=("3.4", "3.5")), request_, RUN)
    assert (found.state, found.pythons, found.python) == (State.NO_PYTHON, ("3.4", "3.5"), None)
    assert found.reason.startswith("Tiny 1.0 needs CPython 3.4 or 3.5, and none was found among: Python ")


@pytest.mark.slow
def test_this_machine_is_the_wrong_one(spec, request_, lone_python):
    need = next(iter(spec.platforms.values()))
    found = status(dataclasses.replace(spec, platforms={"beos-m68k": need}), request_, RUN)
    assert found.state is State.IMPOSSIBLE
    assert "Tiny 1.0 exists for beos-m68k only" in found.reason


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_to_hinders_no_look(spec, request_, tmp_path):
    (tmp_path / "file").touch()
    assert status(spec, dataclasses.replace(request_, cache=tmp_path / "file"), RUN).state is State.MAKEABLE


@pytest.mark.slow
def test_several_are_looked_at_with_one_question(spec, request_):
    class Counting:
        """A double of an executor that counts what the real one runs."""

        name, runs = "local", 0

        def run(self, command):
            self.runs += 1
            return RUN.run(command)

    run = Counting()
    found = statuses((spec, dataclasses.replace(spec, name="other")), request_, run)
    assert [one.state for one in found.values()] == [State.MAKEABLE, State.MAKEABLE]
    assert run.runs == 1


def test_without_a_python_that_can_be_started_nothing_is_known(spec, request_, monkeypatch):
    """No more processes (`ulimit -u`): what runs this is a Python, so none is not the answer."""

    class Refusing:
        name = "local"

        def run(self, command):
            return CommandResult(
                argv=command.argv, returncode=None, error="could not be started: Resource temporarily unavailable"
            )

    monkeypatch.setattr("envdoctor.environments.interpreters.candidates", lambda _: ())
    with pytest.raises(EnvironmentProblem, match=r"no Python could be asked .*Resource temporarily unavailable"):
        status(spec, request_, Refusing())


def test_without_uv_nothing_is_known(spec, request_, monkeypatch):
    def no_uv():
        raise EnvironmentProblem("no uv")

    monkeypatch.setattr("envdoctor.environments.status.find_uv", no_uv)
    with pytest.raises(EnvironmentProblem, match="no uv"):
        status(spec, request_, RUN)
