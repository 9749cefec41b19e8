import os
from pathlib import Path

import pytest

from envdoctor.environments.active import brings_its_python, choose_environment


@pytest.fixture
def own(tmp_path):
    return made(tmp_path / "own")


def made(folder):
    folder.mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\n")
    return folder


def test_the_active_environment_is_chosen_and_the_others_are_told(tmp_path, own):
    active, local = made(tmp_path / "active"), made(tmp_path / "project" / ".venv")
    chosen = choose_environment({"VIRTUAL_ENV": str(active), "CONDA_PREFIX": "/conda"}, local.parent, own)
    assert (chosen.folder, chosen.reason) == (active, "VIRTUAL_ENV names it")
    assert chosen.others == (
        "/conda (CONDA_PREFIX names it)".replace("/", str(Path("/"))),
        f"{local} (it is the .venv of this folder)",
        f"{own} (envdoctor's own)",
    )


def test_a_conda_environment_is_chosen_without_a_virtual_one(tmp_path, own):
    chosen = choose_environment({"VIRTUAL_ENV": "", "CONDA_PREFIX": str(tmp_path / "conda")}, tmp_path, own)
    assert (chosen.folder, chosen.reason) == (tmp_path / "conda", "CONDA_PREFIX names it")


@pytest.mark.parametrize("name", [".venv", "venv"])
def test_the_folder_s_own_environment_is_chosen_where_none_is_active(tmp_path, own, name):
    local = made(tmp_path / "project" / name)
    chosen = choose_environment({}, local.parent, own)
    assert (chosen.folder, chosen.reason) == (local, f"it is the {name} of this folder")


def test_a_folder_of_that_name_that_is_no_environment_is_passed_over(tmp_path, own):
    (tmp_path / "venv").mkdir()
    chosen = choose_environment({}, tmp_path, own)
    assert (chosen.folder, chosen.others) == (None, ())
    assert chosen.reason == "it is envdoctor's own, and no other is active"


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_nothing_is_said_where_the_active_one_is_the_own(tmp_path, own, variable):
    chosen = choose_environment({variable: str(own)}, tmp_path, own)
    assert (chosen.folder, chosen.reason, chosen.others) == (None, "", ())


def test_the_own_one_that_is_active_wins_over_the_folder_s_and_says_so(tmp_path, own):
    local = made(tmp_path / "project" / ".venv")
    chosen = choose_environment({"VIRTUAL_ENV": str(own)}, local.parent, own)
    assert (chosen.folder, chosen.reason) == (None, "VIRTUAL_ENV names it")
    assert chosen.others == (f"{local} (it is the .venv of this folder)",)


def test_what_only_lies_in_the_folder_was_named_by_nobody(tmp_path, own):
    local = made(tmp_path / "project" / ".venv")
    assert choose_environment({}, local.parent, own).is_found
    assert not choose_environment({"VIRTUAL_ENV": f"{local}/"}, local.parent, own).is_found


@pytest.mark.parametrize("planted", ["home = {project}/python/bin\n", "version = 3.11\nHOME={project}/python/bin"])
def test_an_environment_whose_settings_lead_into_the_project_brings_its_python(tmp_path, planted):
    """Python loads its own modules from there, even with -I -S."""
    local = made(tmp_path / "project" / ".venv")
    project = local.parent
    (project / "python" / "bin").mkdir(parents=True)
    assert not brings_its_python(local, project, tmp_path)
    (local / "pyvenv.cfg").write_text(planted.format(project=project))
    assert brings_its_python(local, project, tmp_path)
    assert not brings_its_python(local, project, project)  # as in the home folder, with a version manager's


@pytest.mark.skipif(os.name != "posix", reason="on Windows the interpreter of an environment is always a copy")
@pytest.mark.parametrize("name", ["python", "python3"])
def test_an_interpreter_that_is_a_file_of_the_project_is_brought_by_it(tmp_path, name):
    local = made(tmp_path / "project" / ".venv")
    (local / "bin").mkdir()
    (local / "bin" / name).symlink_to("/usr/bin/env")
    assert not brings_its_python(local, local.parent, tmp_path)
    (local / "bin" / name).unlink()
    (local.parent / "evil").touch()
    (local / "bin" / name).symlink_to("../../evil")
    assert brings_its_python(local, local.parent, tmp_path)
    assert not brings_its_python(local, local.parent, tmp_path, windows=True)
