"""Addresses of machines in texts that are full of numbers with dots and colons: versions, times, hashes, slices."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.support.redaction_rules import ADDRESS, Rule, text_after, text_before

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
#: Not a part of a longer number, version or file name.
_IPV4 = rf"(?<![\w.+])(?P<hide>{_OCTET}(?:\.{_OCTET}){{3}})(?![\w+]|\.\w|-(?:cp|py|pp)\d)"
_IPV6 = (
    r"(?<![\w:.])(?P<hide>(?=[0-9A-Fa-f:]{0,39}\d)(?:[0-9A-Fa-f]{0,4}:){2,7}"
    r"(?:[0-9A-Fa-f]{1,4}|(?<=::))(?:%[\w.-]{1,16})?)(?!\w|:[\w:])"
)
#: Slices (`1::2`), and a counter or a GUID written in pairs of digits.
_PAIRS = re.compile(r"(?:[:%]*[^:%]){0,3}[:%]*|(?:\w\w:){7}\w\w")
_HEX = "[0-9A-Fa-f]{2}"
#: Four-part versions begin with a small number.
_SMALL = 31
#: The second number of no version is that large, nor are two of the others.
_LARGE = 100
_VERSION = re.compile(
    r"""(?ix)(?:(?:==|!=|~=|(?<!-)>=?|<=?|\^)\s{0,4}["']? | [A-Za-z][\w.+]*-
    | (?:\b|_)(?:versions?|ver|release|build|revision|firmware|driver|cuda|cudnn|bios)
    ["')]{0,2}\s{0,30}[:=(,]?\s{0,4}["'(]{0,2})\Z"""
)
_WORD = re.compile(
    r"""([A-Za-z][\w.+-]{0,60})(?:\[[\w,-]{1,40}\])?["']?(?:\s{1,40}|\s{0,4}[:=]\s{0,4}|\s?\(|,\s?)["'(]?\Z"""
)
_NETWORK_END = re.compile(r"(?:ip|addr|address|host|server|proxy|gateway|dns)s?$")


def address_rules() -> Iterator[Rule]:
    """Rules for IPv4, IPv6 and MAC addresses."""
    yield _rule(_IPV4, ".", _is_version)
    yield _rule(_IPV6, ":", lambda match: _PAIRS.fullmatch(match["hide"]) is not None or not _is_machine(match["hide"]))
    yield _rule(r"(?<![\w-])ip-(?P<hide>\d{1,3}(?:-\d{1,3}){3})(?![\w-])", "ip-")
    for separator in (":", "-"):
        nobody = rf"(?!(?:00|ff|FF)(?:{separator}(?:00|ff|FF)){{5}})"
        mac = rf"(?<![\w:.-])(?P<hide>{nobody}{_HEX}(?:{separator}{_HEX}){{5}})(?!\w|[:-]\w)"
        yield _rule(mac, separator)
    yield _rule(r"(?<![\w.])(?P<hide>(?=[\d.]*[a-fA-F])[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{4})(?![\w.])", ".")
    yield _rule(
        r"(?i)(?<![a-z])(?:mac(?:[ _-]?addr(?:ess)?)?|ether|hwaddr)[\"']?\s{0,4}[:= ]\s{0,4}[\"']?"
        r"(?P<hide>[0-9a-f]{12})(?!\w)",
        "a",
    )
    yield _rule(r"(?<![a-z])(?:enx|wlx)(?P<hide>[0-9a-f]{12})(?!\w)", "x")
    yield _rule(rf"(?<=\s)(?P<hide>{_OCTET}(?:\.{_OCTET}){{3}})(?=\.(?:\d{{1,5}}|\*)(?:\s|$))", ".", _is_no_socket)


def _rule(pattern: str, hint: str, spares: Callable[[re.Match[str]], bool] | None = None) -> Rule:
    return Rule(kind="address", pattern=pattern, placeholder=ADDRESS, hints=(hint,), spares=spares)


def _is_machine(word: str) -> bool:
    """True for an address that tells a machine, not for loopback, groups, masks and what only looks like one."""
    try:
        address = ipaddress.ip_address(word.partition("%")[0])
    except ValueError:
        return False
    nobody = address.is_loopback or address.is_unspecified or address.is_multicast or word.startswith("255.")
    return not (nobody or (address.version == 4 and address.is_reserved))  # noqa: PLR2004


def _is_no_socket(match: re.Match[str]) -> bool:
    """False only in a line of BSD's netstat, where a port follows a dot."""
    return not _is_machine(match["hide"]) or re.search(r"\b(?:tcp|udp)(?:4|6|46)? [^\n]*\Z", text_before(match)) is None


def _is_version(match: re.Match[str]) -> bool:
    """True for a version, a mask or loopback: told from how it begins and from the word before it.

    A port, a mask or a user beside it tells an address; so does a first number that no version has.
    """
    word, before = match["hide"], text_before(match)
    bracketed = before.endswith("<") and text_after(match).startswith(">")
    if not _is_machine(word) or (_VERSION.search(before) and not bracketed):
        return True
    numbers = [int(number) for number in word.split(".")]
    large = sum(number >= _LARGE for number in numbers[1:]) > 1 or numbers[1] >= _LARGE
    if (
        numbers[0] > _SMALL
        or large
        or bracketed
        or before.endswith(("://", "@"))
        or re.match(r":\d|/\d", text_after(match))
    ):
        return False
    found = _WORD.search(before)
    if found is None:
        return not word.startswith("10.")
    name = found[1].lower()
    words = set(re.split(r"[_.-]", name)) & set(load_table("redaction")["network_words"])
    return not (words or _NETWORK_END.search(name))
