"""What keeps an environment from being made: one sentence each, and nothing half-made is left; with the real uv."""

import dataclasses
import os
import shutil
import subprocess
import sys

import pytest

from envdoctor.core.errors import EnvironmentProblem, NetworkProblem
from envdoctor.core.request import BuildOptions
from made_environments import WHEEL, downloads, failing, make
from needs import needs
from tiny_wheels import pin, tiny_wheel

pytestmark = pytest.mark.slow

POSIX = pytest.mark.skipif(os.name == "nt", reason="links and signals as POSIX has them")


def test_another_file_than_the_pinned_one_is_refused(spec, request_, index):
    spec.lock.write_text(pin("tiny", "1.0", b"other"))
    message = failing(spec, request_, EnvironmentProblem)
    assert message.startswith("Tiny 1.0 could not be set up: the package index serves another file than")


def test_a_pin_without_a_hash_is_refused(spec, request_, index):
    spec.lock.write_text("tiny==1.0\n")
    assert "hash" in failing(spec, request_, EnvironmentProblem)


def test_a_version_that_the_index_does_not_have(spec, request_, index):
    spec.lock.write_text(pin("tiny", "9.0", b""))
    assert "no version of tiny==9.0" in failing(spec, request_, EnvironmentProblem)


@pytest.mark.parametrize("fault", [500, "hang up"])
def test_an_index_that_does_not_answer_says_nothing_about_the_machine(spec, request_, index, fault):
    index.fail("/simple/tiny/", *[fault] * 20)
    assert "the package index could not be reached" in failing(spec, request_, NetworkProblem)


def test_no_index_at_all(spec, request_, index, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert "check the network, the proxy and pip's settings" in failing(spec, request_, NetworkProblem)


def test_a_download_that_breaks_off(spec, request_, index):
    index.fail(WHEEL, *["break"] * 20)
    assert "could not be reached" in failing(spec, request_, NetworkProblem)


def test_credentials_that_are_missing_are_asked_for_and_those_of_pip_are_used(spec, request_, index, monkeypatch):
    index.manners.credentials = ("me", "secret")
    assert "refuses access" in failing(spec, request_, NetworkProblem)
    monkeypatch.setenv("PIP_INDEX_URL", index.simple.replace("://", "://me:secret@"))
    said = []
    assert make(spec, request_, said).problem == ""
    assert "secret" not in "".join(said)


def test_offline_nothing_is_fetched(spec, request_, index):
    offline = dataclasses.replace(request_, offline=True)
    assert "nothing may be fetched offline" in failing(spec, offline, EnvironmentProblem)


def test_offline_it_is_made_from_the_cache(spec, request_, index, was_made):
    offline = dataclasses.replace(request_, offline=True)
    shutil.rmtree(request_.cache / "environments")
    seen = len(index.seen)
    assert make(spec, offline).problem == ""
    assert len(index.seen) == seen


def test_what_does_not_import_is_not_kept(spec, request_, index):
    name, content = tiny_wheel(files={"tiny.py": b"import no_such_module"})
    index.add("tiny", name, content)
    spec.lock.write_text(pin("tiny", "1.0", content))
    message = failing(spec, request_, EnvironmentProblem)
    assert message == (
        "Tiny 1.0 could not be set up: it was installed, but importing tiny exited with status 1: "
        "ModuleNotFoundError: No module named 'no_such_module'."
    )


def test_no_python_fits(spec, request_, index, lone_python):
    old = dataclasses.replace(spec, pythons=("3.4",))
    message = failing(old, request_, EnvironmentProblem)
    assert message.startswith("Tiny 1.0 needs CPython 3.4, and none was found among: Python ")
    assert index.seen == []


@POSIX
def test_another_python_of_the_machine_is_taken_where_the_users_own_is_broken(
    spec, request_, lone_python, was_made, tmp_path
):
    shutil.rmtree(request_.cache / "environments")
    broken = tmp_path / "broken" / "python"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    request = dataclasses.replace(request_, python=broken)
    assert make(spec, request).problem == ""
    shutil.rmtree(request_.cache / "environments")
    message = failing(dataclasses.replace(spec, pythons=("3.4",)), request, EnvironmentProblem)
    assert f"(your own, {broken}, does not run: " in message


def test_a_cache_that_is_a_file(spec, request_, index, tmp_path):
    (tmp_path / "file").touch()
    request = dataclasses.replace(request_, cache=tmp_path / "file")
    with pytest.raises(EnvironmentProblem, match=r"the cache folder .*file can't be used .*ENVDOCTOR_CACHE"):
        make(spec, request)


def test_more_than_may_be_fetched_is_said_before_it_is(spec, request_, index):
    mean = dataclasses.replace(request_, options=BuildOptions(max_download=999))
    message = failing(spec, mean, EnvironmentProblem)
    assert "would be fetched for it, and --max-download leaves" in message
    assert downloads(index) == 0


def test_what_is_in_the_cache_need_not_be_fetched(spec, request_, index, was_made):
    shutil.rmtree(request_.cache / "environments")
    mean = dataclasses.replace(request_, options=BuildOptions(max_download=1))
    assert make(spec, mean).problem == ""


@pytest.fixture
def large(spec):
    """The same, said to take more than any disk has."""
    need = dataclasses.replace(next(iter(spec.platforms.values())), installed=10**17)
    return dataclasses.replace(spec, platforms=dict.fromkeys(spec.platforms, need))


def test_a_disk_that_is_too_small_is_said_before_anything_is_fetched(large, request_, index):
    message = failing(large, request_, EnvironmentProblem)
    assert "it takes 100000000.0 GB, and the disk of" in message
    assert downloads(index) == 0


def test_no_room_is_needed_for_what_is_in_the_cache(large, request_, was_made):
    shutil.rmtree(request_.cache / "environments")
    assert make(large, request_).problem == ""  # all of it is in uv's cache


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 6 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = [needs("mount"), "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up(spec, request_, index, small_disk):
    name, content = tiny_wheel(files={"tiny.py": b"", "large.bin": os.urandom(8 << 20)})
    index.add("tiny", name, content)
    spec.lock.write_text(pin("tiny", "1.0", content))
    request = dataclasses.replace(request_, cache=small_disk)
    message = failing(_modest(spec), request, EnvironmentProblem)
    assert "the disk is full" in message or "and the disk of" in message


def _modest(spec):
    """The same, said to take nothing, so that the disk fills up though there seemed to be room."""
    need = dataclasses.replace(next(iter(spec.platforms.values())), installed=-(10**9))
    return dataclasses.replace(spec, platforms=dict.fromkeys(spec.platforms, need))
