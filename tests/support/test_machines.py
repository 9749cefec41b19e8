from envdoctor.core.data import load_table
from envdoctor.support.machines import PREFERRED, new_environment, rooms, toolchains


def test_releases_of_one_toolchain_are_one():
    found = {one.title: one for one in toolchains()}
    tensorflow = next(one for title, one in found.items() if title.startswith("TensorFlow"))
    assert len([title for title in found if title.startswith("TensorFlow")]) == 1
    rows = [row for name, row in load_table("environments").items() if name.startswith("tensorflow")]
    assert len(rows) > 1
    assert tensorflow.pythons == {tuple(map(int, text.split("."))) for row in rows for text in row["pythons"]}
    assert set(tensorflow.platforms) == {platform for row in rows for platform in row["platforms"]}


def test_the_preferred_python_suits_all():
    preferred = tuple(map(int, PREFERRED.split(".")))
    assert all(preferred in one.pythons for one in toolchains())


def test_another_python_is_an_environment_beside():
    fix = new_environment("Because.", "3.12")
    assert fix.commands == (("uv", "venv", "--python", "3.12", ".venv-3.12"),)
    assert fix.safe


def test_what_each_environment_takes():
    assert rooms()["tensorflow"] > 10**9 > rooms()["vela"] > 10**6
