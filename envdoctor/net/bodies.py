"""Bodies of answers: whether all of one came, and what it holds once its content encoding is undone."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.errors import NetworkProblem, Unreadable
from envdoctor.net.urls import redacted
from envdoctor.support.bounded import Inflated

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests


def is_framed(response: requests.Response) -> bool:
    """Whether the length of a body was told or its end marked (RFC 9112, 6.3); gzip has an end mark of its own."""
    headers = response.headers
    return bool(
        headers.get("Content-Length", "").isdecimal()
        or "chunked" in headers.get("Transfer-Encoding", "").lower()
        or headers.get("Content-Encoding")
    )


def unpacked(response: requests.Response, pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """A body with its content encoding undone (RFC 9110, 8.4).

    Args:
        response: its head.
        pieces: the body as it was sent.
        limit: bytes that may come out.

    Raises:
        Unreadable: damaged, or more than `limit` bytes.
        NetworkProblem: it is encoded in another way than asked for.
    """
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in {"", "identity"}:
        yield from pieces
        return
    inflated = Inflated(_Pieces(pieces), limit)
    if encoding not in {"gzip", "x-gzip"} or not inflated.is_packed:
        raise NetworkProblem(f"{redacted(response.url)}: the answer is not the gzip that was asked for.")
    try:
        yield from inflated.pieces()
    except Unreadable as error:
        raise Unreadable(f"{redacted(response.url)}: {error}.") from None


def store(pieces: Iterator[bytes], destination: Path, sha256: str | None, source: str) -> int:
    """Writes pieces to a file that appears whole and with the right hash, or not at all; returns its size.

    Raises:
        Unreadable: its SHA-256 is another one.
    """
    digest = hashlib.sha256()
    handle, name = tempfile.mkstemp(dir=destination.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            for piece in pieces:
                digest.update(piece)
                stream.write(piece)
            size = stream.tell()
        found = digest.hexdigest()
        if found == (sha256 or found).lower():
            temporary.replace(destination)
            return size
    finally:
        temporary.unlink(missing_ok=True)
    raise Unreadable(f"{source} has the SHA-256 {found}, expected {sha256}: it is damaged or was altered.")


class _Pieces:
    """Pieces as something to read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, _: int, /) -> bytes:
        """The next piece; its size is the sender's."""
        return next(self._pieces, b"")
