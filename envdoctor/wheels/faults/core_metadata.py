"""Rules about METADATA: what the core metadata specification says, and what the file name says."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.wheels.rules import Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.wheels.reviewed import ReviewedWheel

# Written by setuptools for years before 2.4 made it a field, and harmless.
_EARLY_FIELDS = {"license-file", "license_files"}
_DRAFTS = {
    "1.3",
    "2.0",
}  # versions that wheel and setuptools wrote for years and no standard has; every reader takes them
_FIELD_LINE = re.compile(r"[ \t]|[!-9;-~]+:")
_LICENCE_NAME = re.compile(r"(?:.*/)?(?:licen[sc]e|copying|unlicense|notice)[^/]*", re.IGNORECASE)
_OF_COMMAND = re.compile(r"^[^#=\n]+=[^\[\n]+\[([\w ,.-]+)\]\s*$", re.MULTILINE)
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")


@rule("name-disagrees", fix="Build the wheel anew rather than renaming it.")
def name_disagrees(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """METADATA or the .dist-info folder names another distribution than the file: pip and uv refuse it."""
    from packaging.utils import canonicalize_name

    folder = wheel.folder.removesuffix(".dist-info").rpartition("-")[0]
    for where, name in (("METADATA", wheel.contents.metadata.name), (wheel.folder, folder)):
        if canonicalize_name(name) != wheel.name:
            yield Sighting(
                message=f"the file name says {wheel.name}, and {where} says {name}",
                files=(where,),
                is_refused=where == "METADATA",
            )


@rule("version-disagrees", fix="Build the wheel anew rather than renaming it.")
def version_disagrees(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """METADATA or the .dist-info folder has another version than the file name."""
    from packaging.version import InvalidVersion, Version

    folder = wheel.folder.removesuffix(".dist-info").rpartition("-")[2]
    for where, text in (("METADATA", wheel.contents.metadata.version), (wheel.folder, folder)):
        try:
            differs = Version(text.replace("_", "-")) != wheel.version
        except InvalidVersion:
            differs = True
        if differs:
            yield Sighting(
                message=f"the file name says version {wheel.version}, and {where} says {text}", files=(where,)
            )


@rule("metadata-invalid", fix="Mend the field; `twine check` and the index hold it against the same specification.")
def metadata_invalid(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A field that is absent, malformed, or newer than the Metadata-Version.

    pip 26.3 and uv 0.13.9 refuse a wheel with a requirement that can't be read (pip 23.2 passed it over); uv one with
    such a Requires-Python too, which pip disregards.
    """
    from packaging.metadata import ExceptionGroup, InvalidMetadata, Metadata, parse_email

    raw, _ = parse_email(wheel.metadata_text.encode("utf-8", "surrogateescape"))
    try:
        Metadata.from_raw(raw)
    except ExceptionGroup as group:
        for error in group.exceptions:
            field = error.field if isinstance(error, InvalidMetadata) else "METADATA"
            if field not in _EARLY_FIELDS or "license-file introduced" not in str(error):
                refused = field == "requires-dist"
                harmless = _is_of_old_tools(field, wheel)
                yield Sighting(
                    message=f"METADATA, {field}: {error}",
                    files=(field,),
                    is_refused=refused,
                    severity=Severity.INFO if harmless else Severity.WARNING,
                )


def _is_of_old_tools(field: str, wheel: ReviewedWheel) -> bool:
    """Whether a field has what old tools wrote: a draft's version, or UNKNOWN for nothing; readers pass both over."""
    from envdoctor.wheels.metadata import parse_fields

    values = parse_fields(wheel.metadata_text).get(field, [])
    return values == ["UNKNOWN"] or (field == "metadata-version" and values[:1] != [] and values[0] in _DRAFTS)


@rule("metadata-encoding", fix="Write METADATA in UTF-8.")
def metadata_encoding(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """METADATA is not UTF-8: readers show other letters, or fail."""
    if any("\ud800" <= letter <= "\udfff" for letter in wheel.metadata_text):
        yield Sighting(message="METADATA is not UTF-8", files=("METADATA",))


@rule("metadata-cut-short", fix="Indent the lines of a field that has several, or put the text behind the empty line.")
def metadata_cut_short(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A line among the fields that is none: readers of mail take it, and the fields behind it, for the description."""
    lines = wheel.metadata_text.removeprefix("\ufeff").splitlines()
    fields = list(itertools.takewhile(str.strip, lines))
    found = next((line for line in fields if not _FIELD_LINE.match(line)), None)
    if found is not None:
        lost = [line.partition(":")[0] for line in fields[fields.index(found) + 1 :] if _FIELD_LINE.match(line)]
        behind = f": {listed(list(dict.fromkeys(lost)))} behind it are lost" if lost else ""
        message = f"the fields of METADATA end at {found[:80]!r}, which is not a field{behind}"
        yield Sighting(message=message, files=("METADATA",))


@rule("metadata-field-twice", fix="Leave one of them.")
def metadata_twice(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A field that may stand once stands twice: each reader takes another."""
    from envdoctor.wheels.metadata import parse_fields

    fields = parse_fields(wheel.metadata_text)
    for name in ("metadata-version", "name", "version", "requires-python", "license", "license-expression", "summary"):
        if len(fields.get(name, ())) > 1:
            yield Sighting(message=f"METADATA has {name.title()} {len(fields[name])} times", files=(name,))


@rule("undeclared-extra", fix="Declare it with Provides-Extra.")
def undeclared_extra(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """An extra of a requirement, or of a command, that Provides-Extra does not name: asking for it installs nothing."""
    from packaging.utils import canonicalize_name

    from envdoctor.wheels.metadata import parse_fields

    declared = {canonicalize_name(name) for name in parse_fields(wheel.metadata_text).get("provides-extra", ())}
    asked = {name for line in wheel.contents.metadata.requires for name in _EXTRA.findall(line.partition(";")[2])}
    lines = _OF_COMMAND.findall(wheel.text(wheel.own("entry_points.txt")))
    asked |= {name.strip() for line in lines for name in line.split(",")} - {""}
    found = tuple(sorted(name for name in asked if canonicalize_name(name) not in declared))
    if found:
        message = f"requirements or commands are for the extra {listed(found)}, which is not declared"
        yield Sighting(message=message, files=found)


@rule("requirement-by-url", fix="Require it by name and version.")
def requirement_by_url(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A requirement that is a URL or a path: indexes refuse it, and a path of the build machine is nowhere else."""
    found = tuple(
        line for line in wheel.contents.metadata.requires if re.search(r"@\s*[a-z+]+:", line.partition(";")[0])
    )
    if found:
        yield Sighting(message=f"requires a URL rather than a version: {listed(found)}", files=found)


@rule("licence-file-absent", fix="Put the file into .dist-info/licenses, or leave out its License-File.")
def licence_file_absent(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """License-File names a text that is not in the wheel."""
    from envdoctor.wheels.metadata import parse_fields

    names = parse_fields(wheel.metadata_text).get("license-file", ())
    present = {name.removeprefix(f"{wheel.folder}/").removeprefix("licenses/") for name in wheel.members}
    base_names = {name.rpartition("/")[2] for name in present}
    found = tuple(name for name in names if name not in present and name.rpartition("/")[2] not in base_names)
    if found:
        yield Sighting(message=f"License-File names {listed(found)}, which the wheel does not have", files=found)


@rule("licence-absent", fix="State the licence (License-Expression) and put its text into the wheel (License-File).")
def licence_absent(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Nothing says under which licence the wheel may be used; or it is stated, and its text is not in the wheel.

    Without a licence nobody may use it. Most licences ask that their text goes with every copy. A note, since a wheel
    for one's own use needs none.
    """
    from envdoctor.wheels.metadata import parse_fields

    fields = parse_fields(wheel.metadata_text)
    stated = [*fields.get("license", ()), *fields.get("license-expression", ()), *fields.get("license-file", ())]
    classified = any(value.startswith("License ::") for value in fields.get("classifier", ()))
    has_text = any(map(_LICENCE_NAME.fullmatch, wheel.members))
    if has_text:
        return
    is_stated = classified or any(value not in {"", "UNKNOWN"} for value in stated)
    message = f"states {'a licence, and' if is_stated else 'no licence and'} has no licence text"
    yield Sighting(message=message, files=("METADATA",), severity=Severity.INFO)
