"""The build folder: what is published is whole, what is kept is checked."""

import errno
import json
import os
from pathlib import Path

import filelock
import pytest

from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.errors import BuildFailed, UsageProblem
from envdoctor.pipeline.workspace import StageRecord, open_workspace
from envdoctor.support.hashing import hash_path


def kept(workspace, key="k", content=b"made"):
    with workspace.work_folder() as folder:
        (folder / "m.tflite").write_bytes(content)
        record = StageRecord(kind=ArtifactKind.TFLITE_INT8, path="m.tflite", sha256=hash_path(folder / "m.tflite"))
        return workspace.keep(folder, key, record)


def test_a_kept_stage_is_found_again(tmp_path):
    with open_workspace(tmp_path / "out") as workspace:
        kept(workspace)
    with open_workspace(tmp_path / "out") as workspace:
        stored = workspace.find("k")
        assert stored.artifact.path.read_bytes() == b"made"
        assert workspace.find("other") is None


def test_a_relative_folder_stays_the_same_when_a_stage_changes_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open_workspace(Path("out")) as workspace, workspace.work_folder() as folder:
        monkeypatch.chdir("/")
        assert folder.is_dir()
        assert workspace.log("x").parent == tmp_path / "out" / ".envdoctor" / "logs"


@pytest.mark.parametrize("damage", ["content", "record", "gone"])
def test_a_damaged_stage_is_not_found(tmp_path, damage):
    with open_workspace(tmp_path) as workspace:
        folder = kept(workspace).folder
        if damage == "content":
            (folder / "m.tflite").write_bytes(b"other")
        elif damage == "record":
            (folder / "stage.json").write_text("{")
        else:
            (folder / "m.tflite").unlink()
        assert workspace.find("k") is None


def test_what_was_run_names_folders_that_stay(tmp_path):
    with open_workspace(tmp_path / "ö") as workspace, workspace.work_folder() as folder:
        (folder / "m.tflite").write_bytes(b"made")
        (folder / "requests").mkdir()
        request = folder / "requests" / "1-x.json"
        request.write_text(json.dumps({"output": str(folder / "m.tflite"), "source": "/else/m.keras"}))
        record = StageRecord(
            kind=ArtifactKind.TFLITE_INT8,
            path="m.tflite",
            sha256=hash_path(folder / "m.tflite"),
            commands=(("python", str(request)), ("vela", f"--output-dir={folder}")),
        )
        stored = workspace.keep(folder, "k", record)
        ((_, named), (_, option)) = stored.record.commands
        asked = json.loads(Path(named).read_text())
        assert asked == {"output": str(stored.artifact.path), "source": "/else/m.keras"}
        assert option == f"--output-dir={stored.folder}"
        assert workspace.find("k").record.commands == stored.record.commands


def test_a_stage_can_be_replaced(tmp_path):
    with open_workspace(tmp_path) as workspace:
        kept(workspace)
        assert kept(workspace, content=b"new").artifact.path.read_bytes() == b"new"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_is_published_appears_at_once(tmp_path):
    (tmp_path / "s").write_bytes(b"new")
    out = tmp_path / "out"
    with open_workspace(out) as workspace:
        (out / "t").write_bytes(b"old")
        with workspace.publishing() as publication:
            publication.copy(tmp_path / "s", "t")
            publication.write("manifest.json", b"{}")
            assert names(out) == [".envdoctor", "t"]
            assert (out / "t").read_bytes() == b"old"
        assert names(out) == [".envdoctor", "manifest.json", "t"]
        assert (out / "t").read_bytes() == b"new"
        assert (out / "t").stat().st_mode == (tmp_path / "s").stat().st_mode
        assert names(out / ".envdoctor") == ["lock", "logs", "stages"]


def publish(workspace, *steps):
    """Copy a file, write content, or have a step of one's own taken, in that order."""
    with workspace.publishing() as publication:
        for step in steps:
            step(publication)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/x"), "/x: No space left on device; free some space"),
        (OSError(errno.EROFS, "Read-only file system", "OUT/.envdoctor/tmp-x/t"), "OUT: Read-only file system; free"),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), "/x: Permission denied; make it writable"),
    ],
)
def test_a_publication_that_fails_leaves_what_was_there(tmp_path, error, words):
    def fail(_):
        error.filename = error.filename.replace("OUT", str(tmp_path))
        raise error

    with open_workspace(tmp_path) as workspace:
        (tmp_path / "t").write_bytes(b"old")
        with pytest.raises(BuildFailed, match=words.replace("OUT", str(tmp_path))):
            publish(workspace, lambda one: one.write("t", b"new"), fail)
        assert (tmp_path / "t").read_bytes() == b"old"
        assert names(tmp_path) == [".envdoctor", "t"]
        assert names(tmp_path / ".envdoctor") == ["lock", "logs", "stages"]


def test_a_folder_with_the_name_of_a_file_is_left_alone(tmp_path):
    (tmp_path / "manifest.json").mkdir()
    with open_workspace(tmp_path) as workspace:
        (tmp_path / "t").write_bytes(b"old")
        with pytest.raises(UsageProblem, match=r"manifest\.json is a folder"):
            publish(workspace, lambda one: one.write("t", b"new"), lambda one: one.write("manifest.json", b"{}"))
        assert (tmp_path / "t").read_bytes() == b"old"


def test_a_manifest_is_never_beside_what_it_does_not_describe(tmp_path, monkeypatch):
    def killed(*_):
        assert names(tmp_path) == [".envdoctor", "t"]
        raise KeyboardInterrupt

    with open_workspace(tmp_path) as workspace:
        for name in ("t", "manifest.json"):
            (tmp_path / name).write_bytes(b"old")
        steps = [lambda one: one.write("t", b"new"), lambda one: one.write("manifest.json", b"new")]
        with pytest.raises(KeyboardInterrupt):
            publish(workspace, *steps, lambda _: monkeypatch.setattr(Path, "replace", killed))


@pytest.mark.parametrize("was_there", [False, True])
def test_a_build_that_could_keep_nothing_leaves_no_lock(tmp_path, was_there):
    out = tmp_path / "out"
    if was_there:
        out.mkdir()
    with pytest.raises(BuildFailed, match="no room"), open_workspace(out):
        raise BuildFailed("no room")
    assert names(tmp_path) == (["out"] if was_there else [])
    assert not was_there or names(out) == []


@pytest.mark.parametrize("name", ["lock", "stages"])
def test_a_workspace_that_is_none(tmp_path, name):
    place = tmp_path / ".envdoctor" / name
    if name == "lock":
        place.mkdir(parents=True)
    else:
        place.parent.mkdir()
        place.touch()
    with pytest.raises(UsageProblem, match="--out"), open_workspace(tmp_path):
        pass


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (NotImplementedError(), UsageProblem, "has no locks"),
        (OSError(errno.EACCES, "Permission denied"), UsageProblem, "can be written"),
        (OSError(errno.ENOSPC, "No space left on device"), BuildFailed, "free some space"),
    ],
)
def test_a_lock_that_cannot_be_taken(tmp_path, monkeypatch, error, kind, words):
    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    with pytest.raises(kind, match=words), open_workspace(tmp_path):
        pass


def test_a_file_in_the_place_of_a_stage_is_replaced(tmp_path):
    with open_workspace(tmp_path) as workspace:
        (tmp_path / ".envdoctor" / "stages" / "k").touch()
        assert workspace.find("k") is None
        assert kept(workspace).artifact.path.read_bytes() == b"made"


def test_what_a_killed_build_left_is_swept_away(tmp_path):
    (tmp_path / ".envdoctor" / "tmp-dead").mkdir(parents=True)
    with open_workspace(tmp_path):
        assert not (tmp_path / ".envdoctor" / "tmp-dead").exists()


def test_a_second_build_in_the_same_folder_is_refused(tmp_path):
    with open_workspace(tmp_path), pytest.raises(BuildFailed, match="another envdoctor"), open_workspace(tmp_path):
        pass


def test_out_that_is_a_file(tmp_path):
    (tmp_path / "f").write_text("")
    with pytest.raises(UsageProblem, match="it is a file"), open_workspace(tmp_path / "f"):
        pass
    with pytest.raises(UsageProblem, match="--out"), open_workspace(tmp_path / "f" / "below"):
        pass


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_out_that_cannot_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(UsageProblem, match="can be written"), open_workspace(tmp_path / "out"):
        pass


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a file system that refuses everybody")
def test_out_that_nobody_can_write():
    with pytest.raises(UsageProblem, match="--out /proc/self/out"), open_workspace(Path("/proc/self/out")):
        pass
