"""The second witness of what is installed: pip itself is asked about folders with whatever others left in them."""

import os
import sys

import pytest

from envdoctor.core.command import CommandResult
from envdoctor.core.errors import FactUnavailable
from envdoctor.core.request import Request
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts.pip_list import TOPIC, ask
from planted_environment import Planted
from sites import Site, facts_of

ASKED = Request(topics=frozenset({TOPIC}))


class Answering:
    """An executor that answers as told, and remembers what it was asked."""

    def __init__(self, stdout="", returncode=0):
        self.commands = []
        self._answer = stdout, returncode

    def run(self, command):
        self.commands.append(command)
        stdout, returncode = self._answer
        return CommandResult(argv=command.argv, returncode=returncode, stdout=stdout, stderr="No module named pip_api")


@pytest.mark.slow
def test_pip_and_envdoctor_agree_on_all_that_stands_in_a_folder_and_nothing_there_runs(tmp_path, monkeypatch):
    planted = Planted(tmp_path)
    for name, value in planted.variables.items():
        monkeypatch.setenv(name, value)
    for name in ("PIPAPI_PYTHON_LOCATION", "PIP_PYTHON"):
        monkeypatch.setenv(name, str(planted.python))
    monkeypatch.setenv("PIP_EXCLUDE", "foo")
    site = planted.site
    site.install("Odd.Name_x", "1.0-1")
    site.install("lib", "1.0")
    site.write("~ib-0.9.dist-info/METADATA", "Metadata-Version: 2.1\nName: lib\nVersion: 0.9\n")
    site.write("spoilt-1.0.dist-info/METADATA", "")
    site.write("old-2.0.egg-info/PKG-INFO", "Metadata-Version: 1.0\nName: old\nVersion: 2.0\n")
    found = ask(facts_of(site), ASKED, LocalExecutor())
    assert found.disputes == ()
    assert found.listed >= 4
    assert planted.marks() == []


def test_what_only_one_of_the_two_sees_is_a_dispute(tmp_path):
    site = Site(tmp_path)
    site.install("same", "1.0")
    site.install("ours", "1.0")
    site.install("other", "1.0")
    rows = f'["{site.path}", [["Same", "1.0.0"], ["other", "2.0"], ["theirs", "3"]]]'
    found = ask(facts_of(site), ASKED, Answering(rows))
    told = {(one.name, one.ours, one.theirs) for one in found.disputes}
    assert told == {("ours", "1.0", ""), ("other", "1.0", "2.0"), ("theirs", "", "3")}


def test_it_is_asked_in_this_interpreter_and_only_where_it_is_wanted(tmp_path, monkeypatch):
    monkeypatch.setenv("PIPAPI_PYTHON_LOCATION", "/examined/python")
    site, executor = Site(tmp_path), Answering()
    ask(facts_of(site), Request(), executor)
    assert executor.commands == []
    ask(facts_of(site), ASKED, executor)
    (command,) = executor.commands
    assert command.argv[0] == sys.executable
    assert command.env["PIPAPI_PYTHON_LOCATION"] is None


@pytest.mark.parametrize(("stdout", "returncode"), [("", 1), ("no JSON", 0), ("[1]", 0), ("[1, 2]", 0)])
def test_no_answer_is_no_agreement(tmp_path, stdout, returncode):
    with pytest.raises(FactUnavailable):
        ask(facts_of(Site(tmp_path)), ASKED, Answering(stdout, returncode))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="FIFOs")
@pytest.mark.parametrize("name", ["METADATA", "entry_points.txt"])
def test_what_pip_would_wait_for_is_told_and_pip_not_asked(tmp_path, name):
    site, executor = Site(tmp_path), Answering()
    site.install("foo", "1.0")
    metadata = site.path / "foo-1.0.dist-info"
    (metadata / name).unlink(missing_ok=True)
    os.mkfifo(metadata / name)
    with pytest.raises(FactUnavailable, match=f"{name} is no regular file"):
        ask(facts_of(site), ASKED, executor)
    assert executor.commands == []
