"""Licences are shown, accepted once, and asked for before anything is fetched."""

import os

import pytest

from envdoctor.core.errors import EnvironmentProblem, UsageProblem
from envdoctor.core.request import BuildOptions, Request
from envdoctor.environments.licenses import (
    accept,
    accepted,
    is_accepted,
    licenses_file,
    require_accepted,
    require_known,
)
from envdoctor.environments.spec import environment_spec

LICENSE = environment_spec("qualcomm").license


@pytest.fixture(autouse=True)
def configuration(tmp_path, monkeypatch):
    monkeypatch.setattr("platformdirs.user_config_path", lambda *_, **__: tmp_path / "config")


def test_a_licence_is_accepted_once():
    assert not is_accepted(LICENSE, Request())
    with pytest.raises(EnvironmentProblem, match="--accept-license qualcomm"):
        require_accepted(LICENSE, Request())
    assert is_accepted(LICENSE, Request(options=BuildOptions(accepted_licenses=("qualcomm",))))
    accept(("qualcomm",))
    assert is_accepted(LICENSE, Request())
    before = licenses_file().read_bytes()
    accept(("qualcomm",))
    assert licenses_file().read_bytes() == before


def test_a_damaged_file_is_no_acceptance():
    licenses_file().parent.mkdir(parents=True)
    for content in ("", "[]", "[" * 99_999):
        licenses_file().write_text(content)
        assert accepted() == {}
    licenses_file().unlink()
    os.mkfifo(licenses_file())
    assert accepted() == {}


def test_what_asks_for_nothing_needs_nothing():
    assert is_accepted(environment_spec("vela").license, Request())


def test_a_name_that_is_none_is_refused():
    with pytest.raises(UsageProblem, match="qualcomm"):
        require_known(("gpl",))


@pytest.mark.parametrize("content", [b"", b"\xff", b"[1]", b"{"])
def test_a_file_that_is_damaged_accepts_nothing(content):
    licenses_file().parent.mkdir(parents=True)
    licenses_file().write_bytes(content)
    assert accepted() == {}
    accept(("qualcomm",))
    assert "qualcomm" in accepted()


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "config").write_text("")
    with pytest.raises(UsageProblem, match="--accept-license"):
        accept(("qualcomm",))
