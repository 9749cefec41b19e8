"""Rules about what an index refuses when somebody uploads the wheel, though installers take it."""

from __future__ import annotations

import re
from email.utils import getaddresses
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.wheels.metadata import parse_fields
from envdoctor.wheels.rules import Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.wheels.reviewed import ReviewedWheel

_LONGEST_SUMMARY, _LONGEST_LABEL = 512, 32
_CLASSIFIERS = {
    "Development Status", "Environment", "Framework", "Intended Audience", "License", "Natural Language",
    "Operating System", "Private", "Programming Language", "Topic", "Typing",
}  # fmt: skip
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|[^@\s]+@localhost")
_URL = re.compile(r"https?://\S+", re.IGNORECASE)


@rule("upload-refused", fix="Mend the field, or leave it out.")
def upload_refused(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A field of METADATA that installers pass over, and for which PyPI refuses the file.

    A summary of more than 512 characters, a URL without its label or of another kind than http, an address that is
    none, a licence's classifier beside License-Expression (PEP 639), a classifier that there can't be.
    """
    fields = parse_fields(wheel.metadata_text)
    for name, problem in (*_texts(fields), *_urls(fields), *_classifiers(fields)):
        yield Sighting(message=f"METADATA, {name}: {problem}", files=(name,))


def _texts(fields: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    for summary in fields.get("summary", ()):
        if len(summary) > _LONGEST_SUMMARY:
            yield "summary", f"it has {len(summary)} characters, and {_LONGEST_SUMMARY} are allowed"
    for name in ("author-email", "maintainer-email"):
        addresses = [address for text in fields.get(name, ()) for _, address in getaddresses([text])]
        wrong = [each for each in addresses if not _ADDRESS.fullmatch(each)]
        if wrong and fields[name] != ["UNKNOWN"]:
            yield name, f"{fields[name][0]!r} has no address such as name@example.org"


def _urls(fields: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    for text in fields.get("project-url", ()):
        label, comma, url = (part.strip() for part in text.partition(","))
        if not comma or not _URL.fullmatch(url):
            yield "project-url", f"{text!r} is not `LABEL, https://...`"
        elif len(label) > _LONGEST_LABEL:
            yield "project-url", f"the label {label!r} has more than {_LONGEST_LABEL} characters"


def _classifiers(fields: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    found = fields.get("classifier", [])
    unknown = [each for each in found if each.partition(" :: ")[0].strip() not in _CLASSIFIERS]
    if unknown:
        yield "classifier", f"there is no such one: {listed(unknown)}"
    licences = [each for each in found if each.startswith("License ::")]
    if licences and fields.get("license-expression"):
        yield "classifier", f"{listed(licences)} stands beside License-Expression, which took its place"


@rule("local-version", fix="Upload a version without what stands after the `+`; an index of one's own may have it.")
def local_version(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A local version, as 2.0.0+cu118: PyPI refuses it; indexes of projects have such."""
    if wheel.version.local:
        message = f"version {wheel.version} is a local one, which PyPI refuses"
        yield Sighting(message=message, files=("Version",), severity=Severity.INFO)


@rule("name-unknown", fix="Build with setuptools 61 or newer, or name the project where the build tool looks.")
def name_unknown(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A distribution that is called UNKNOWN: the build tool was too old to find its name in pyproject.toml."""
    if wheel.name == "unknown":
        yield Sighting(message="the build tool did not find the name of the project", files=("Name",))
