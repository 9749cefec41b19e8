"""What was said of a set of wheels is said again from disk, for as long as all it depends on is the same."""

import pytest

from envdoctor.availability import kept
from envdoctor.availability.catalogue import Catalogue
from envdoctor.availability.inspector import Inspector
from envdoctor.availability.metadata import MetadataReader
from envdoctor.availability.soundness import WheelJudge
from envdoctor.core.availability import CellVerdict, Pin
from envdoctor.index.access import open_index
from index_wheels import publish
from native_files import elf_bytes

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
