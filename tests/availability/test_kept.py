"""What was said of wheels, and what uv said, is said again from disk, as long as all it depends on is the same."""

import time
from dataclasses import replace

import pytest

from envdoctor.availability import kept
from envdoctor.availability.catalogue import Catalogue
from envdoctor.availability.inspector import Inspector
from envdoctor.availability.metadata import MetadataReader
from envdoctor.availability.soundness import WheelJudge
from envdoctor.availability.uv import Question, UvResolver
from envdoctor.core.availability import CellVerdict, Pin
from envdoctor.executors.local import LocalExecutor
from envdoctor.index.access import open_index
from envdoctor.index.uv_settings import PAGE_FRESH
from envdoctor.net.cache import DiskCache
from index_wheels import publish, wheel
from native_files import elf_bytes
from uv_knowledge import know_this_python

LINUX = "cp311-cp311-manylinux_2_17_x86_64"
MODULE = "app/_native.cpython-311-x86_64-linux-gnu.so"


@pytest.fixture
def judged(server, settings, tmp_path, target):
    """Judges the wheels of the server in a run of its own: only the folder on disk is shared."""

    def run(*versions, on="linux-x86_64-cp311", complete=True):
        client = open_index(settings, tmp_path / "index")
        catalogue = Catalogue(client, MetadataReader(client))
        where = target(on)
        files = []
        for version in versions:
            filename = f"app-{version}-{LINUX}.whl"
            pin = Pin(name="app", version=version, filename=filename)
            files.append((pin, next(one for one in catalogue.project("app").files if one.filename == filename)))
        return WheelJudge(catalogue, Inspector(client)).judge_files(files, where, complete=complete)

    return run


def publish_app(server, version, *needed):
    files = {"app/__init__.py": b"from . import _native", MODULE: elf_bytes(needed)}
    publish(server, "app", version, LINUX, files=files)


@pytest.mark.slow
def test_the_same_set_is_not_looked_into_again(server, judged, monkeypatch):
    publish_app(server, "1.0", "libabsent.so.1")
    first = judged("1.0")
    assert first.verdict is CellVerdict.BROKEN
    assert first.remedies == ("app!=1.0",)
    monkeypatch.setattr(Inspector, "all", None)
    assert judged("1.0") == first


def test_another_set_target_question_or_code_is_judged_anew(server, judged, monkeypatch):
    publish_app(server, "1.0", "libc.so.6")
    publish_app(server, "2.0", "libabsent.so.1")
    judged("1.0")
    looks = []
    monkeypatch.setattr(WheelJudge, "_look", lambda *_, **__: looks.append(1) or pytest.fail("looked"))
    judged("1.0")
    assert not looks
    for versions, changes in (("2.0", {}), ("1.0", {"on": "linux-x86_64-cp312"}), ("1.0", {"complete": False})):
        with pytest.raises(pytest.fail.Exception, match="looked"):
            judged(versions, **changes)
    monkeypatch.setattr(kept, "hash_code", lambda *_folders: "other")
    with pytest.raises(pytest.fail.Exception, match="looked"):
        judged("1.0")


def test_what_a_failing_network_left_open_is_looked_at_again(server, judged):
    publish_app(server, "1.0", "libc.so.6")
    path = f"/files/app/app-1.0-{LINUX}.whl"
    server.fail(path, 500)
    assert judged("1.0").verdict is CellVerdict.UNKNOWN
    assert judged("1.0").verdict is CellVerdict.SOUND


def test_a_file_that_no_hash_names_may_change(server, judged):
    publish_app(server, "1.0", "libabsent.so.1")
    (hosted,) = server.projects["app"].values()
    hosted.hashes = {}
    assert judged("1.0").verdict is CellVerdict.BROKEN
    publish_app(server, "1.0", "libc.so.6")
    (hosted,) = server.projects["app"].values()
    hosted.hashes = {}
    assert judged("1.0").verdict is CellVerdict.SOUND


def test_an_inspector_without_a_disk_keeps_nothing(server, settings, target):
    publish_app(server, "1.0", "libc.so.6")
    client = open_index(settings, None)
    catalogue = Catalogue(client, MetadataReader(client))
    file = catalogue.project("app").files[0]
    pin = Pin(name="app", version="1.0", filename=file.filename)
    judge = WheelJudge(catalogue, Inspector(client))
    assert judge.judge_files([(pin, file)], target("linux-x86_64-cp311")).verdict is CellVerdict.SOUND


@pytest.fixture
def uv(settings, tmp_path, target):
    """Asks uv in a run of its own, `after` seconds from now; tells the pins and how many programs were run."""
    know_this_python(tmp_path / "resolver" / "uv")

    def run(*lines, of=settings, after=0.0, **terms):
        asked = []

        class Counting:
            def run(self, command):
                asked.append(command)
                return LocalExecutor().run(command)

        cache = DiskCache(tmp_path / "index")
        resolver = UvResolver(Counting(), of, tmp_path / "resolver", cache=cache)
        with pytest.MonkeyPatch.context() as patch:
            now = time.time() + after
            patch.setattr(time, "time", lambda: now)
            found = resolver.resolve(Question(requirements=lines, target=target("linux-x86_64-cp311"), **terms))
        return dict(found.pins), len(asked)

    return run


@pytest.mark.slow
def test_an_answer_of_uvs_is_kept_for_as_long_as_the_pages_it_comes_from(server, uv):
    publish(server, "app", "1.0")
    assert uv("app") == ({"app": "1.0"}, 1)
    assert uv("app") == ({"app": "1.0"}, 0)
    assert uv("app", after=PAGE_FRESH + 1) == ({"app": "1.0"}, 1)
    assert uv("app>=2") == ({}, 1)
    assert uv("app>=2") == ({}, 0)


@pytest.mark.slow
def test_other_constraints_are_another_question_and_the_same_ones_the_same(server, uv):
    publish(server, "app", "1.0")
    publish(server, "app", "2.0")
    assert uv("app") == ({"app": "2.0"}, 1)
    assert uv("app", constraints=("app<2",)) == ({"app": "1.0"}, 1)
    assert uv("app", constraints=("app<2",)) == ({"app": "1.0"}, 0)


@pytest.mark.slow
def test_no_answer_is_not_kept(server, uv):
    publish(server, "app", "1.0")
    server.fail("/simple/app/", *[500] * 20)
    assert uv("app")[0] == {}
    server.faults.clear()
    assert uv("app") == ({"app": "1.0"}, 1)


@pytest.mark.slow
def test_a_folder_of_wheels_is_looked_at_each_time(settings, uv, tmp_path):
    folder = tmp_path / "links"
    folder.mkdir()
    linked = replace(settings, find_links=(str(folder),))

    def add(version):
        name, content = wheel("app", version)
        (folder / name).write_bytes(content)

    add("1.0")
    assert uv("app", of=linked) == ({"app": "1.0"}, 1)
    assert uv("app", of=linked) == ({"app": "1.0"}, 0)
    add("2.0")
    assert uv("app", of=linked) == ({"app": "2.0"}, 1)
