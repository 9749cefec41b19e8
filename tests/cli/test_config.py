"""The configuration, as the commands heed it."""

import json
import os
import re
import subprocess
import sys

import pytest

from pages import ROOT
from sites import Site

pytestmark = pytest.mark.slow


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def call(work, tmp_path):
    """Run the program in a folder with this pyproject.toml, beside a package that lacks what it requires."""
    site = Site(tmp_path / "site")
    site.install("foo", requires=["bar-that-is-nowhere"])

    def run(table, *words, **variables):
        (work / "pyproject.toml").write_text(f"[tool.envdoctor]\n{table}\n")
        environ = {**os.environ, "PYTHONPATH": str(site.path), "XDG_CONFIG_HOME": str(tmp_path), **variables}
        command = [sys.executable, "-m", "envdoctor", *words]
        return subprocess.run(command, check=False, capture_output=True, text=True, env=environ, cwd=work)

    return run


IGNORE = '[[tool.envdoctor.ignore]]\ncode = "PKG001"\nreason = "we know"\nuntil = 2999-01-01\n'


def asked(done):
    return {one["code"]: one["outcome"] for one in json.loads(done.stdout)["probes"]}


def test_check_asks_what_is_selected_and_an_option_counts_more(call):
    done = call('select = ["PYT001", "PKG001"]\nskip = ["PKG001"]', "check", "--fast", "--json")
    assert asked(done) == {"PYT001": "passed"}
    done = call('select = ["PYT001"]\nskip = ["PYT003"]', "check", "--only", "PYT003", "--json")
    assert asked(done) == {"PYT003": "passed"}
    done = call('select = ["PYT001"]', "check", "--json", ENVDOCTOR_SELECT="PYT003")
    assert asked(done) == {"PYT003": "passed"}


def test_an_ignored_finding_is_shown_and_exit_code_0(call):
    done = call(f"{IGNORE}", "check", "--only", "PKG001", "--fast")
    assert done.returncode == 0, done.stderr
    assert "1 ignored" in done.stdout
    assert "we know" in done.stdout
    done = call(IGNORE.replace("2999", "2020"), "check", "--only", "PKG001", "--fast")
    assert done.returncode == 1
    assert "ignores nothing any more" in done.stdout


def test_a_default_that_is_configured_does_not_contradict_another_option(call, work):
    (work / "wanted.txt").write_text("foo==1.0\n")
    done = call('select = ["PYT001"]\nskip = ["PYT003"]', "check", "-r", "wanted.txt", "--json")
    assert done.returncode in {0, 1}, done.stderr
    assert "-r judges a file" not in done.stderr


def test_a_value_that_a_command_refuses_is_named_with_its_file_or_variable(call, work):
    done = call('select = ["XYZ"]', "check")
    assert done.returncode == 2
    assert done.stderr.endswith(f"(select is set in {work / 'pyproject.toml'})\n")
    done = call("", "check", "--fast", ENVDOCTOR_GOAL="edgtpu")
    assert done.stderr.endswith("did you mean edgetpu? (goal is set in ENVDOCTOR_GOAL)\n")
    assert "is set in" not in call('goal = "edgetpu"', "check", "--only", "XYZ").stderr


def test_a_wrong_value_is_named_with_its_file_and_help_works_all_the_same(call, work):
    done = call('max-drop = "much"', "check")
    assert done.returncode == 2
    assert done.stderr == (
        f"envdoctor: {work / 'pyproject.toml'}: max-drop: 'much' is no number of points; write 5 or 5%.\n"
    )
    assert call("colour = 1", "check").returncode == 2
    for words in (("check", "--help"), ("explain", "PKG001")):
        assert call("colour = 1", *words).returncode == 0


def test_config_shows_what_is_in_force_and_where_it_comes_from(call, work):
    done = call('goal = "edgetpu"\nmax-drop = 3', "config", ENVDOCTOR_MAX_DROP="4%", ENVDOCTOR_GAOL="edgetpu")
    assert done.returncode == 0, done.stderr
    assert f"goal: edgetpu ({work / 'pyproject.toml'})" in done.stdout
    assert "max-drop: 4% (ENVDOCTOR_MAX_DROP)" in done.stdout
    assert "skip: not set\n" in done.stdout
    assert "ENVDOCTOR_GAOL is set, and envdoctor knows no such variable." in done.stdout
    shown = json.loads(call(IGNORE, "config", "--json").stdout)
    assert shown["keys"]["ignore"]["value"][0]["reason"] == "we know"
    assert "ignore: PKG001 (we know, until 2999-01-01)" in call(IGNORE, "config").stdout
    assert call('max-drop = "much"', "config").returncode == 2


def test_every_variable_that_the_code_reads_is_known_and_documented(call):
    texts = [path.read_text("utf-8") for path in (ROOT / "envdoctor").rglob("*.py")]
    names = {name for text in texts for name in re.findall(r"\"(ENVDOCTOR_[A-Z_]+)\"", text)}
    assert {"ENVDOCTOR_STATE", "ENVDOCTOR_HISTORY"} < names
    said = call("", "config", **dict.fromkeys(names - {"ENVDOCTOR_CONFIG"}, "x")).stdout
    assert [name for name in names if f"{name} is set, and envdoctor knows no such" in said] == []
    documented = (ROOT / "docs/configuration.md").read_text("utf-8")
    assert [name for name in names if f"`{name}`" not in documented] == []


def test_the_users_file_sets_the_cache(call, work, tmp_path):
    (tmp_path / "envdoctor").mkdir()
    (tmp_path / "envdoctor/config.toml").write_text(f'cache = "{(tmp_path / "elsewhere").as_posix()}"\n')
    environments = tmp_path / "elsewhere/environments/tensorflow-cp311-linux-x86_64-0"
    environments.mkdir(parents=True)
    assert str(environments) in call("", "env", "list").stdout
    other = call("", "env", "list", ENVDOCTOR_CACHE=str(tmp_path / "other"))
    assert str(environments) not in other.stdout


def test_a_goal_that_is_configured_need_not_be_typed(call):
    done = call('goal = "edgetpu"', "routes", "absent.keras")
    assert "Missing option" not in done.stderr
    assert "absent.keras" in done.stderr
