"""The script runs in other Pythons; here it describes this one, and environments that are made for it."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from envdoctor.environments import describe

SCRIPT = Path(describe.__file__)


def ask(python, **variables):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    argv = [str(python), "-I", "-S", "-"]
    script = SCRIPT.read_bytes()
    done = subprocess.run(argv, input=script, capture_output=True, env=environment | variables, timeout=60, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def base():
    """The interpreter below this environment."""
    return Path(sys._base_executable)


@pytest.fixture(scope="module")
def make_environment(base, tmp_path_factory):
    def make(*options):
        folder = tmp_path_factory.mktemp("environment")
        subprocess.run([str(base), "-m", "venv", "--without-pip", *options, str(folder)], check=True, timeout=120)
        return folder, folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    return make


def site_packages(folder):
    return Path(sysconfig.get_path("purelib", "nt" if os.name == "nt" else "posix_prefix", {"base": str(folder)}))


def paths(answer, origin):
    return [path for each, path in answer["site_folders"] if each == origin]


@pytest.mark.slow
def test_a_virtual_environment_sees_its_own_packages_alone(make_environment, base):
    folder, python = make_environment()
    answer = ask(python)
    assert answer["virtual"]
    assert Path(answer["prefix"]) == folder
    assert answer["base_prefix"] != answer["prefix"]
    assert str(site_packages(folder)) in paths(answer, "site")
    assert paths(answer, "base") == paths(answer, "user") == []
    assert answer["externally_managed"] == ""


@pytest.mark.slow
def test_with_the_system_s_packages_it_sees_those_after_the_user_s(make_environment):
    _, python = make_environment("--system-site-packages")
    origins = [origin for origin, _ in ask(python)["site_folders"]]
    assert origins.index("site") < origins.index("user") < origins.index("base")
    assert "user" not in [origin for origin, _ in ask(python, PYTHONNOUSERSITE="1")["site_folders"]]


@pytest.mark.slow
def test_what_it_says_is_what_the_interpreter_finds_when_it_starts_as_usual(make_environment):
    _, python = make_environment("--system-site-packages")
    code = "import sys, json; print(json.dumps([path for path in sys.path if 'packages' in path]))"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run([str(python), "-c", code], capture_output=True, env=environment, check=True, timeout=60)
    described = [path for _, path in ask(python)["site_folders"]]
    found = [path for path in json.loads(done.stdout) if path in described]
    assert found
    assert found == [path for path in described if path in found]


@pytest.mark.slow
def test_pythonpath_comes_first_although_the_script_runs_isolated(base, tmp_path):
    answer = ask(base, PYTHONPATH=f"{tmp_path}{os.pathsep}{os.pathsep}relative")
    assert answer["site_folders"][:2] == [["pythonpath", str(tmp_path)], ["pythonpath", "relative"]]


@pytest.mark.slow
def test_no_code_of_the_environment_runs(make_environment, tmp_path):
    folder, python = make_environment()
    mark = tmp_path / "mark"
    evil = f"import pathlib; pathlib.Path({str(mark)!r}).touch()\n"
    packages = site_packages(folder)
    for name in ("sitecustomize.py", "usercustomize.py", "json.py", "platform.py", "evil.pth"):
        (packages / name).write_text(evil)
    ask(python, PYTHONPATH=str(packages))
    assert not mark.exists()


@pytest.mark.slow
def test_this_process_describes_itself_as_the_script_does():
    here, there = describe.describe(), ask(sys.executable)
    differing = {name for name in here if here[name] != there[name]} - {"site_folders"}
    assert differing == set()


def test_markers_are_those_of_packaging():
    from packaging.markers import default_environment

    assert describe.markers() == default_environment()


def test_settings_of_an_environment(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nInclude-System-Site-Packages = TRUE\nbroken\n")
    settings = describe.virtual_environment(str(tmp_path / "bin/python"))
    assert settings["include-system-site-packages"] == "TRUE"
    assert settings["prefix"] == str(tmp_path)
    assert describe.virtual_environment(str(tmp_path / "other/bin/python")) == {}


@pytest.mark.skipif(os.name != "posix", reason="Windows' Python is built with all that there is for it")
def test_modules_that_a_python_was_built_without(monkeypatch):
    def import_module(name):
        if name == "_ctypes":
            raise ImportError("libffi.so.7: cannot open shared object file")

    monkeypatch.setattr("importlib.import_module", import_module)
    assert describe.describe()["left_out"] == {"_ctypes": "libffi.so.7: cannot open shared object file"}
