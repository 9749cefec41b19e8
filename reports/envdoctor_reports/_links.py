"""Codes on a terminal as links to the page about them that is installed with envdoctor; no address of the net.

A link is an OSC 8 sequence: https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda. Terminals that don't
know it should print nothing of it, and some do; so only those that say who they are get it.
"""

from __future__ import annotations

import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

#: Made by tools/make_docs.py; each code is an anchor in it.
PAGE = Path(__file__).parent / "codes.html"

_CODE = re.compile(r"\b[A-Z]{3}\d{3}\b")
_ANCHOR = re.compile(r'<section id="(\w+)"')
#: Variables that a terminal sets which knows such links, and the names that others give themselves.
_VARIABLES = ("WT_SESSION", "KONSOLE_VERSION", "DOMTERM", "KITTY_WINDOW_ID", "GHOSTTY_RESOURCES_DIR")
_PROGRAMS = frozenset({"iTerm.app", "WezTerm", "vscode", "Hyper", "ghostty", "rio", "Tabby"})
_TERMS = ("xterm-kitty", "alacritty", "foot", "contour", "xterm-ghostty", "wezterm")
#: VTE 0.50, of GNOME's terminal and others.
_FIRST_VTE = 5000


def linked(text: str, stream: TextIO, environ: Mapping[str, str], *, page: Path = PAGE) -> str:
    """The text with each code that the installed page explains as a link to it, where the stream is to have links."""
    if not wants_links(stream, environ):
        return text
    try:
        known = frozenset(_ANCHOR.findall(page.read_text(encoding="utf-8")))
    except OSError:
        return text
    address = _address(page)

    def link(match: re.Match[str]) -> str:
        code = match[0]
        return f"\x1b]8;;{address}#{code}\x1b\\{code}\x1b]8;;\x1b\\" if code in known else code

    return _CODE.sub(link, text)


def wants_links(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether a stream is a terminal that shows links; FORCE_HYPERLINK says yes or, as 0, no."""
    if "FORCE_HYPERLINK" in environ:
        return environ["FORCE_HYPERLINK"] not in {"", "0"}
    if not stream.isatty() or environ.get("TERM") == "dumb":
        return False
    if "TMUX" in environ or environ.get("TERM", "").startswith("screen"):
        return False  # whether such a one hands a link on is its configuration's business
    if environ.get("TERM", "").startswith(_TERMS) or environ.get("TERM_PROGRAM") in _PROGRAMS:
        return True
    version = environ.get("VTE_VERSION", "")
    return any(map(environ.get, _VARIABLES)) or (version.isdecimal() and int(version) >= _FIRST_VTE)


def _address(page: Path) -> str:
    """The page's address with this machine's name, by which a terminal tells that a link came by ssh from elsewhere."""
    from urllib.parse import quote

    address = page.resolve().as_uri()
    return address if page.drive else address.replace("file:///", f"file://{quote(platform.node())}/", 1)
