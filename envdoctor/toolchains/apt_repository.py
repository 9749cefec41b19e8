"""One package out of an apt repository, from any machine: the index, the newest version, its file and its SHA-256.

Source: the Debian wiki's RepositoryFormat; deb822(5). Hashes are followed from the Release file down. Its signature is
not checked: who wants that pins the file's own SHA-256.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.errors import NetworkProblem, ToolchainProblem, Unreadable
from envdoctor.support.bounded import Inflated
from envdoctor.support.text import read_number
from envdoctor.toolchains.deb import parse_stanza, version_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.net.session import Session
    from envdoctor.toolchains.catalogue import Source

_COMPRESSIONS = (".xz", ".gz", "")
_MAX_INDEX, _MAX_PARAGRAPH = 512 << 20, 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFile:
    """A package that a repository offers."""

    url: str
    version: str
    sha256: str
    size: int


def find_package(session: Session, source: Source, package: str, architecture: str) -> PackageFile:
    """The newest version of a package.

    Args:
        session: fetches.
        source: an apt repository.
        package: its name.
        architecture: as Debian spells it (`amd64`); this machine's does not matter.

    Raises:
        NetworkProblem: the repository does not answer.
        Unreadable: an index is damaged or does not have the hash that the Release file says.
        ToolchainProblem: it has no such package.
    """
    offers = []
    for paragraph in _paragraphs(session, source, architecture):
        if f"Package: {package}\n".encode() in paragraph + b"\n":
            fields = parse_stanza(paragraph.decode("utf-8", "replace"))
            if fields.get("Package") == package and fields.get("Architecture") in {architecture, "all"}:
                offers.append(fields)
    if not offers:
        raise ToolchainProblem(f"{source.location} has no package {package} for {architecture}")
    best = max(offers, key=lambda fields: version_key(fields.get("Version", "")))
    size = best.get("Size", "")
    if not best.get("Filename") or len(best.get("SHA256", "")) != 64 or not size.isdecimal():  # noqa: PLR2004  (hex digits)
        raise Unreadable(f"{source.location}: the entry of {package} lacks Filename, Size or SHA256")
    return PackageFile(
        url=f"{source.location}/{best['Filename'].removeprefix('./')}",
        version=best.get("Version", ""),
        sha256=best["SHA256"].lower(),
        size=read_number(size),
    )


def _paragraphs(session: Session, source: Source, architecture: str) -> Iterator[bytes]:
    """Every paragraph of the package indexes, which are decompressed piece by piece."""
    root = f"{source.location}/dists/{source.suite}" if source.suite else source.location
    hashes = _hashes(session, root)
    if hashes is None and source.suite and not source.components:
        raise NetworkProblem(f"{root}/Release does not exist")
    for component in source.components or ("",):
        folder = f"{component}/binary-{architecture}/" if component else ""
        yield from _split(_index(session, root, f"{folder}Packages", hashes or {}))


def _hashes(session: Session, root: str) -> dict[str, str] | None:
    """SHA-256 by path from the Release file; None if there is none."""
    for name in ("InRelease", "Release"):
        reply = session.get(f"{root}/{name}")
        if reply.found:
            fields = parse_stanza(_unsigned(reply.content.decode("utf-8", "replace")))
            rows = [line.split() for line in fields.get("SHA256", "").splitlines()]
            return {row[2]: row[0].lower() for row in rows if len(row) == 3}  # noqa: PLR2004  (hash, size, path)
    return None


def _unsigned(text: str) -> str:
    """The message inside an OpenPGP clear-signed one, or the text itself."""
    if not text.startswith("-----BEGIN PGP SIGNED MESSAGE-----"):
        return text
    body = text.partition("\n\n")[2]
    return body.partition("\n-----BEGIN PGP SIGNATURE-----")[0]


def _index(session: Session, root: str, path: str, hashes: dict[str, str]) -> bytes:
    """A package index as it is stored, compressed or not."""
    listed = [ending for ending in _COMPRESSIONS if path + ending in hashes]
    for ending in listed or _COMPRESSIONS:
        reply = session.get(f"{root}/{path}{ending}")
        if not reply.found:
            continue
        expected = hashes.get(path + ending)
        found = hashlib.sha256(reply.content).hexdigest()
        if expected is not None and found != expected:
            raise Unreadable(f"{root}/{path}{ending} has the SHA-256 {found}; the Release file says {expected}")
        return reply.content
    raise NetworkProblem(f"{root}/{path} does not exist, compressed or not")


def _split(index: bytes) -> Iterator[bytes]:
    rest = b""
    for piece in Inflated(io.BytesIO(index), _MAX_INDEX).pieces():
        *whole, rest = (rest + piece).split(b"\n\n")
        yield from whole
        if len(rest) > _MAX_PARAGRAPH:
            raise Unreadable(f"a package index with an entry of more than {_MAX_PARAGRAPH:,} bytes")
    yield rest
