"""Reads what an installed distribution says of itself, without `importlib.metadata`, which takes ten times as long.

Formats: the core metadata specification (METADATA, PKG-INFO) and setuptools' egg-info folder (requires.txt).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from envdoctor.core.frozen import frozen
from envdoctor.support.requirement import normal_name

_FIELD = re.compile(r"^(Name|Version|Requires-Dist|Requires-Python)[ \t]*:[ \t]*(.*)$", re.MULTILINE | re.IGNORECASE)
_LOGIN = re.compile(r"//[^/@]*@")
_FOLDED = re.compile(r"\n[ \t]+")
_SECTION = re.compile(r"^\[(?P<extra>[^]:]*)(?::(?P<marker>.*))?\]$")


@frozen
class Metadata:
    """The fields of a METADATA or PKG-INFO file that matter here; `requires` as written."""

    name: str = ""
    version: str = ""
    requires: tuple[str, ...] = ()
    requires_python: str = ""


def parse_metadata(content: bytes) -> Metadata:
    """Read the header of a METADATA or PKG-INFO file; the description after the first empty line is not looked at."""
    text = content.decode("utf-8", "replace").replace("\r\n", "\n").lstrip("\n\ufeff")
    header = text.partition("\n\n")[0]
    if "\n " in header or "\n\t" in header:
        header = _FOLDED.sub(" ", header)
    fields: dict[str, list[str]] = {}
    for name, value in _FIELD.findall(header):
        fields.setdefault(name.lower(), []).append(value.strip())
    return Metadata(
        name=fields.get("name", [""])[0],
        version=fields.get("version", [""])[0],
        requires=tuple(fields.get("requires-dist", ())),
        requires_python=fields.get("requires-python", [""])[0],
    )


def parse_egg_requires(content: bytes) -> tuple[str, ...]:
    """Turn setuptools' requires.txt into requirements as METADATA would hold them: a section becomes a marker."""
    requirements = []
    marker = ""
    for line in content.decode("utf-8", "replace").splitlines():
        words = line.strip()
        section = _SECTION.match(words)
        if section:
            parts = [f"({section['marker']})"] if section["marker"] else []
            parts += [f'extra == "{section["extra"]}"'] if section["extra"] else []
            marker = " and ".join(parts)
        elif words and not words.startswith("#"):
            requirements.append(f"{words} ; {marker}" if marker else words)
    return tuple(requirements)


def parse_folder_name(name: str) -> tuple[str, str]:
    """Name and version from the name of a metadata folder or file; the version is empty if it has none.

    `numpy-2.3.4.dist-info`, `crcmod-1.7.egg-info`, `foo.egg-info`, `foo-1.0-py3.11.egg` and `foo-1.0-py3.11.egg-info`.
    """
    stem = name.rpartition(".")[0]
    project, _, version = stem.partition("-")
    return project, re.sub(r"-py\d(\.\d+)?(-.*)?$", "", version)


def normalize(name: str) -> str:
    """The form of a distribution's name that is compared (PEP 503)."""
    return normal_name(name)


class DirectUrl(NamedTuple):
    """Where a distribution came from that is of no index.

    Attributes:
        editable: the project folder of an editable install; else empty.
        source: the folder, file or URL of another install, without user and password; else empty.
    """

    editable: str = ""
    source: str = ""


def parse_direct_url(content: bytes) -> DirectUrl:
    """What direct_url.json says.

    Source: the direct URL data structure (PEP 610). A file that is no JSON says nothing, as pip holds it.
    """
    import json

    try:
        record = json.loads(content)
        editable = record.get("dir_info", {}).get("editable") is True
        url = str(record["url"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return DirectUrl()
    if not url.startswith("file:"):
        return DirectUrl(source="" if editable else _LOGIN.sub("//", url, count=1))
    from urllib.parse import unquote

    path = unquote(url.removeprefix("file://").removeprefix("file:").removeprefix("localhost"))
    path = path.removeprefix("/") if re.match(r"/[A-Za-z]:", path) else path
    return DirectUrl(editable=path) if editable else DirectUrl(source=path)
