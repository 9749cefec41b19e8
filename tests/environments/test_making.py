"""Making environments with the real uv, from an index on loopback: once, whole or not at all."""

import contextlib
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from envdoctor.core.errors import EnvironmentProblem, NetworkProblem
from envdoctor.environments.making import ensure, own_python, prefix_of
from envdoctor.environments.store import MARKER
from envdoctor.executors.local import LocalExecutor
from tiny_wheels import pin, tiny_wheel

RUN = LocalExecutor()
POSIX = pytest.mark.skipif(os.name == "nt", reason="links and signals as POSIX has them")
WHEEL = "/files/tiny/tiny-1.0-py3-none-any.whl"

#: A module that says that it is imported, and waits as long as a file is there.
WAITING = b"""
import os, pathlib, time
gate = os.environ.get("TINY_WAITS")
if gate:
    pathlib.Path(gate + ".reached").touch()
    while os.path.exists(gate):
        time.sleep(0.02)
"""
PROCESS = """
import sys
from pathlib import Path
from tiny_wheels import tiny_spec
from envdoctor.core.request import Request
from envdoctor.environments.making import ensure
from envdoctor.executors.local import LocalExecutor
lock, cache, platform = sys.argv[1:]
say = lambda text: print(text, flush=True)
made = ensure(tiny_spec(Path(lock), platform=platform), Request(cache=Path(cache)), LocalExecutor(), say)
print("MADE", made.python, flush=True)
"""


def make(spec, request, said=None):
    return ensure(spec, request, RUN, [].append if said is None else said.append)


def environments(request):
    """The folders of environments, whole or not."""
    with contextlib.suppress(FileNotFoundError):
        return [one.name for one in (request.cache / "environments").iterdir() if one.is_dir()]
    return []


def downloads(index):
    return len([one for one in index.requests_for(WHEEL) if "Range" not in one.headers])


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_is_made_once_and_reused(spec, request_, index):
    said = []
    made = make(spec, request_, said)
    assert dict(made.distributions) == {"tiny": "1.0"}
    assert made.problem == ""
    code = [made.python, "-c", "import sys, tiny; print(tiny.VERSION, sys.prefix)"]
    assert subprocess.run(code, capture_output=True, text=True, check=True).stdout.split() == ["1.0", str(made.folder)]
    assert said[0].startswith("making Tiny 1.0 with Python ")
    assert "up to 1 MB to download, 1 MB on disk in" in said[0]
    assert any(line.startswith("Installed 1 package") for line in said)
    assert said[-1].startswith("Tiny 1.0 is ready")
    said.clear()
    assert make(spec, request_, said) == made
    assert said == []
    assert downloads(index) == 1


def test_nothing_of_the_users_own_python_is_in_it(spec, request_, index):
    made = make(spec, request_)
    result = subprocess.run([made.python, "-c", "import click"], capture_output=True, text=True, check=False)
    assert "No module named 'click'" in result.stderr


@pytest.mark.parametrize("name", ["tiny.py", "tiny-1.0.dist-info/METADATA", "tiny-1.0.dist-info/RECORD"])
def test_a_missing_file_has_it_made_again(spec, request_, index, name):
    made = make(spec, request_)
    (file,) = made.folder.rglob(name)
    file.unlink()
    said = []
    assert make(spec, request_, said).problem == ""
    assert file.exists()
    assert said[0].startswith("Tiny 1.0 is there but can't be used (")
    assert downloads(index) == 1  # from uv's cache


def test_a_file_that_was_written_to_is_fetched_again_since_the_cache_has_the_same_file(spec, request_, index):
    made = make(spec, request_)
    (file,) = made.folder.rglob("tiny.py")
    before = file.read_bytes()
    with file.open("ab") as stream:
        stream.write(b"# damaged\n")
    said = []
    assert make(spec, request_, said).problem == ""
    assert file.read_bytes() == before
    assert "tiny.py is gone or has changed" in said[0]


def test_another_distribution_in_it_is_damage(spec, request_, index):
    made = make(spec, request_)
    (site,) = made.folder.rglob("tiny-1.0.dist-info")
    stranger = site.with_name("stranger-1.dist-info")
    stranger.mkdir()
    (stranger / "RECORD").touch()
    make(spec, request_)
    assert not stranger.exists()


@POSIX
@pytest.mark.parametrize("target", ["/no/such/python", shutil.which("false") or "/bin/false"])
def test_a_python_that_is_gone_or_broken_has_it_made_again(spec, request_, index, target):
    made = make(spec, request_)
    made.python.unlink()
    made.python.symlink_to(target)
    said = []
    again = make(spec, request_, said)
    assert subprocess.run([again.python, "-c", "import tiny"], check=False).returncode == 0
    assert "can't be used" in said[0]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"name": 1}'])
def test_a_damaged_marker_is_none(spec, request_, index, content):
    made = make(spec, request_)
    (made.folder / MARKER).write_bytes(content)
    assert make(spec, request_).problem == ""


def test_other_pins_are_another_environment(spec, request_, index):
    first = make(spec, request_)
    index.add("tiny", *tiny_wheel(version="2.0"))
    spec.lock.write_text(pin("tiny", "2.0", tiny_wheel(version="2.0")[1]))
    second = make(spec, request_)
    assert second.folder != first.folder
    assert dict(second.distributions) == {"tiny": "2.0"}
    assert len(environments(request_)) == 2


def test_find_links_alone_will_do(spec, request_, index, monkeypatch, tmp_path):
    name, content = tiny_wheel()
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / name).write_bytes(content)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    assert make(spec, request_).problem == ""
    assert index.seen == []


def failing(spec, request, kind):
    """The message, after seeing that nothing half-made is left."""
    with pytest.raises(kind) as caught:
        make(spec, request)
    assert environments(request) == []
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    return str(caught.value)


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


def test_offline_it_is_made_from_the_cache_or_not_at_all(spec, request_, index):
    offline = dataclasses.replace(request_, offline=True)
    assert "nothing may be fetched offline" in failing(spec, offline, EnvironmentProblem)
    made = make(spec, request_)
    shutil.rmtree(made.folder)
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


def test_no_python_fits(spec, request_, index):
    old = dataclasses.replace(spec, pythons=("3.4",))
    message = failing(old, request_, EnvironmentProblem)
    assert message.startswith("Tiny 1.0 needs CPython 3.4, and none was found among: Python ")
    assert index.seen == []


@POSIX
def test_another_python_of_the_machine_is_taken_where_the_users_own_is_broken(
    spec, request_, index, tmp_path, monkeypatch
):
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
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


def test_a_disk_that_is_too_small_is_said_before_anything_is_fetched(spec, request_, index):
    need = dataclasses.replace(next(iter(spec.platforms.values())), installed=10**17)
    large = dataclasses.replace(spec, platforms=dict.fromkeys(spec.platforms, need))
    message = failing(large, request_, EnvironmentProblem)
    assert "it takes 100000000.0 GB, and the disk of" in message
    assert downloads(index) == 0
    make(spec, request_)
    shutil.rmtree(request_.cache / "environments")
    assert make(large, request_).problem == ""  # all of it is in uv's cache


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 6 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
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


@pytest.fixture
def waiting(spec, index, tmp_path, monkeypatch):
    """A tiny package whose import waits for a file to go; that file."""
    name, content = tiny_wheel(files={"tiny.py": WAITING})
    index.add("tiny", name, content)
    spec.lock.write_text(pin("tiny", "1.0", content))
    gate = tmp_path / "gate"
    gate.touch()
    monkeypatch.setenv("TINY_WAITS", str(gate))
    yield gate
    gate.unlink(missing_ok=True)


@pytest.fixture
def start(spec, request_, platform, pytestconfig, tmp_path):
    """Start a process of its own that makes the environment; its output goes to a file."""
    started = []

    def run(name):
        log = tmp_path / name
        path = os.pathsep.join(map(str, (pytestconfig.rootpath, pytestconfig.rootpath / "tests" / "support")))
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-c", PROCESS, str(spec.lock), str(request_.cache), platform],
                env=dict(os.environ, PYTHONPATH=path),
                stdout=stream,
                stderr=stream,
            )
        started.append(process)
        return process, log

    yield run
    for process in started:
        process.kill()
        process.wait()


def reached(gate):
    return gate.with_name(gate.name + ".reached").exists()


def test_two_processes_make_it_once_and_the_second_says_that_it_waits(start, waiting, index):
    first, first_log = start("first")
    until(lambda: reached(waiting))
    second, second_log = start("second")
    until(lambda: "another envdoctor is making Tiny 1.0; waiting for it" in second_log.read_text())
    waiting.unlink()
    assert first.wait(60) == 0, first_log.read_text()
    assert second.wait(60) == 0, second_log.read_text()
    assert first_log.read_text().splitlines()[-1] == second_log.read_text().splitlines()[-1]
    assert "Installed" not in second_log.read_text()


@POSIX
def test_killed_in_the_middle_it_is_made_anew(start, waiting, spec, request_, index):
    process, _ = start("killed")
    until(lambda: reached(waiting))
    process.kill()
    process.wait()
    (left,) = environments(request_)
    assert not (request_.cache / "environments" / left / MARKER).exists()
    waiting.unlink()
    said = []
    assert make(spec, request_, said).problem == ""
    assert "it was never finished" in said[0]


@POSIX
def test_an_interrupt_leaves_nothing_and_ends_the_children(start, waiting, request_):
    process, log = start("interrupted")
    until(lambda: reached(waiting))
    process.send_signal(signal.SIGINT)
    assert process.wait(60) != 0
    assert "KeyboardInterrupt" in log.read_text()
    assert environments(request_) == []


def test_whose_python_and_whose_pip(tmp_path, request_):
    assert str(own_python(request_)) == sys.executable
    assert str(prefix_of(own_python(request_))) == sys.prefix
    folder = tmp_path / "venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").touch()
    assert prefix_of(folder / "bin" / "python") == folder
    assert prefix_of(folder) == folder
    assert prefix_of(tmp_path / "elsewhere" / "python") is None
