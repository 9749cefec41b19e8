"""`envdoctor sweep hosts`, on a real sshd on loopback, and by answers as a host may give them."""

import json
import os
import sys

import pytest

from envdoctor.core.command import CommandResult
from envdoctor.core.errors import NetworkProblem, Unreadable
from envdoctor.core.sweep import State
from envdoctor.doctor.sweep_hosts import host_judgment
from printed import as_json
from ssh_server import client_of, ssh_server


@pytest.mark.slow
def test_each_host_has_its_row_whether_it_answers_or_not(run, tmp_path, monkeypatch):
    monkeypatch.setenv("ENVDOCTOR_HISTORY", str(tmp_path / "h"))
    (tmp_path / "sshd").mkdir()
    with ssh_server(tmp_path / "sshd") as server:
        monkeypatch.setenv("PATH", f"{client_of(server, 'box')}{os.pathsep}{os.environ['PATH']}")
        (tmp_path / "hosts").write_text(f"{server.host.partition('@')[0]}@box  # the one there is\n\nnobody.invalid\n")
        code, found = as_json(run, "sweep", "hosts", str(tmp_path / "hosts"))
        rows = {row["item"].rpartition("@")[2]: row for row in found["rows"]}
        assert (code, rows["nobody.invalid"]["ending"]) == (1, "UNANSWERED")
        assert "does not answer" in rows["nobody.invalid"]["found"]["message"]
        assert (rows["box"]["ending"], "not installed" in rows["box"]["found"]["message"]) == ("UNREADABLE", True)

        (server.folder / ".profile").write_text(f"PATH={server.folder}/bin:$PATH; echo '{{ welcome'>&2\n")
        (server.folder / "bin").mkdir()
        there = server.folder / "bin" / "envdoctor"
        there.write_text(f'#!/bin/sh\nexec {sys.executable} -m envdoctor "$@" --only HST001\n')
        there.chmod(0o755)
        code, found = as_json(run, "sweep", "hosts", str(tmp_path / "hosts"))
        (row,) = [row for row in found["rows"] if row["item"].endswith("@box")]
        assert (row["ending"], row["found"]["verdict"], row["found"]["state"]) == ("JUDGED", "FINE", "fine")


def answer(text, code=1, **said):
    return CommandResult(argv=("ssh",), returncode=code, stdout=text, **said)


def report(verdict, *severities):
    findings = [{"severity": one, "code": "HST001", "message": f"a {one}"} for one in severities]
    return json.dumps({"summary": {"verdict": verdict}, "probes": [{"findings": findings}], "findings": []})


@pytest.mark.parametrize(
    ("text", "state", "message"),
    [
        ("Welcome to box\n" + report("problems", "warning", "error"), State.BROKEN, "HST001: a error"),
        ("Welcome to {box}\n" + report("unknown") + "\nGood bye\n", State.UNKNOWN, ""),
        (report("problems", "warning"), State.CONDITIONAL, "HST001: a warning"),
        (report("unknown"), State.UNKNOWN, ""),
        (report("nothing-checked"), State.UNKNOWN, ""),
    ],
)
def test_what_a_report_comes_to(text, state, message):
    found = host_judgment("box", answer(text))
    assert (found.state, found.message) == (state, message)


def test_a_host_is_fine_only_if_its_check_looked_at_something_and_ended_well():
    assert host_judgment("box", answer(report("fine", "info"), code=0)).state is State.FINE
    for text, code in (
        (report("fine"), 5),
        (report("fine"), 1),
        (report("fine").replace('[{"findings": []}]', "[]"), 0),
    ):
        with pytest.raises(Unreadable, match="says that all is fine"):
            host_judgment("box", answer(text, code=code))


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]", '{"summary": 1}', report("excellent"), "{" * 5000])
def test_what_is_no_report_is_never_fine(text):
    with pytest.raises(Unreadable, match="no report"):
        host_judgment("box", answer(text, code=0))


@pytest.mark.parametrize("said", [{"code": 255}, {"code": -15, "ended": "time"}, {"code": None, "error": "no ssh"}])
def test_a_host_that_is_silent_is_no_fault_of_its_environment(said):
    with pytest.raises(NetworkProblem, match="box does not answer"):
        host_judgment("box", answer("", **said))


def test_a_host_that_was_given_up_is_told_by_its_time_whatever_ssh_said_before():
    with pytest.raises(NetworkProblem, match="it passed its time limit"):
        host_judgment("box", answer("", code=255, ended="time", stderr="Warning: Permanently added 'box'."))


@pytest.mark.parametrize("content", ["-oProxyCommand=x\n", "a b\n", "# nothing\n"])
def test_a_file_of_no_hosts_is_one_sentence(run, tmp_path, content):
    (tmp_path / "hosts").write_text(content)
    code, printed = run("sweep", "hosts", str(tmp_path / "hosts"), "--db", str(tmp_path / "h"))
    assert (code, printed.out, len(printed.err.splitlines())) == (2, "", 1)
