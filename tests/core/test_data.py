"""Tables of envdoctor's own, and rows that compilers add to them."""

import re

import pytest

from envdoctor.core import data
from envdoctor.core.errors import EnvDoctorError


@pytest.fixture
def plugged(tmp_path, monkeypatch):
    """A compiler's folder beside the built-in ones."""
    monkeypatch.setattr(data, "plugged_folders", lambda _: (tmp_path,))
    data.load_table.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    data.load_table.cache_clear()


def test_a_compiler_adds_rows_to_the_common_tables_alone(plugged):
    (plugged / "goals.toml").write_text('[mine]\ntitle = "x"\nkind = "y"\ncompiler = "z"\n')
    (plugged / "redaction.toml").write_text('[mine]\nx = "y"\n')
    assert "mine" in data.load_table("goals")
    assert "mine" not in data.load_table("redaction")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'[edgetpu]\ntitle = "x"\n', r"\[edgetpu\] is the name of another row already"),
        (b"[edgetpu\n", r"goals\.toml is no TOML file"),
        (b'[mine]\ntitle = "x"\n', r"\[mine\] lacks compiler, kind"),
        (b"mine = 5\n", r"\[mine\] is no table"),
        (b"\xff", "decode"),
    ],
)
def test_what_is_wrong_in_a_plug_ins_table_is_left_out_and_told(plugged, content, said):
    before = data.load_table("goals")
    data.load_table.cache_clear()
    (plugged / "goals.toml").write_bytes(content)
    assert data.load_table("goals") == before
    rows, wrong = data.plugged_rows(plugged, "goals", frozenset(before))
    assert not rows
    assert re.search(said, wrong[0])


def test_two_built_in_rows_of_one_name_are_an_error(monkeypatch, tmp_path):
    (tmp_path / "goals.toml").write_text('[edgetpu]\ntitle = "x"\n')
    built_in = data.built_in_folders()
    monkeypatch.setattr(data, "built_in_folders", lambda: (*built_in, tmp_path))
    data.load_table.cache_clear()
    with pytest.raises(EnvDoctorError, match=r"goals\.toml: 'edgetpu' is in the table goals already"):
        data.load_table("goals")
