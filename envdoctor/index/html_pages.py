"""HTML as servers of packages send it: its tags, whether it is whole, and whether it is a page of an index at all.

HTML is tokenized here: `html.parser` takes quadratic time on unclosed markup in Pythons that we support
(CVE-2025-6069), and a page is whatever a server sends. The rules are the HTML standard's for tags and attributes.

A page without a single archive on it can be an index's answer for a project without files, or anything else that was
sent with status 200: a login form, a captive portal, "down for maintenance". PEP 503 asks for no more than valid HTML.
What indexes and servers of folders put on such pages was looked up in their sources: the registry, devpi, pypiserver,
Artifactory, Nexus, GitLab, `http.server`, Apache, nginx.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAG = re.compile(r"<([a-zA-Z][^\s/>]*)(?=[\s/>])((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>")
_ATTRIBUTE = re.compile(r"([^\s\"'>/=]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=<>`]+)))?")
_END = re.compile(r"</html\s*>", re.IGNORECASE)
_HEADINGS = re.compile(r"<(?:title|h1)\b[^<>]{0,200}>([^<]{0,500})<", re.IGNORECASE)
_INVISIBLE = re.compile(r"<!--.*?-->|<[^<>]*>", re.DOTALL)
_MOST_TAGS = 400_000  # the longest real page has a tenth of that
_HEAD = 64 << 10  # characters in which headings are looked for, and that a page may have which says nothing
#: What indexes and listings of folders call themselves.
_OWN_WORDS = re.compile(r"\s*(?:links for|directory listing (?:for|of)|index of)\b", re.IGNORECASE)
_NAMED = re.compile(r"\s*links for ([A-Za-z0-9][\w.-]*)\s*", re.IGNORECASE)
_OWN_META = {"pypi:repository-version", "api-version"}
_DOCUMENT = {"html", "head", "body"}
_FOREIGN = {"form", "input", "script", "iframe", "frame", "frameset", "button", "object", "embed"}
_NOT_ALPHANUMERIC = re.compile(r"[-_.\s]+")


class EndsWithin(ValueError):
    """The text of a page breaks off, or goes on too long."""


def parse_tags(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Every opening tag with its attributes. Each step consumes what it looked at: the time is linear in the text.

    Raises:
        EndsWithin: the text ends within a tag or a comment, or has far too many.
    """
    place = count = 0
    while (place := text.find("<", place)) >= 0:
        if text.startswith("<!--", place):
            end = text.find("-->", place)
            if end < 0:
                raise EndsWithin("it ends within a comment")
            place = end + 3
        elif text[place + 1 : place + 2].isalpha():
            match = _TAG.match(text, place)
            if match is None:
                raise EndsWithin("it ends within a tag")
            place = match.end()
            count += 1
            if count > _MOST_TAGS:
                raise EndsWithin(f"it has more than {_MOST_TAGS:,} tags")
            yield match[1].lower(), _attributes(match[2])
        else:
            place += 1


def is_ended(text: str) -> bool:
    """Whether a page says itself that it is complete."""
    return bool(_END.search(text))


def named_project(text: str) -> str | None:
    """The project whose files a page says that it lists; None if it does not say it as most indexes do."""
    said = map(_NAMED.fullmatch, map(unescape, _HEADINGS.findall(text[:_HEAD])))
    return next((match[1] for match in said if match), None)


class Looks:
    """What the tags of a page without archives tell of it."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._is_marked = False
        self._leads_away = False

    def see(self, name: str, attributes: dict[str, str]) -> None:
        """Takes a tag into account."""
        if name in _DOCUMENT or name in _FOREIGN:
            self._names.add(name)
        elif name == "meta":
            self._is_marked |= attributes.get("name", "").lower() in _OWN_META
            self._leads_away |= attributes.get("http-equiv", "").lower() == "refresh"

    def are_of_index(self, text: str, project: str) -> bool:
        """Whether an index answers so for a project without files, or a server for an empty folder.

        Args:
            text: the page.
            project: the last part of its path, by which it may be headed.
        """
        headings = (unescape(heading) for heading in _HEADINGS.findall(text[:_HEAD]))
        if self._is_marked or any(map(_OWN_WORDS.match, headings)):
            return True
        if self._leads_away or self._names & _FOREIGN or not self._names & _DOCUMENT or len(text) > _HEAD:
            return False
        visible = _INVISIBLE.sub(" ", text).split()
        return all(bare(word) == bare(project) for word in visible)


def bare(name: str) -> str:
    """A name as those that mean the same project are written."""
    return _NOT_ALPHANUMERIC.sub("-", name).lower()


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), unescape(next(filter(None, values), "")))
    return found
