"""What native code writes past Python is kept, and is in the log all the same."""

import os

import pytest

from envdoctor.stages.workers.native_output import captured


def test_what_native_code_says_is_kept_and_written_on(tmp_path, capfd):
    with captured(tmp_path / "said.txt") as said:
        os.write(2, b"kernel 'aten::x' not found\n")
    assert said == ["kernel 'aten::x' not found\n"]
    assert "aten::x" in capfd.readouterr().err


def test_it_is_kept_where_an_error_ends_it(tmp_path, capfd):
    said = []

    def fail():
        with captured(tmp_path / "said.txt") as words:
            said.append(words)
            os.write(2, b"why\n")
            int("no number")

    with pytest.raises(ValueError, match="no number"):
        fail()
    assert said == [["why\n"]]
    os.write(2, b"behind\n")
    assert "behind" in capfd.readouterr().err
