"""Pages of the simple API, JSON (PEP 691) and HTML (PEP 503), into one kind of value.

HTML is tokenized here: `html.parser` takes quadratic time on unclosed markup in Pythons that we support
(CVE-2025-6069), and a page is whatever a server sends. The rules are the HTML standard's for tags and attributes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin

from envdoctor.core.errors import Unreadable
from envdoctor.index.project import IndexFile, classify
from envdoctor.net.urls import redacted, without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
ACCEPT = f"{JSON_TYPE}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"

_KNOWN_MAJOR = "1"
_TAG = re.compile(r"<([a-zA-Z][^\s/>]*)((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>")
_ATTRIBUTE = re.compile(r"([^\s\"'>/=]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=<>`]+)))?")
_PLAIN_URL = re.compile(r"https?://[\w.-]+(?::\d+)?/[\w./%+~-]*", re.ASCII)
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """One line of a page, before it is known to be a wheel or sdist; fields as in `IndexFile`."""

    filename: str
    url: str
    hashes: Mapping[str, str]
    requires_python: str | None
    yanked: str | None
    uploaded: datetime | None
    size: int | None
    metadata: str | None

    def of(self, project: str) -> IndexFile | None:
        """The link as a file of `project`, or None if it is not one."""
        found = classify(self.filename, project)
        if found is None:
            return None
        digest = self.hashes.get("sha256", "")
        return IndexFile(
            filename=self.filename,
            url=self.url,
            kind=found[0],
            version=found[1],
            sha256=digest.lower() if _SHA256.fullmatch(digest) else None,
            requires_python=self.requires_python or None,
            yanked=self.yanked,
            uploaded=self.uploaded,
            size=self.size,
            metadata=self.metadata,
        )


def parse_page(content: bytes, content_type: str, base: str) -> tuple[Link, ...]:
    """The links on a page of the simple API.

    Args:
        content: the body.
        content_type: as the server named it; anything but JSON is taken for HTML.
        base: the URL of the page, against which relative links count.

    Raises:
        Unreadable: the page is not what its type says, or of a version of the API that is not known.
    """
    if content_type.partition(";")[0].strip().lower() in {JSON_TYPE, "application/json"}:
        return tuple(_parse_json(content, base))
    return tuple(_parse_html(content.decode("utf-8", errors="replace"), base))


def parse_upload_times(content: bytes, base: str) -> dict[str, datetime]:
    """Upload times by file name, from a project's JSON (the registry's older API, where the simple page has none).

    Raises:
        Unreadable: it is not such a document.
    """
    times: dict[str, datetime] = {}
    releases = _decode(content, base).get("releases")
    for files in (releases if isinstance(releases, dict) else {}).values():
        for file in filter(_is_object, files if isinstance(files, list) else []):
            name, moment = file.get("filename"), parse_time(file.get("upload_time_iso_8601"))
            if isinstance(name, str) and moment is not None:
                times[name] = moment
    return times


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def parse_time(text: object) -> datetime | None:
    """An ISO 8601 time as UTC; one without a zone is UTC; None if it is no time."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", _six_digits(text)))
        return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def _six_digits(text: str) -> str:
    """CPython 3.10 reads fractions of a second with three or six digits only."""
    return re.sub(r"\.(\d{1,9})", lambda match: f".{match[1][:6]:0<6}", text, count=1)


def _decode(content: bytes, base: str) -> dict[str, Any]:
    import msgspec

    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"{redacted(base)}: the page is not the JSON that it claims to be: {error}.") from None


def _parse_json(content: bytes, base: str) -> Iterator[Link]:
    page = _decode(content, base)
    meta, files = page.get("meta"), page.get("files")
    _check_version(meta.get("api-version") if isinstance(meta, dict) else None, base)
    if not isinstance(files, list):
        raise Unreadable(f"{redacted(base)}: the page has no list of files.")
    for file in files:
        if (
            not isinstance(file, dict)
            or not isinstance(file.get("filename"), str)
            or not isinstance(file.get("url"), str)
        ):
            raise Unreadable(f"{redacted(base)}: an entry of the page has no file name or no URL.")
        yield _json_link(file, base)


def _json_link(file: Mapping[str, Any], base: str) -> Link:
    yanked, size, requires = file.get("yanked", False), file.get("size"), file.get("requires-python")
    hashes = file.get("hashes")
    return Link(
        filename=file["filename"],
        url=_absolute(base, file["url"]),
        hashes={str(name): str(value) for name, value in hashes.items()} if isinstance(hashes, dict) else {},
        requires_python=requires if isinstance(requires, str) else None,
        yanked=yanked if isinstance(yanked, str) else ("" if yanked else None),
        uploaded=parse_time(file.get("upload-time")),
        size=size if isinstance(size, int) and not isinstance(size, bool) else None,
        metadata=_metadata(file.get("core-metadata", file.get("dist-info-metadata"))),
    )


def _metadata(said: object) -> str | None:
    """PEP 658 and 714: a hash by algorithm, plain true, or nothing."""
    if isinstance(said, dict):
        digest = said.get("sha256", "")
        return digest.lower() if isinstance(digest, str) else ""
    return "" if said else None


def _parse_html(text: str, base: str) -> Iterator[Link]:
    for name, attributes in _tags(text):
        if name == "base" and attributes.get("href"):
            base = urljoin(base, attributes["href"])
        elif name == "meta" and attributes.get("name", "").lower() == "pypi:repository-version":
            _check_version(attributes.get("content"), base)
        elif name == "a" and attributes.get("href"):
            yield _html_link(attributes, base)


def _tags(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Every opening tag. Each step consumes what it looked at, so the time is linear in the text."""
    place = 0
    while (place := text.find("<", place)) >= 0:
        if text.startswith("<!--", place):
            end = text.find("-->", place)
            place = len(text) if end < 0 else end + 3
        elif text[place + 1 : place + 2].isalpha():
            match = _TAG.match(text, place)
            if match is None:  # a tag that never closes: the rest is inside it
                return
            place = match.end()
            yield match[1].lower(), _attributes(match[2])
        else:
            place += 1


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), unescape(next(filter(None, values), "")))
    return found


def _html_link(attributes: Mapping[str, str], base: str) -> Link:
    target, _, fragment = attributes["href"].strip().partition("#")
    algorithm, _, digest = fragment.partition("=")
    url = _absolute(base, target)
    said = attributes.get("data-core-metadata", attributes.get("data-dist-info-metadata"))
    return Link(
        filename=unquote(url.partition("?")[0].rpartition("/")[2]),
        url=url,
        hashes={algorithm: digest.partition("&")[0]},
        requires_python=attributes.get("data-requires-python"),
        yanked=attributes.get("data-yanked"),
        uploaded=parse_time(attributes.get("data-upload-time")),
        size=None,
        metadata=_html_metadata(said),
    )


def _html_metadata(said: str | None) -> str | None:
    """``sha256=...``, ``true``, or absent."""
    if said is None or said.lower() == "false":
        return None
    algorithm, _, digest = said.partition("=")
    return digest.lower() if algorithm == "sha256" else ""


def _absolute(base: str, link: str) -> str:
    if _PLAIN_URL.fullmatch(link):  # nearly all links of a large page: not worth three passes through urllib
        return link
    try:
        return without_credentials(urljoin(base, link))
    except ValueError as error:  # such as an IPv6 address that is none
        raise Unreadable(f"{redacted(base)}: the link {link[:200]!r} is not a URL: {error}.") from None


def _check_version(version: object, base: str) -> None:
    """PEP 629: a page of another major version must not be read."""
    if version is not None and str(version).partition(".")[0] != _KNOWN_MAJOR:
        raise Unreadable(f"{redacted(base)}: the page is of version {version} of the simple API; only 1.x is known.")
