"""Tables of envdoctor's own, and rows that compilers add to them."""

import pytest

from envdoctor.core import data
from envdoctor.core.errors import EnvDoctorError


@pytest.fixture
def plugged(tmp_path, monkeypatch):
    """A compiler's folder beside the built-in ones."""
    built_in = data.compiler_folders()
    monkeypatch.setattr(data, "compiler_folders", lambda: (*built_in, tmp_path))
    data.load_table.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    data.load_table.cache_clear()


def test_a_compiler_adds_rows_to_the_common_tables_alone(plugged):
    (plugged / "goals.toml").write_text('[mine]\ntitle = "x"\nkind = "y"\ncompiler = "z"\n')
    (plugged / "redaction.toml").write_text('[mine]\nx = "y"\n')
    assert "mine" in data.load_table("goals")
    assert "mine" not in data.load_table("redaction")


def test_a_row_that_is_there_already_is_an_error(plugged):
    (plugged / "goals.toml").write_text('[edgetpu]\ntitle = "x"\n')
    with pytest.raises(EnvDoctorError, match=r"goals\.toml: 'edgetpu' is in the table goals already"):
        data.load_table("goals")


def test_a_file_that_is_no_toml_is_named(plugged):
    (plugged / "goals.toml").write_text("[edgetpu\n")
    with pytest.raises(EnvDoctorError, match=r"goals\.toml is no TOML file"):
        data.load_table("goals")
