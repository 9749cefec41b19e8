"""What `inspect` is about."""

from __future__ import annotations

import pytest

from envdoctor.availability.subject import find_subject
from envdoctor.core.errors import UsageProblem
from index_wheels import publish, publish_sdist, wheel


def test_the_newest_version_that_the_target_takes(server, catalogue, target):
    publish(server, "app", "1.0")
    publish(server, "app", "2.0", "cp311-cp311-win_amd64")
    found = find_subject("App", catalogue, target("macos-arm64"))
    assert (found.name, found.version, found.is_local) == ("app", "1.0", False)
    assert find_subject("app", catalogue, target("windows-amd64-cp311")).version == "2.0"


def test_a_version_without_a_wheel_is_known_without_a_file(server, catalogue, target):
    publish_sdist(server, "app", "1.0")
    found = find_subject("app==1.0", catalogue, target("linux"))
    assert (found.version, found.file) == ("1.0", None)


def test_a_path(catalogue, target, tmp_path):
    name, content = wheel("My-App", "1.0")
    (tmp_path / name).write_bytes(content)
    found = find_subject(str(tmp_path / name), catalogue, target("linux"))
    assert (found.name, found.version, found.is_local) == ("my-app", "1.0", True)
    assert found.file.url == (tmp_path / name).as_uri()


@pytest.mark.parametrize("name", ["app.whl", "app-1.0-py3.whl"])
def test_a_file_that_is_not_named_like_a_wheel(catalogue, target, tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(UsageProblem, match="PEP 427"):
        find_subject(str(tmp_path / name), catalogue, target("linux"))
