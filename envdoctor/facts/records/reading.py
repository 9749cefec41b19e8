"""Reads RECORD files and looks at the files they name: the hot loop of `check`, a few microseconds a file.

Format: the binary distribution format and PEP 376: comma-separated path, hash and size; a path starts from the folder
that holds the .dist-info, or is absolute; RECORD itself and compiled files have neither hash nor size.
"""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from stat import S_ISREG
from typing import TYPE_CHECKING

from envdoctor.environments.fingerprint import state_of
from envdoctor.facts.records import ChangedFile, Record
from envdoctor.facts.records.completeness import lacks_itself, unlisted_after, unlisted_beside
from envdoctor.facts.records.hashes import Budget, differs
from envdoctor.facts.records.kinds import FileKind, kind_of
from envdoctor.support.files import read_regular

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from envdoctor.environments.fingerprint import State
    from envdoctor.facts.packages import Distribution

#: The largest RECORD that is known has 5 MB and 35,000 rows.
_MOST_BYTES, _MOST_ROWS = 64 << 20, 500_000
_READ_BY_ALL = 0o004
_ABSENT = frozenset({errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.ENAMETOOLONG})


def read_record(distribution: Distribution, budget: Budget, seen: dict[str, State]) -> Record:
    """Read one RECORD, and look at its files unless the distribution is the operating system's.

    Args:
        distribution: one that has a RECORD.
        budget: of bytes to hash, for files of the recorded size that were written after the RECORD.
        seen: takes in the state of each file that is there.
    """
    try:
        text, recorded_at = _read(distribution)
        rows = parse_record(text)
        if distribution.system:
            return Record(distribution=distribution, paths=tuple(path for path, _, _ in rows))
        record = _look(distribution, rows, (recorded_at, budget), seen)
        problem = lacks_itself(distribution, record.paths)
        if problem:
            return replace(record, problem=problem)
        after = tuple(unlisted_after(distribution, record.paths, recorded_at))
        unlisted = dict.fromkeys((*after, *unlisted_beside(distribution, record.paths, recorded_at)))
        record = replace(record, behind=after, unlisted=tuple(unlisted)) if unlisted else record
        return _as_conda_keeps_it(record) if distribution.installer == "conda" else record
    except OSError as error:
        return Record(distribution=distribution, problem=f"can't be read: {error.strerror or error}")
    except UnicodeDecodeError as error:
        return Record(distribution=distribution, problem=f"is not UTF-8 text at byte {error.start}")
    except ValueError:  # of taking a row apart, or of its size
        return Record(distribution=distribution, problem="has a line that is not path, hash and size")


def read_rows(distribution: Distribution, wanted: Collection[str]) -> dict[str, tuple[str, int | None]]:
    """Hash and size of some paths in a RECORD that was read before.

    Args:
        distribution: whose RECORD.
        wanted: paths in the form that is compared.

    Returns:
        What was found, by paths in that form; what can't be read again is left out.
    """
    try:
        rows = ((comparable(path), *rest) for path, *rest in parse_record(_read(distribution)[0]))
        return {path: (digest, int(size) if size else None) for path, digest, size in rows if path in wanted}
    except (OSError, ValueError):
        return {}


def comparable(path: str, *, windows: bool = os.name == "nt") -> str:
    """A path of a RECORD in the form that is compared: Windows knows no case and two separators."""
    return path.lower().replace("\\", "/") if windows else path


def parse_record(text: str) -> Iterable[Sequence[str]]:
    """The lines of a RECORD as path, hash and size, one after the other, since a large one has tens of thousands.

    Raises:
        ValueError: too many, or quoted as CSV does not have it; while the rows are taken.
    """
    if text.count("\n") > _MOST_ROWS:
        raise ValueError("more rows than any distribution has files")
    lines = text.replace("\r\n", "\n").split("\n")
    if '"' in text:
        return _quoted(lines)
    return (line.rsplit(",", 2) for line in lines if line)


def _quoted(lines: Iterable[str]) -> Iterator[Sequence[str]]:
    import csv

    try:
        yield from (row for row in csv.reader(lines) if row)
    except csv.Error as error:
        raise ValueError(str(error)) from None


def _read(distribution: Distribution) -> tuple[str, float]:
    """The text of a RECORD, and when it was written.

    Raises:
        OSError: it is not there, no regular file, too large, or can't be read.
        UnicodeDecodeError: it is no UTF-8.
    """
    path = f"{distribution.metadata}/RECORD"
    content = read_regular(path, _MOST_BYTES)
    return content.decode(), os.stat(path).st_mtime


def _look(
    distribution: Distribution, rows: Iterable[Sequence[str]], judged: tuple[float, Budget], seen: dict[str, State]
) -> Record:
    """Hold the rows against the file system.

    Raises:
        ValueError: a row is not path, hash and size.
    """
    recorded_at, budget = judged
    base = distribution.root + "/"
    paths: list[str] = []
    missing: list[str] = []
    unseen: list[str] = []
    changed: list[ChangedFile] = []
    stat, note = os.stat, paths.append
    for path, digest, size in rows:
        note(path)
        if path.endswith((".pyc", "__pycache__")):  # virtualenv lists folders
            continue  # made by the installer or by Python, and deleted by anyone
        try:
            status = stat(place := base + path)
        except OSError as error:
            _note_absent(path, error, missing, unseen)
        else:
            seen[place] = state_of(status)
            if not S_ISREG(status.st_mode) and (digest or size):  # a folder, or a link to one
                missing.append(path)
            elif (size and status.st_size != int(size)) or (
                status.st_mtime > recorded_at and differs(base + path, digest, budget)
            ):
                changed.append(ChangedFile(path=path, recorded=int(size or status.st_size), found=status.st_size))
            if not status.st_mode & _READ_BY_ALL and _is_closed(base, path):
                unseen.append(path)
    return Record(
        distribution=distribution,
        paths=tuple(paths),
        missing=tuple(missing),
        changed=tuple(changed),
        unseen=tuple(unseen),
    )


def _is_closed(base: str, path: str) -> bool:
    """Whether it is code that this user may not read: whether it is sound is not known, and an import would fail."""
    return kind_of(path) in {FileKind.CODE, FileKind.NATIVE} and not os.access(base + path, os.R_OK)


def _note_absent(path: str, error: OSError, missing: list[str], unseen: list[str]) -> None:
    """Note a path below the root that could not be looked at; an absolute one is looked at where it is."""
    if os.path.isabs(path):
        missing += [] if os.path.exists(path) else [path]
    elif error.errno in _ABSENT:
        missing.append(path)
    else:
        unseen.append(path)


def _as_conda_keeps_it(record: Record) -> Record:
    """Without what conda does itself: it puts prefixes into files, and keeps those outside the folder elsewhere."""
    inside = tuple(path for path in record.missing if not path.startswith(".."))
    return replace(record, missing=inside, changed=())
