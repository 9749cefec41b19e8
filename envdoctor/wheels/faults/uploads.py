"""Rules about what an index refuses when somebody uploads the wheel, though installers take it."""

from __future__ import annotations

import re
from email.utils import getaddresses
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
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
    none, a classifier that there is not (of the families that seldom grow), one extra under two spellings.
    """
    fields = parse_fields(wheel.metadata_text)
    for name, problem in (*_texts(fields), *_urls(fields), *_classifiers(fields), *_extras(fields)):
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
    for name in ("home-page", "download-url"):
        for text in fields.get(name, ()):
            if text not in {"", "UNKNOWN"} and not _URL.fullmatch(text):
                yield name, f"{text!r} is no https://..."
    for text in fields.get("project-url", ()):
        label, comma, url = (part.strip() for part in text.partition(","))
        if not comma or not _URL.fullmatch(url):
            yield "project-url", f"{text!r} is not `LABEL, https://...`"
        elif len(label) > _LONGEST_LABEL:
            yield "project-url", f"the label {label!r} has more than {_LONGEST_LABEL} characters"


def _classifiers(fields: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    found = fields.get("classifier", [])
    unknown = [each for each in found if each.partition(" :: ")[0].strip() not in _CLASSIFIERS or not _may_be(each)]
    if unknown:
        yield "classifier", f"not a known classifier: {listed(unknown)}"


def _extras(fields: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    from packaging.utils import canonicalize_name

    declared = list(map(canonicalize_name, fields.get("provides-extra", ())))
    twice = sorted({name for name in declared if declared.count(name) > 1})
    if twice:
        yield "provides-extra", f"more than once: {listed(twice)}"


def _may_be(classifier: str) -> bool:
    """Whether each part of a classifier may follow those before it, in the families that are known."""
    followers: dict[str, list[str]] = load_table("classifiers")["next"]
    parts = classifier.split(" :: ")
    above = (" :: ".join(parts[:depth]) for depth in range(1, len(parts)))
    return all(part in followers.get(prefix, [part]) for prefix, part in zip(above, parts[1:], strict=True))


@rule("licence-stated-twice", fix="Leave out the classifier, which setuptools refuses beside License-Expression.")
def licence_twice(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A licence's classifier beside License-Expression, which took its place (PEP 639); PyPI takes both."""
    fields = parse_fields(wheel.metadata_text)
    licences = tuple(each for each in fields.get("classifier", ()) if each.startswith("License ::"))
    if licences and fields.get("license-expression"):
        message = f"{listed(licences)} stands beside License-Expression, which took its place"
        yield Sighting(message=message, files=licences, severity=Severity.INFO)


@rule("local-version", fix="Upload a version without what stands after the `+`; an index of one's own may have it.")
def local_version(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A local version, as 2.0.0+cu118: PyPI refuses it; indexes of projects have such."""
    if wheel.version.local:
        message = f"version {wheel.version} is a local one, which PyPI refuses"
        yield Sighting(message=message, files=("Version",), severity=Severity.INFO)


@rule("version-of-nothing", fix="Let the build tool see the repository's tags, or write the version down.")
def version_of_nothing(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """The version 0.0.0, which build tools give where they find none: no tag of the repository, no setup.cfg."""
    if not any(wheel.version.release) and not wheel.version.is_prerelease:
        message = f"version {wheel.version} is what build tools give where they find none"
        yield Sighting(message=message, files=("Version",), severity=Severity.INFO)


@rule("name-unknown", fix="Build with setuptools 61 or newer, or name the project where the build tool looks.")
def name_unknown(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A distribution that is called UNKNOWN: the build tool was too old to find its name in pyproject.toml."""
    if wheel.name == "unknown":
        yield Sighting(message="the build tool did not find the name of the project", files=("Name",))
