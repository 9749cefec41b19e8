"""Where interpreters are on this system, which makes environments itself, and on Windows as documented."""

import venv
from pathlib import Path

from envdoctor.support.virtual_environments import interpreter_in, interpreter_names


def test_what_venv_makes_is_found(tmp_path):
    venv.create(tmp_path / "env", with_pip=False, symlinks=True)
    assert interpreter_in(tmp_path / "env").exists()


def test_on_windows_it_is_in_scripts():
    assert interpreter_in(Path("env"), windows=True) == Path("env/Scripts/python.exe")
    assert interpreter_names(windows=True)[1] == "python.exe"  # conda's
