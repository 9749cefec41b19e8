"""Reads RECORD files and looks at the files they name: the hot loop of `check`, a few microseconds a file.

Format: the binary distribution format and PEP 376: comma-separated path, hash and size; a path starts from the folder
that holds the .dist-info, or is absolute; RECORD itself and compiled files have neither hash nor size.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envdoctor.facts.records import ChangedFile, Record
from envdoctor.facts.records.hashes import Budget, differs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.records import Row

_MOST_BYTES = 256 << 20
_FIELDS = 3


def read_record(distribution: Distribution, budget: Budget) -> Record:
    """Read one RECORD, and look at its files unless the distribution is the operating system's.

    Args:
        distribution: one that has a RECORD.
        budget: of bytes to hash, for files of the recorded size that were written after the RECORD.
    """
    file = f"{distribution.metadata}/RECORD"
    try:
        with open(file, "rb") as stream:
            recorded_at = os.fstat(stream.fileno()).st_mtime
            rows = parse_record(stream.read(_MOST_BYTES))
    except OSError as error:
        return Record(distribution=distribution, problem=f"can't be read: {error.strerror or error}")
    except ValueError as error:
        return Record(distribution=distribution, problem=str(error))
    if distribution.system:
        return Record(distribution=distribution, rows=rows)
    if distribution.installer == "conda":
        # conda puts prefixes into files after their sizes were noted, and keeps what lies outside elsewhere
        record = _look(distribution, rows, None, budget)
        inside = tuple(path for path in record.missing if not path.startswith(".."))
        return Record(distribution=distribution, rows=rows, missing=inside, unseen=record.unseen)
    return _look(distribution, rows, recorded_at, budget)


def parse_record(content: bytes) -> tuple[Row, ...]:
    """The lines of a RECORD.

    Raises:
        ValueError: it is no text, or a line is not path, hash and size; says which.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 text at byte {error.start}") from None
    lines = text.replace("\r\n", "\n").split("\n")
    if '"' in text:
        import csv

        rows = list(csv.reader(lines))
    else:
        rows = [line.rsplit(",", 2) for line in lines]
    rows = [row for row in rows if row not in ([], [""])]
    for row in rows:
        if len(row) != _FIELDS or not (row[2].isdecimal() or not row[2]):
            raise ValueError(f"has a line that is not path, hash and size: '{','.join(row)[:80]}'")
    if not rows:
        raise ValueError("is empty")
    return tuple((row[0], row[1], row[2]) for row in rows)


def _look(distribution: Distribution, rows: Iterable[Row], recorded_at: float | None, budget: Budget) -> Record:
    """Hold the rows against the file system; without a time, for sizes alone."""
    base = distribution.root + "/"
    missing: list[str] = []
    unseen: list[str] = []
    changed: list[ChangedFile] = []
    stat = os.stat
    for path, digest, size in rows:
        if path.endswith(".pyc"):
            continue  # made by the installer or by Python, and deleted by anyone
        try:
            status = stat(base + path if path[0] != "/" else path)
        except (FileNotFoundError, NotADirectoryError):
            missing.append(path)
        except (OSError, ValueError):
            unseen.append(path)
        else:
            if size and status.st_size != int(size):
                changed.append(ChangedFile(path=path, recorded=int(size), found=status.st_size))
            elif recorded_at is not None and status.st_mtime > recorded_at and differs(base + path, digest, budget):
                changed.append(ChangedFile(path=path, recorded=status.st_size, found=status.st_size))
    return Record(
        distribution=distribution,
        rows=tuple(rows),
        missing=tuple(missing),
        changed=tuple(changed),
        unseen=tuple(unseen),
    )
