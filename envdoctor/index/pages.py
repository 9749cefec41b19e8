"""Pages of the simple API, JSON (PEP 691) and HTML (PEP 503), into one kind of value.

Whatever is no whole page of an index is refused: that nothing is known is not that there is nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

from envdoctor.core.errors import Unreadable
from envdoctor.index.html_pages import EndsWithin, Looks, bare, is_ended, named_project, parse_tags
from envdoctor.index.project import ARCHIVE_ENDINGS, IndexFile, classify
from envdoctor.net.urls import redacted, without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
ACCEPT = f"{JSON_TYPE}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"

_JSON_TYPES = {JSON_TYPE, "application/json"}
#: What pip takes for a page, besides JSON.
_HTML_TYPES = {"text/html", "application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.latest+html"}
_KNOWN_MAJOR = "1"
_MOST_VALUES = 3_000_000  # the longest real page has a sixth of that
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


def parse_page(
    content: bytes, content_type: str, base: str, *, whole: bool = True, project: str = ""
) -> tuple[Link, ...]:
    """The links on a page of the simple API, or on any page that lists archives.

    Args:
        content: the body.
        content_type: as the server named it.
        base: the URL of the page, against which relative links count.
        whole: whether the transfer itself tells that nothing is missing; else the page must.
        project: whose page it is to be; empty for any.

    Raises:
        Unreadable: the page is not what its type says, is cut off, is of a version of the API that is not known, is
            that of another project, or is no page of an index.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind in _JSON_TYPES:
        page = _decode(content, base)
        _require_own(page.get("name"), project, base)
        return tuple(_json_links(page, base))
    if kind not in _HTML_TYPES:
        raise Unreadable(f"{redacted(base)}: what came is {kind or 'of no known type'}, no page of a package index.")
    text = content.decode("utf-8", errors="replace")
    links = _parse_html(text, base, whole=whole)
    if project and not any(link.of(project) for link in links):
        _require_own(named_project(text), project, base)
    return links


def _require_own(name: object, project: str, base: str) -> None:
    if project and isinstance(name, str) and bare(name) != bare(project):
        raise Unreadable(f"{redacted(base)}: the page of {name[:80]} came where that of {project} was asked for.")


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

    if sum(map(content.count, (b",", b"{", b"["))) > _MOST_VALUES:
        raise Unreadable(f"{redacted(base)}: the page has more than the {_MOST_VALUES:,} values that are read.")
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"{redacted(base)}: the page is not the JSON that it claims to be: {error}.") from None


def _json_links(page: Mapping[str, Any], base: str) -> Iterator[Link]:
    meta, files = page.get("meta"), page.get("files")
    _check_version(meta.get("api-version") if isinstance(meta, dict) else None, base)
    if not isinstance(files, list) or not (files or isinstance(meta, dict)):  # PEP 691 asks for both
        raise Unreadable(f"{redacted(base)}: the page has no list of files, so it is not a page of a package index.")
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


def _parse_html(text: str, base: str, *, whole: bool) -> tuple[Link, ...]:
    where = redacted(base)
    if not whole and not is_ended(text):
        raise Unreadable(
            f"{where}: the page may be cut off: its length was not told, and it does not end with </html>."
        )
    project = urlsplit(base).path.rstrip("/").rpartition("/")[2]
    looks = Looks()
    links: list[Link] = []
    try:
        for name, attributes in parse_tags(text):
            looks.see(name, attributes)
            if name == "base" and attributes.get("href"):
                base = _absolute(base, attributes["href"])
            elif name == "meta" and attributes.get("name", "").lower() == "pypi:repository-version":
                _check_version(attributes.get("content"), base)
            elif name == "a" and attributes.get("href"):
                links.append(_html_link(attributes, base))
    except EndsWithin as error:
        raise Unreadable(f"{where}: the page is cut off or damaged: {error}.") from None
    if not any(link.filename.lower().endswith(ARCHIVE_ENDINGS) for link in links) and not looks.are_of_index(
        text, project
    ):
        raise Unreadable(
            f"{where}: what came is no page of a package index; a server that wants a login, or a network that shows a "
            "page of its own, answers so."
        )
    return tuple(links)


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
