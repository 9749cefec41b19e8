"""The folder a build works in: finished stages by key, logs, and publishing so that nothing is ever half-written.

Layout below the folder that `--out` names::

    model_int8.tflite, manifest.json, ...    what the user came for, put in place by renames, the manifest last
    .envdoctor/stages/KEY/                   a finished stage: stage.json and what it made
    .envdoctor/stages/KEY/requests/          what its workers were asked, as the recorded commands name it
    .envdoctor/logs/STAGE.log                everything that the stage's processes printed
    .envdoctor/logs/STAGE/requests/          of a stage that failed: what its workers were asked
    .envdoctor/tmp-*/                        a stage at work; removed when it fails or at the next start
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Mapping  # noqa: TC003  (msgspec resolves the annotations when it decodes)
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.artifact import Artifact
from envdoctor.core.errors import BuildFailed, Unreadable, UsageProblem
from envdoctor.core.finding import Finding  # noqa: TC001  (the same)
from envdoctor.pipeline.publication import Publication, is_full, unwritable
from envdoctor.stages.processes import REQUESTS
from envdoctor.support.files import read_regular
from envdoctor.support.hashing import hash_path
from envdoctor.support.packing import unpack_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from filelock import BaseFileLock

#: Bytes of such a file.
_LARGEST = 64 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GateUse:
    """The environment that a stage's product was judged in.

    Attributes:
        name: of the environment.
        identity: what it was; None if it could not be had, or can change unseen.
    """

    name: str
    identity: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRecord:
    """What is kept of a finished stage; paths are relative to its folder.

    Attributes:
        sha256: of the artifact.
        others: SHA-256 of whatever else of it is used later, by path.
    """

    kind: str
    path: str
    sha256: str
    others: Mapping[str, str] = field(default_factory=dict)
    traits: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    reference: str | None = None
    log: str = ""
    seconds: float = 0.0
    peak_memory: int | None = None
    commands: tuple[tuple[str, ...], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    gate_environment: Mapping[str, str] = field(default_factory=dict)
    gate: GateUse | None = None
    summary: Mapping[str, object] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStage:
    """A finished stage on disk."""

    folder: Path
    record: StageRecord

    @property
    def artifact(self) -> Artifact:
        """The artifact that the stage made."""
        return Artifact(
            kind=self.record.kind,
            path=self.folder / self.record.path,
            sha256=self.record.sha256,
            traits=frozenset(self.record.traits),
        )

    @property
    def reference(self) -> Path | None:
        """The folder of reference outputs that it wrote."""
        return None if self.record.reference is None else self.folder / self.record.reference

    @property
    def files(self) -> tuple[Path, ...]:
        """What else it made that is worth keeping."""
        return tuple(self.folder / name for name in self.record.files)


class Workspace:
    """An open workspace, locked against a second build in the same folder; see `open_workspace`."""

    def __init__(self, out: Path) -> None:
        self.out = out.absolute()  # stages run in folders of their own
        self._base = self.out / ".envdoctor"

    def find(self, key: str) -> StoredStage | None:
        """The finished stage of that key, if it is there and what it made is what it was."""
        folder = self._base / "stages" / key
        try:
            record = unpack_json(read_regular(folder / "stage.json", _LARGEST), StageRecord)
            made = {**record.others, record.path: record.sha256}
            intact = all(hash_path(folder / name) == sha256 for name, sha256 in made.items())
        except (OSError, Unreadable):
            return None
        return StoredStage(folder=folder, record=record) if intact else None

    @contextlib.contextmanager
    def work_folder(self) -> Iterator[Path]:
        """An empty folder to work in; gone afterwards unless `keep` moved it."""
        folder = Path(tempfile.mkdtemp(prefix="tmp-", dir=self._base))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, folder: Path, key: str, record: StageRecord) -> StoredStage:
        """Make a finished work folder the stage of that key, in one step.

        Where the recorded commands and the workers' requests name the work folder, they will name the stage's: so that
        they can be looked at and run again.
        """
        import msgspec

        target = self._base / "stages" / key
        record = dataclasses.replace(record, commands=renamed(record.commands, folder, target))
        _rename_in_requests(folder, target)
        (folder / "stage.json").write_bytes(msgspec.json.encode(record))
        if target.is_dir():
            shutil.rmtree(target, ignore_errors=True)
        else:
            target.unlink(missing_ok=True)
        folder.replace(target)
        return StoredStage(folder=target, record=record)

    def log(self, name: str) -> Path:
        """A fresh log file of that name."""
        path = self._base / "logs" / f"{name}.log"
        path.unlink(missing_ok=True)
        shutil.rmtree(path.with_suffix(""), ignore_errors=True)
        return path

    def keep_requests(self, folder: Path, log: Path) -> Path:
        """Keep of a work folder that will go what the workers were asked, beside the stage's log.

        Returns:
            The folder that they, and commands that are run again, name in place of the work folder.

        Raises:
            OSError: the disk is full.
        """
        target = log.with_suffix("")
        if (folder / REQUESTS).is_dir():
            _rename_in_requests(folder, target)
            shutil.copytree(folder / REQUESTS, target / REQUESTS)
        return target

    def log_path(self, name: str) -> Path | None:
        """An existing log file, by its file name."""
        path = self._base / "logs" / name
        return path if name and path.exists() else None

    @contextlib.contextmanager
    def publishing(self) -> Iterator[Publication]:
        """Put files into the folder that the user named: all of them when the block ends, none if it fails.

        A file of the same name is replaced in one step. The last one that was added goes first and comes last: if it is
        there, so are the others, though the process be killed in between.

        Raises:
            UsageProblem: a folder has the name of a file.
            BuildFailed: the disk is full, or a file can't be replaced.
        """
        with self.work_folder() as folder:
            publication = Publication(folder)
            try:
                yield publication
                publication.put_in_place(self.out)
            except OSError as error:
                raise unwritable(error, self.out) from None


@contextlib.contextmanager
def open_workspace(out: Path) -> Iterator[Workspace]:
    """Open the workspace below a folder, made if it is not there.

    Raises:
        UsageProblem: `out` is a file, or can't be written to, or its file system has no locks.
        BuildFailed: another build is working there, or its disk is full.
    """
    base, is_new = out / ".envdoctor", not out.exists()
    try:
        lock = _take(base, out)
    except OSError as error:
        _remove_empty(base, is_new=is_new)
        raise _unusable(error, out) from None
    try:
        for stale in base.glob("tmp-*"):
            shutil.rmtree(stale, ignore_errors=True)
        yield Workspace(out)
    except BuildFailed:  # the disk is full: nothing is left that holds nothing
        _remove_empty(base, is_new=is_new)
        raise
    finally:
        lock.release()


def _take(base: Path, out: Path) -> BaseFileLock:
    """Makes the folders and takes the lock; raises as `open_workspace`, or OSError."""
    import filelock

    try:
        for name in ("stages", "logs"):
            (base / name).mkdir(parents=True, exist_ok=True)
        descriptor, probe = tempfile.mkstemp(dir=out)
        os.close(descriptor)
        Path(probe).unlink()
    except (FileExistsError, NotADirectoryError):
        raise UsageProblem(f"--out {out}: it is a file, or lies below one; name a folder") from None
    lock = filelock.FileLock(base / "lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise BuildFailed(f"another envdoctor is building in {out}; wait for it or name another --out") from None
    except NotImplementedError:
        raise UsageProblem(f"--out {out}: its file system has no locks; name a folder on another") from None
    return lock


def _remove_empty(base: Path, *, is_new: bool) -> None:
    """Removes the lock, while it is held, and the folders with nothing in them; `out` too, if it was made now."""
    with contextlib.suppress(OSError):
        (base / "lock").unlink()
    for folder in (base / "stages", base / "logs", base, *((base.parent,) if is_new else ())):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _unusable(error: OSError, out: Path) -> UsageProblem | BuildFailed:
    if is_full(error) and error.errno != errno.EROFS:
        return unwritable(error, out)
    where = f" {error.filename}:" if isinstance(error, IsADirectoryError) else ""
    return UsageProblem(f"--out {out}:{where} {error.strerror or error}; name a folder that can be written to")


def renamed(commands: Iterable[tuple[str, ...]], folder: Path, target: Path) -> tuple[tuple[str, ...], ...]:
    """Commands with another folder in place of the one that they name."""
    return tuple(tuple(word.replace(str(folder), str(target)) for word in argv) for argv in commands)


def _rename_in_requests(folder: Path, target: Path) -> None:
    for request in (folder / REQUESTS).glob("*.json"):
        text = request.read_text(encoding="utf-8")
        request.write_text(text.replace(_in_json(folder), _in_json(target)), encoding="utf-8")


def _in_json(path: Path) -> str:
    """A path as JSON spells it inside a text."""
    return json.dumps(str(path))[1:-1]
