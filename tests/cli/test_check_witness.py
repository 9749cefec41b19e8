"""`envdoctor check --witness`: when the system's tool is asked, and what is shown of its words."""

import json
import os
import shutil
import venv

import pytest

from envdoctor.cli import main
from envdoctor.doctor.check import CheckRequest
from envdoctor.doctor.check import check as doctor_check
from envdoctor.registry import renderer
from envdoctor.support.redaction import Redactor, redact_report
from extensions import compile_module
from index_server import IndexServer
from index_wheels import publish, wheel
from loading_facts import HERE, MODULE
from native_files import build_library, elf_bytes
from sites import Site

pytestmark = pytest.mark.skipif(not HERE, reason="asks glibc's ldd about compiled modules")


@pytest.fixture
def environment(tmp_path):
    """A virtual environment with a module that lacks a library."""
    folder = tmp_path / "env"
    venv.create(folder, symlinks=True, with_pip=False)
    build_library(tmp_path / "libgone.so", "int gone;", "-Wl,-soname,libgone.so.1")
    content = compile_module(tmp_path, "_m", flags=("-Wl,--no-as-needed", f"-L{tmp_path}", "-lgone"))
    (packages,) = folder.glob("lib/python3*/site-packages")
    Site(packages).install("foo", files={"foo/__init__.py": "from foo import _m", f"foo/{MODULE}": content})
    return folder


@pytest.fixture
def ldd(tmp_path, monkeypatch):
    """Puts a stand-in for ldd and otool before all others, a shell script that writes down what it is asked."""
    folder = tmp_path / "stand-in"
    folder.mkdir()
    asked = tmp_path / "asked"
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def stand_in(*lines):
        for name in ("ldd", "otool"):
            (folder / name).write_text("\n".join(["#!/bin/sh", f'echo "$@" >> "{asked}"', *lines, ""]))
            (folder / name).chmod(0o755)
        return lambda: asked.read_text().splitlines() if asked.exists() else []

    return stand_in


@pytest.fixture
def check(environment, tmp_path, monkeypatch, capsys):
    """Runs `check` on the environment: its exit code and what it printed."""
    monkeypatch.setenv("ENVDOCTOR_CACHE", str(tmp_path / "cache"))

    def check(*words):
        code = main(["check", "--python", str(environment), *words])
        return code, capsys.readouterr().out

    return check


def through():
    """The line with which a stand-in passes on to the system's own ldd."""
    return f'exec {shutil.which("ldd")} "$@"'


def report(printed):
    """The findings by code, and the outcome of each probe."""
    probes = {one["code"]: one for one in json.loads(printed)["probes"]}
    return {code: one["findings"] for code, one in probes.items() if one["findings"]}, probes


@pytest.mark.slow
def test_its_words_are_evidence_beside_ours(check, environment, ldd):
    asked = ldd(through())
    code, printed = check("--only", "LIB", "--witness", "--json")
    findings, probes = report(printed)
    assert code == 1
    assert probes["LIB010"]["outcome"] == "passed"
    (path,) = environment.glob(f"lib/python3*/site-packages/foo/{MODULE}")
    assert asked() == [str(path)]
    (finding,) = findings["LIB001"]
    assert finding["evidence"][-1] == {"source": f"ldd {path}", "excerpt": "libgone.so.1 => not found"}


@pytest.mark.slow
def test_the_same_for_people(check, ldd):
    ldd(through())
    code, printed = check("--only", "LIB", "--witness", "-v")
    assert code == 1
    assert "libgone.so.1 => not found" in printed
    assert "LIB010" in printed


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("--only", "LIB"), ("--only", "LIB001"), ("--skip", "HST")])
def test_it_is_never_asked_unasked(check, ldd, words):
    asked = ldd(through())
    code, printed = check(*words, "--json")
    findings, probes = report(printed)
    assert code == 1
    assert len(findings["LIB001"][0]["evidence"]) == 2
    assert "LIB010" not in probes
    assert asked() == []


@pytest.mark.slow
@pytest.mark.parametrize("words", [("--only", "LIB010"), ("--only", "lib010,HST")])
def test_its_own_code_asks_it(check, ldd, words):
    asked = ldd(through())
    code, printed = check(*words, "--json")
    assert report(printed)[1]["LIB010"]["outcome"] == "passed"
    assert code == 0
    assert len(asked()) == 1


@pytest.mark.slow
def test_a_disagreement_is_a_finding(check, ldd):
    ldd("printf '\\tlibgone.so.1 => /opt/libgone.so.1 (0x00007f00)\\n'")
    code, printed = check("--only", "LIB010", "--json")
    rows = report(printed)[0]["LIB010"]
    assert code == 1
    assert {one["severity"] for one in rows} == {"warning"}
    (gone,) = (one for one in rows if "libgone.so.1" in one["message"])
    assert [one["excerpt"] for one in gone["evidence"]] == [
        "libgone.so.1 => /opt/libgone.so.1 (0x00007f00)",
        "envdoctor: not found",
    ]


@pytest.mark.slow
def test_a_tool_that_is_not_there_is_no_problem_of_the_environment(check, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "stand-in"))
    code, printed = check("--only", "LIB010", "--json")
    (finding,) = report(printed)[0]["LIB010"]
    assert code == 0
    assert finding["severity"] == "info"
    assert "could say nothing of 1 file" in finding["message"]
    assert "could not be started: ldd" in finding["evidence"][0]["excerpt"]


@pytest.mark.slow
def test_secrets_in_its_words_are_hidden(check, ldd, monkeypatch):
    monkeypatch.setenv("DEPLOY_TOKEN", "hunter2-0123456789")
    ldd("printf '\\tlibgone.so.1 => /opt/hunter2-0123456789/libgone.so.1 (0x00007f00)\\n'")
    for words in (("--json",), ("-v",)):
        _, printed = check("--only", "LIB010", *words)
        assert "libgone.so.1 => /opt/" in printed
        assert "hunter2" not in printed


@pytest.mark.slow
def test_home_folders_in_its_words_do_not_leave_the_machine(environment, ldd):
    """`envdoctor report` hides what tells who and where, in whatever a tool printed too."""
    ldd("printf '\\tlibgone.so.1 => /home/alice/lib/libgone.so.1 (0x00007f00)\\n'")
    made = doctor_check(CheckRequest(python=environment, only=["LIB010"], witness=True))
    alice = Redactor(homes=("/home/alice", str(environment.parent)), users=("alice",))
    shown = renderer("json").render(redact_report(made, alice))
    assert "libgone.so.1 => ~/lib/libgone.so.1" in shown
    assert "ldd ~/env/lib/python3" in shown
    assert "alice" not in shown
    assert str(environment.parent) not in shown


@pytest.mark.slow
def test_what_it_prints_does_not_steer_a_terminal(check, ldd):
    ldd("printf '\\tlibgone.so.1 => /opt/\\033[2Jx/libgone.so.1 (0x00007f00)\\n'")
    _, printed = check("--only", "LIB010", "-v")
    assert "/opt/\\x1b[2Jx/" in printed
    assert "\x1b[2J" not in printed


@pytest.mark.slow
def test_inspected_wheels_are_never_given_to_it(ldd, tmp_path, monkeypatch, capsys):
    """ldd may run what it looks at, and a wheel may be anybody's."""
    asked = ldd()
    files = {"foo/__init__.py": b"from foo import _m", f"foo/{MODULE}": elf_bytes(["libgone.so.1"])}
    tag = "cp311-cp311-manylinux_2_17_x86_64"
    target = ("--platform", "linux-x86_64", "--python", "3.11")
    name, content = wheel("foo", "1.0", tag, files=files)
    (tmp_path / name).write_bytes(content)
    with IndexServer() as server:
        for variable, value in (
            ("PIP_CONFIG_FILE", os.devnull),
            ("PIP_INDEX_URL", server.simple),
            ("ENVDOCTOR_CACHE", str(tmp_path / "cache")),
        ):
            monkeypatch.setenv(variable, value)
        publish(server, "foo", "1.0", tag, files=files)
        for words in (("inspect", str(tmp_path / name)), ("inspect", "foo==1.0"), ("matrix", "foo")):
            main([*words, *target])
            assert "libgone.so.1" in capsys.readouterr().out
    assert asked() == []
