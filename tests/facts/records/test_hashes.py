import base64
import hashlib

import pytest

from envdoctor.facts.records.hashes import Budget, differs


def recorded(data, name="sha256"):
    digest = base64.urlsafe_b64encode(hashlib.new(name, data).digest()).rstrip(b"=").decode()
    return f"{name}={digest}"


@pytest.mark.parametrize(
    ("entry", "answer"),
    [
        (recorded(b"data"), False),
        (recorded(b"data", "sha512"), False),
        (recorded(b"other"), True),
        ("sha256=", None),
        ("", None),
        ("rot13=qngn", None),
    ],
)
def test_answers(tmp_path, entry, answer):
    (tmp_path / "file").write_bytes(b"data")
    assert differs(str(tmp_path / "file"), entry, Budget()) is answer


def test_the_budget_is_spent(tmp_path):
    (tmp_path / "file").write_bytes(b"data")
    budget = Budget(left=7)
    assert differs(str(tmp_path / "file"), recorded(b"data"), budget) is False
    assert budget.left == 3
    assert differs(str(tmp_path / "file"), recorded(b"data"), budget) is None


def test_what_can_not_be_read_is_unknown(tmp_path):
    assert differs(str(tmp_path / "none"), recorded(b"x"), Budget()) is None
    assert differs(str(tmp_path), recorded(b"x"), Budget()) is None
