"""Which of option, variable, pyproject.toml and user file counts; and what is said of a file that is wrong."""

import os
import re
from datetime import date
from pathlib import Path

import pytest

from envdoctor.configuration import ONLY_USER, Ignore, spelled, variable
from envdoctor.configuration.reading import KEYS, project_file, read_configuration
from envdoctor.core.errors import UsageProblem

PAGE = (Path(__file__).parents[2] / "docs/configuration.md").read_text("utf-8")


@pytest.fixture
def own(tmp_path):
    """The user's own file."""
    file = tmp_path / "own.toml"
    file.write_text("")
    return file


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    return folder / "pyproject.toml"


@pytest.fixture
def read(project, own):
    def read(table="", **variables):
        project.write_text(table)
        return read_configuration(project.parent, {"ENVDOCTOR_CONFIG": str(own), **variables})

    return read


def test_nothing_is_configured_by_default(read):
    found = read()
    assert not found.origins
    assert not any(getattr(found.settings, key) for key in KEYS)


def test_a_variable_counts_more_than_the_project_and_that_more_than_the_users_file(read, own, project):
    own.write_text('goal = "a"\nplatforms = ["a"]\npythons = ["3.10"]\n')
    found = read('[tool.envdoctor]\ngoal = "b"\nplatforms = ["b"]\n', ENVDOCTOR_GOAL="c")
    assert (found.settings.goal, found.settings.platforms, found.settings.pythons) == ("c", ["b"], ["3.10"])
    assert found.origins == {"goal": "ENVDOCTOR_GOAL", "platforms": str(project), "pythons": str(own)}


def test_a_variable_holds_a_list_with_commas(read):
    assert read(ENVDOCTOR_SELECT="PKG, LIB001,").settings.select == ["PKG", "LIB001"]
    assert read(ENVDOCTOR_SELECT="").settings.select is None


def test_the_nearest_pyproject_is_read_and_no_other(read, project):
    (project.parent / "inner").mkdir()
    project.write_text('[tool.envdoctor]\ngoal = "far"\n')
    assert read_configuration(project.parent / "inner", {}).settings.goal == "far"
    (project.parent / "inner/pyproject.toml").write_text("[project]\n")
    assert read_configuration(project.parent / "inner", {}).settings.goal is None
    assert project_file(project.parent / "inner") == project.parent / "inner/pyproject.toml"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('selekt = ["PKG"]', "no key 'tool.envdoctor.selekt'; did you mean 'select'"),
        ("max_dorp = 5", "did you mean 'max-drop'"),
        ("colour = 1", "the keys are select, skip"),
        ('select = "PKG"', "tool.envdoctor.select: it must be a list, not a text."),
        ("select = [1]", r"tool.envdoctor.select\[.+\]: it must be a text, not a number."),
        ("goal = 5", "tool.envdoctor.goal: it must be a text, not a number."),
        ("max-drop = []", "tool.envdoctor.max-drop: it must be a number or a text, not a list."),
        ("ignore = 5", "tool.envdoctor.ignore: it must be a list, not a number."),
        ("ignore = [5]", "it must be a table, not a number."),
        ('ignore = [{code = "PKG001"}]', "the table lacks `reason`"),
        ('ignore = [{code = "PKG001", reason = " "}]', "PKG001 needs a reason"),
        ('ignore = [{code = "PKG001", reason = "x", untill = 2027-01-01}]', "did you mean 'until'"),
        ('ignore = [{code = "PKG001", reason = "x", until = "soon"}]', "until: write 2027-03-31."),
        ('cache = "/somewhere"', "may not be set by a project"),
        ('toolchains = "/somewhere"', "ENVDOCTOR_TOOLCHAINS"),
        ("goal = ", "is no TOML file"),
        (f"max-drop = {'9' * 5000}", "is no TOML file"),
        (f"goal = {'[' * 5000}", "nested too deeply"),
    ],
)
def test_what_is_wrong_is_named_with_its_file_and_key(read, project, table, said):
    with pytest.raises(UsageProblem, match=said) as caught:
        read(f"[tool.envdoctor]\n{table}\n")
    assert str(project) in str(caught.value)


def test_a_table_that_is_none_and_files_that_can_not_be_read(read, own, project, tmp_path):
    with pytest.raises(UsageProblem, match=r"tool\.envdoctor is no table"):
        read("[tool]\nenvdoctor = 5\n")
    with pytest.raises(UsageProblem, match=r"tool\.envdoctor is no table"):
        read("tool = 5  # envdoctor\n")
    project.write_bytes(b"\xff envdoctor")
    with pytest.raises(UsageProblem, match="can't be read"):
        read_configuration(project.parent, {})
    project.unlink()
    with pytest.raises(UsageProblem, match=r"absent\.toml can't be read"):
        read_configuration(tmp_path, {"ENVDOCTOR_CONFIG": str(tmp_path / "absent.toml")})


@pytest.mark.skipif(os.name == "nt", reason="FIFOs as POSIX has them")
def test_a_file_of_the_user_that_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for place in (tmp_path / "fifo", "/dev/zero", tmp_path):
        with pytest.raises(UsageProblem, match="can't be read"):
            read_configuration(tmp_path, {"ENVDOCTOR_CONFIG": str(place)})


def test_folders_are_the_users_to_set(read, own):
    own.write_text('cache = "/big/disk"\n')
    assert read().settings.cache == "/big/disk"


def test_the_page_has_every_key_with_its_variable_and_its_example_works(read):
    rows = dict(re.findall(r"(?m)^\| `([a-z-]+)` \| .* \| `?(\w+)`? \|$", PAGE))
    expected = {spelled(key): variable(key) for key in KEYS} | {"ignore": "none"}
    assert rows == expected
    assert all(f"`{spelled(key)}`" in PAGE for key in ONLY_USER)
    found = read(re.search(r"```toml pyproject.toml\n(.*?)```", PAGE, re.DOTALL)[1])
    assert found.settings.max_drop == "2%"
    assert found.settings.ignore == [
        Ignore(
            code="PKG001",
            subject="tflite-support",
            reason="its numpy pin is older than ours; our tests pass",
            until=date(2027, 3, 31),
        )
    ]
