"""Where else envdoctor runs: the steps of the Action, the hook, the images, the feature, as far as they can be here."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from needs import needing
from pages import ROOT
from sites import Site

ACTION = (ROOT / "action.yml").read_text("utf-8")
FEATURE = ROOT / "devcontainer-feature/src/envdoctor"
#: Expressions of GitHub's that the steps use, and what they stand for.
EXPRESSION = re.compile(r"\$\{\{ (\S+) \}\}")


def inputs():
    """The inputs of the action with their defaults."""
    part = ACTION.partition("\ninputs:\n")[2].partition("\noutputs:\n")[0]
    found = re.findall(r"(?m)^  (\w+):\n    description: .*\n    default: (.*)$", part)
    return {name: value.strip('"') for name, value in found}


def steps():
    """The steps of the action that are scripts: name, environment and script."""
    for part in re.split(r"(?m)^    - ", ACTION.partition("\n  steps:\n")[2])[1:]:
        script = re.search(r"(?m)^      run: (?:\|\n((?:        .*\n|\n)+)|(.*)$)", part)
        if script:
            env = dict(re.findall(r"(?m)^        ([A-Z_]+): (.*)$", part.partition("      env:\n")[2]))
            yield part.split("\n")[0], env, re.sub(r"(?m)^ {8}", "", script[1] or script[2])


@pytest.fixture
def run(tmp_path):
    """Run the steps as a runner does; the program is this one, in place of what the first step installs."""
    site = Site(tmp_path / "site")
    site.install("foo", requires=["bar-that-is-nowhere"])
    program = tmp_path / "temp/envdoctor/venv/bin/envdoctor"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m envdoctor "$@"\n')
    program.chmod(0o755)

    def run(**given):
        values = {f"inputs.{name}": value for name, value in {**inputs(), **given}.items()}
        files = {name: tmp_path / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        values |= {"runner.temp": str(tmp_path / "temp"), "github.action_path": str(ROOT)}
        printed = ""
        for name, env, script in steps():
            if "Install" in name:
                continue  # from the network; see the integration test
            if files["GITHUB_OUTPUT"].is_file():
                code = re.search(r"exit-code=(\d+)", files["GITHUB_OUTPUT"].read_text())[1]
                values["steps.run.outputs.exit-code"] = code
            variables = {key: EXPRESSION.sub(lambda match: values[match[1]], value) for key, value in env.items()}
            environ = {**os.environ, "PYTHONPATH": str(site.path), "RUNNER_TEMP": str(tmp_path / "temp"), **variables}
            environ |= {key: str(path) for key, path in files.items()}
            command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
            done = subprocess.run(command, check=False, capture_output=True, text=True, env=environ, cwd=tmp_path)
            printed += done.stdout + done.stderr
            if done.returncode:
                break
        return done.returncode, printed, files["GITHUB_STEP_SUMMARY"]

    return run


@pytest.mark.slow
@needing("bash")
def test_the_action_annotates_writes_the_report_and_fails(run, tmp_path):
    code, printed, summary = run(python=sys.executable, args="--only PKG001 --fast")
    assert code == 1, printed
    assert re.search(r"(?m)^::error title=PKG001.*bar-that-is-nowhere", printed)
    assert "bar-that-is-nowhere" in summary.read_text()
    assert "<html" in (tmp_path / "temp/envdoctor/report.html").read_text()


@pytest.mark.slow
@needing("bash")
def test_the_action_passes_where_nothing_is_wrong(run):
    code, printed, _ = run(python=sys.executable, args="--only PYT001")
    assert code == 0, printed
    assert "::error" not in printed


@pytest.mark.slow
@needing("bash")
def test_the_action_guards_and_tells_what_can_not_be_known(run, tmp_path):
    code, printed, _ = run(guard="true", requirements=str(tmp_path / "absent.txt"))
    assert code == 2, printed
    assert "absent.txt" in printed


def test_every_input_of_the_action_is_used_and_none_stands_in_a_script():
    used = {name.removeprefix("inputs.") for name in EXPRESSION.findall(ACTION) if name.startswith("inputs.")}
    assert used == inputs().keys()
    for _, _, script in steps():
        assert "${{" not in script, "a value in a script is a command of whoever sets it"


@needing("bash")
def test_the_scripts_are_bash():
    for _, _, script in steps():
        subprocess.run(["bash", "-n", "-c", script], check=True)


@pytest.mark.slow
def test_the_hook_names_a_command_that_there_is():
    text = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
    entry = re.search(r"(?m)^  entry: envdoctor (.+)$", text)[1].split()
    command = [sys.executable, "-m", "envdoctor", *entry, "--python", sys.executable, "--only", "PYT001"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    files = re.compile(re.search(r"(?m)^  files: (.+)$", text)[1])
    for name in ("pyproject.toml", "a/pylock.toml", "pylock.dev.toml", "requirements-dev.txt", "uv.lock"):
        assert files.search(name)
    assert not files.search("a/net.py")


@pytest.mark.parametrize("name", ["Dockerfile", "qemu.Dockerfile"])
def test_an_image_copies_what_there_is_and_runs_as_a_plain_user(name):
    text = re.sub(r"\\\n", "", (ROOT / "docker" / name).read_text("utf-8"))
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    known = {"FROM", "COPY", "RUN", "USER", "ENV", "VOLUME", "WORKDIR", "ENTRYPOINT", "CMD"}
    assert {line[0] for line in lines} <= known
    for line in lines:
        for source in line[1:-1] if line[0] == "COPY" else ():
            assert (ROOT / source).exists()
    assert [line[1] for line in lines if line[0] == "USER"][-1] == "user"


def test_an_image_copies_all_that_a_wheel_is_made_of():
    text = (ROOT / "docker/Dockerfile").read_text("utf-8")
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    listed = re.search(r"(?s)\[tool\.hatch\.build\.targets\.sdist\]\ninclude = \[(.*?)\]", project)[1]
    for source in re.findall(r'"([^"]+)"', listed):
        assert source in text


def test_the_feature_is_described_as_the_specification_asks():
    told = json.loads((FEATURE / "devcontainer-feature.json").read_text("utf-8"))
    assert {"id", "version", "name"} <= told.keys()
    assert told["id"] == FEATURE.name
    assert re.fullmatch(r"\d+\.\d+\.\d+", told["version"])
    assert set(told["options"]) == {"source"}
    assert os.access(FEATURE / "install.sh", os.X_OK)


def test_the_feature_says_what_it_needs():
    done = subprocess.run(
        ["sh", FEATURE / "install.sh"], check=False, capture_output=True, text=True, env={"PATH": os.environ["PATH"]}
    )
    assert done.returncode == 1
    assert "say what to install by the option 'source'" in done.stderr


@pytest.mark.integration
def test_the_feature_installs_a_program_that_runs(tmp_path):
    environ = {**os.environ, "SOURCE": str(ROOT), "ENVDOCTOR_PREFIX": str(tmp_path / "opt")}
    environ["ENVDOCTOR_LINKS"] = str(tmp_path / "bin")
    done = subprocess.run(
        ["sh", FEATURE / "install.sh"], check=False, capture_output=True, text=True, env=environ, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("envdoctor ")


@pytest.mark.integration
def test_pre_commit_runs_the_hook(tmp_path):
    if not shutil.which("git"):
        pytest.skip("there is no git here")
    python = tmp_path / "venv/bin/python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "pre-commit"], check=True)
    work = tmp_path / "work"
    work.mkdir()
    (work / "requirements.txt").write_text("")
    hook = tmp_path / "hook"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", ROOT.as_uri(), hook], check=True)
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hook)
    configured = f"repos:\n- repo: {hook}\n  rev: HEAD\n  hooks:\n  - id: envdoctor-check\n"
    words = f"    args: [--python, {Path(sys._base_executable)}, --only, PYT001]\n"
    (work / ".pre-commit-config.yaml").write_text(configured + words)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True, cwd=work)
    subprocess.run([*git, "add", "."], check=True, cwd=work)
    environ = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [python, "-m", "pre_commit", "run", "--all-files", "--verbose"],
        check=False, capture_output=True, text=True, cwd=work, env=environ,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "envdoctor check" in done.stdout
    assert "No problem found in 1 check" in done.stdout
