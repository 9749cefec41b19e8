"""Whether the places that pip's settings name can be asked at all: nonsense says nothing about a package."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envdoctor.core.errors import UsageProblem
from envdoctor.index.places import local_path
from envdoctor.net.urls import is_remote, redacted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.index.settings import IndexSettings

_WHERE = "mend it in the PIP_* variables or pip's configuration files ('pip config debug' lists both)"


def refuse_nonsense(settings: IndexSettings) -> None:
    """Makes sure that there is somewhere to ask.

    Raises:
        UsageProblem: no place is named, or the main index is no address and no folder, or a place has no meaning.
    """
    if settings.no_index and not settings.find_links:
        raise UsageProblem(
            "There is nowhere to look: pip's setting no-index is on, and find-links names no place; unset "
            "PIP_NO_INDEX, or name a folder of wheels with PIP_FIND_LINKS."
        )
    if settings.no_index:
        return
    if settings.index_url is None:
        raise UsageProblem("No index is known: none is configured, and no pip is here to tell one; set PIP_INDEX_URL.")
    _refuse("index-url", settings.index_url, may_be_absent=False)
    for index in settings.extra_index_urls:
        _refuse("extra-index-url", index, may_be_absent=True)


def absent_places(settings: IndexSettings) -> tuple[str, ...]:
    """Sentences about further indexes that are folders and not there; pip goes on without them, and so do we."""
    return tuple(_absences(settings))


def _absences(settings: IndexSettings) -> Iterator[str]:
    for index in () if settings.no_index else settings.extra_index_urls:
        if not is_remote(index) and not local_path(index).is_dir():
            yield f"pip's setting extra-index-url names {redacted(index)}, which is no folder here."


def _refuse(setting: str, index: str, *, may_be_absent: bool) -> None:
    parts = urlsplit(index)
    if is_remote(index):
        wrong = "" if parts.hostname else "an address without a host"
    elif parts.scheme not in {"", "file"} and len(parts.scheme) > 1:  # one letter is a drive of Windows
        wrong = f"an address by {parts.scheme}, and only http, https and file are understood"
    elif may_be_absent or local_path(index).is_dir():
        wrong = ""
    else:
        wrong = "neither an address (https://...) nor a folder here"
    if wrong:
        raise UsageProblem(f"pip's setting {setting} is {redacted(index)!r}, {wrong}; {_WHERE}.")
