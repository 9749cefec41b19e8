"""Reads the files of a wheel's .dist-info folder: METADATA, WHEEL, RECORD and entry_points.txt.

Formats: the core metadata specification, PEP 427 (WHEEL, RECORD), the entry points specification.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.frozen import frozen

if TYPE_CHECKING:
    from envdoctor.wheels.archive import WheelArchive

_DIST_INFO = re.compile(r"([^/]+)\.dist-info/METADATA")
_LARGEST = 4 << 20  # bytes of METADATA, WHEEL or entry_points.txt
_LARGEST_RECORD, _MOST_ROWS = 32 << 20, 200_000
_MOST_TAGS = 2000  # that one compressed set may stand for
_LINE_END = re.compile(r"\r\n|\r|\n")
_SIZE = re.compile(r"[0-9]{0,18}")
_SCRIPT_GROUPS = ("console_scripts", "gui_scripts")


@frozen
class Script:
    """A command that installing the wheel makes: its name, the `module:function` behind it, and the extras it needs."""

    name: str
    target: str
    extras: str = ""


@frozen
class RecordRow:
    """A line of RECORD: the path from site-packages, `sha256=...` (empty for RECORD itself), size or None."""

    path: str
    digest: str
    size: int | None


@frozen
class WheelMetadata:
    """What a wheel says of itself.

    Attributes:
        folder: its .dist-info folder.
        name: of the distribution, as written.
        version: as written.
        requires_python: the specifier, "" for none.
        requires: the requirements, as written.
        tags: of the WHEEL file, expanded, such as cp311-cp311-macosx_12_0_arm64.
        scripts: the commands of its entry points.
    """

    folder: str
    name: str
    version: str
    requires_python: str = ""
    requires: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    scripts: tuple[Script, ...] = ()

    @property
    def is_for_any_platform(self) -> bool:
        """Whether installers take it everywhere: what is for one system or Python in it is mostly optional then."""
        return all(tag.endswith("-any") for tag in self.tags)


def read_metadata(archive: WheelArchive) -> WheelMetadata:
    """What the wheel says of itself.

    Raises:
        Unreadable: not exactly one .dist-info folder, or without name, version or WHEEL file.
    """
    folders = [match[1] for match in map(_DIST_INFO.fullmatch, archive.members) if match]
    if len(folders) != 1:
        raise Unreadable(f"a wheel has one .dist-info folder, this has {len(folders)}")
    folder = f"{folders[0]}.dist-info"
    metadata = parse_fields(archive.read_text(f"{folder}/METADATA", _LARGEST))
    wheel = parse_fields(archive.read_text(f"{folder}/WHEEL", _LARGEST))
    if not metadata.get("name") or not metadata.get("version"):
        raise Unreadable(f"{folder}/METADATA does not give name and version")
    entry_points = f"{folder}/entry_points.txt"
    return WheelMetadata(
        folder=folder,
        name=metadata["name"][0],
        version=metadata["version"][0],
        requires_python=metadata.get("requires-python", [""])[0],
        requires=tuple(metadata.get("requires-dist", ())),
        tags=tuple(tag for line in wheel.get("tag", ()) for tag in expand_tag(line)),
        scripts=parse_scripts(archive.read_text(entry_points, _LARGEST)) if entry_points in archive.members else (),
    )


def read_record(archive: WheelArchive, metadata: WheelMetadata) -> tuple[RecordRow, ...]:
    """The rows of the wheel's RECORD.

    Raises:
        Unreadable: no RECORD, or a row that is none.
    """
    return parse_record(archive.read_text(f"{metadata.folder}/RECORD", _LARGEST_RECORD))


def parse_fields(text: str) -> dict[str, list[str]]:
    """The header fields before the first empty line, by name in small letters; folded lines joined.

    A line of spaces alone is part of a folded text, as licences have them; a form feed ends no line.
    """
    fields: dict[str, list[str]] = {}
    values: list[str] = []
    for line in _LINE_END.split(text):
        if not line or not (values or line.strip()):
            break
        if line[0] in " \t" and values:
            values[-1] += "\n" + line.strip()
            continue
        name, colon, value = line.partition(":")
        if colon:
            values = fields.setdefault(name.strip().lower(), [])
            values.append(value.strip())
    return fields


def parse_scripts(text: str) -> tuple[Script, ...]:
    """The commands among the entry points; other groups are no files."""
    scripts = []
    group = ""
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("[") and stripped.endswith("]"):
            group = stripped[1:-1].strip()
        elif group in _SCRIPT_GROUPS and "=" in stripped and stripped[0] not in "#;":
            name, _, value = stripped.partition("=")
            target, _, extras = value.partition("[")
            scripts.append(Script(name=name.strip(), target=target.strip(), extras=extras.strip(" ]")))
    return tuple(scripts)


def parse_record(text: str) -> tuple[RecordRow, ...]:
    """The rows of a RECORD file.

    Raises:
        Unreadable: a row without three columns, or whose size is no number.
    """
    rows: list[RecordRow] = []
    try:
        for number, columns in enumerate(csv.reader(io.StringIO(text)), 1):
            if not columns:
                continue
            if len(rows) == _MOST_ROWS:
                raise Unreadable(f"RECORD has more than {_MOST_ROWS:,} rows")
            if len(columns) < 3 or not _SIZE.fullmatch(columns[2]):  # noqa: PLR2004 - PEP 376's columns
                raise Unreadable(f"RECORD, line {number}: not path, hash and size")
            size = int(columns[2]) if columns[2] else None
            rows.append(RecordRow(path=columns[0], digest=columns[1], size=size))
    except csv.Error as error:
        raise Unreadable(f"RECORD can't be read: {error}") from error
    return tuple(rows)


def expand_tag(tag: str) -> list[str]:
    """A compressed tag set (PEP 425) as single tags; empty if it is none.

    Raises:
        Unreadable: it stands for too many.
    """
    parts = tag.split("-")
    if len(parts) != 3:  # noqa: PLR2004 - Python, ABI, platform
        return []
    pythons, abis, platforms = (part.split(".") for part in parts)
    if len(pythons) * len(abis) * len(platforms) > _MOST_TAGS:
        raise Unreadable(f"WHEEL has a tag that stands for more than {_MOST_TAGS:,}")
    return [f"{python}-{abi}-{platform}" for python in pythons for abi in abis for platform in platforms]
