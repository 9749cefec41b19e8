"""Completion, asked in the shells themselves where they are there."""

import os
import subprocess
import sys

import pytest

from envdoctor.cli import main
from needs import needing

#: Answers what bash would offer for a line; `complete` itself needs a terminal.
BASH = """
source ./script
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
compopt() {{ :; }}
_envdoctor_completion envdoctor
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def ask(tmp_path, capsys, monkeypatch):
    """What a shell offers for the last word of a line."""
    program = tmp_path / "bin/envdoctor"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m envdoctor "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    def ask(shell, code):
        assert main(["completion", shell]) == 0
        (tmp_path / "script").write_text(capsys.readouterr().out)
        run = [shell, "--norc", "-c"] if shell == "bash" else [shell, "-c"]
        done = subprocess.run([*run, code], check=False, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout.split("\n")[:-1]

    return ask


@pytest.mark.slow
@needing("bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("envdoctor com", ["completion"]),
        ("envdoctor check --to edg", ["edgetpu"]),
        ("envdoctor model x.tflite --to tf-2.5", ["tf-2.5"]),
        ("envdoctor check --only pkg001", ["PKG001"]),
        ("envdoctor check --only PKG,HST00", [f"PKG,HST00{number}" for number in range(1, 10)]),
        ("envdoctor check --skip EM", ["EMU"]),
        ("envdoctor matrix --platform colab,raspberry-pi-5", ["colab,raspberry-pi-5"]),
        ("envdoctor toolchain install edge", ["edgetpu-compiler"]),
        ("envdoctor env remove ve", ["vela"]),
        ("envdoctor inspect --installed pytest-time", ["pytest-timeout"]),
        ("envdoctor explain run100", ["RUN100"]),
        ("envdoctor completion po", ["powershell"]),
        ("envdoctor report --format j", ["json", "junit"]),
        ("envdoctor nothing", [""]),
    ],
)
def test_bash_offers_values(ask, words, offered):
    found = ask("bash", BASH.format(words=words))
    assert set(found) >= set(offered) if {"HST00", "EM"} & {words[-5:], words[-2:]} else found == offered


@pytest.mark.slow
@needing("bash")
def test_a_broken_configuration_disturbs_no_line(ask, tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.envdoctor]\ncolour = 1\n")
    assert ask("bash", BASH.format(words="envdoctor check --to edg")) == ["edgetpu"]


@pytest.mark.slow
@needing("zsh")
def test_zsh_takes_the_script(ask):
    code = "autoload -Uz compinit && compinit -u -d dump && source ./script && print -r -- $_comps[envdoctor]"
    assert ask("zsh", code) == ["_envdoctor_completion"]


@pytest.mark.slow
@needing("fish")
def test_fish_offers_values_with_what_they_are(ask):
    found = ask("fish", "source ./script; complete --do-complete 'envdoctor check --to edg'")
    assert found == ["edgetpu\ta Coral Edge TPU"]


def test_powershell_is_answered_as_its_script_asks(capfd, monkeypatch):
    """PowerShell itself was never run; see docs/never-run.md."""
    assert main(["completion", "powershell"]) == 0
    script = capfd.readouterr().out
    assert "Register-ArgumentCompleter -Native -CommandName envdoctor" in script
    for name in ("_ENVDOCTOR_COMPLETE", "COMP_WORDS", "COMP_CWORD"):
        assert f"$env:{name} = " in script
    monkeypatch.setenv("_ENVDOCTOR_COMPLETE", "powershell_complete")
    monkeypatch.setenv("COMP_WORDS", "envdoctor check --to edg")
    monkeypatch.setenv("COMP_CWORD", "edg")
    assert main([]) == 0
    assert capfd.readouterr().out == "edgetpu\ta Coral Edge TPU\n"


def test_an_unknown_shell_is_refused(capsys):
    assert main(["completion", "tcsh"]) == 2
    assert "'tcsh' is not one of" in capsys.readouterr().err
