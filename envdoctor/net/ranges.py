"""A remote file read by byte ranges (RFC 9110, section 14): only the parts that are asked for travel.

Never two ranges in one request: there are servers that answer that with the whole file.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

from envdoctor.core.errors import NetworkProblem
from envdoctor.net.urls import redacted

if TYPE_CHECKING:
    import requests

    from envdoctor.net.session import Session

TAIL = 1 << 16
_KEPT = 64 << 20
_WHOLE, _PARTIAL, _UNSATISFIABLE = 200, 206, 416
_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18})")


class RangesUnsupported(NetworkProblem):
    """The server sends no part of a file; it must be fetched whole."""


class RemoteFile:
    """A file on a server as random access: `size` and `read_at`. Safe to share among threads.

    What was read once is kept (up to 64 MiB, oldest dropped first). The first request is for the tail, where a zip
    file has its directory; it tells the size as well.
    """

    def __init__(self, session: Session, url: str, tail: int = TAIL) -> None:
        """Opens the file.

        Args:
            session: who asks.
            url: the file.
            tail: bytes to read from the end at once.

        Raises:
            RangesUnsupported: the server does not answer ranges.
            NetworkProblem: no such file, or no answer.
        """
        self._session = session
        self._url = url
        self._lock = threading.Lock()
        self._extents: list[tuple[int, bytes]] = []
        self._validator: str | None = None
        self.received = 0
        self.requests = 0
        self.size = 0
        self._open(tail)

    def read_at(self, offset: int, length: int) -> bytes:
        """The bytes from `offset` on: exactly `length` of them, or fewer only where the end comes first.

        Raises:
            NetworkProblem: the server failed, or the file changed meanwhile.
        """
        position, end = max(0, offset), min(offset + length, self.size)
        parts = []
        while position < end:
            part = self._known(position, end) or self._fetch(f"bytes={position}-{self._gap_end(position, end) - 1}")
            parts.append(part)
            position += len(part)
        return b"".join(parts)

    def _known(self, position: int, end: int) -> bytes:
        """Of what was read before, the longest stretch from `position` on, at most to `end`."""
        with self._lock:
            covering = [(start, data) for start, data in self._extents if start <= position < start + len(data)]
        start, data = max(covering, key=lambda extent: extent[0] + len(extent[1]), default=(position, b""))
        return data[position - start : end - start]

    def _gap_end(self, position: int, end: int) -> int:
        with self._lock:
            return min((start for start, _ in self._extents if position < start < end), default=end)

    def _open(self, tail: int) -> None:
        try:
            self._fetch(f"bytes=-{tail}")
        except _Unsatisfiable as error:
            self.size = error.size
            if self.size:
                self._fetch(f"bytes=0-{self.size - 1}")

    def _fetch(self, wanted: str) -> bytes:
        headers = {"Range": wanted, "Accept-Encoding": "identity"}
        if self._validator:
            headers["If-Range"] = self._validator

        def consume(response: requests.Response) -> tuple[int, bytes]:
            start, stop, size = self._checked(response, wanted)
            data = b"".join(self._session.pieces(response, stop - start))
            if len(data) != stop - start:
                raise NetworkProblem(f"{redacted(self._url)}: {len(data)} bytes came for the range {wanted}.")
            etag = response.headers.get("ETag", "")
            self._validator = etag if etag.startswith('"') else self._validator
            self.size = size
            return start, data

        extent = self._session.exchange(self._url, headers, consume)
        self._keep(extent)
        return extent[1]

    def _checked(self, response: requests.Response, wanted: str) -> tuple[int, int, int]:
        """Start, end (exclusive) and total size of what the server sends; the body is not touched unless it fits."""
        url = redacted(self._url)
        match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if response.status_code == _UNSATISFIABLE and match is not None:
            raise _Unsatisfiable(f"{url}: the server can't serve the range {wanted}.", int(match[3]))
        if response.status_code == _WHOLE:
            raise RangesUnsupported(f"{url}: the server sends the whole file where a range was asked for.")
        if response.status_code != _PARTIAL:
            raise NetworkProblem(f"{url}: HTTP {response.status_code} {response.reason} for the range {wanted}.")
        if match is None or match[1] is None or response.headers.get("Content-Encoding", "identity") != "identity":
            raise RangesUnsupported(f"{url}: the server does not say which part of the file it sends.")
        start, stop, size = int(match[1]), int(match[2]) + 1, int(match[3])
        if not _is_asked_for(wanted, (start, stop, size)) or (self.size and size != self.size):
            raise NetworkProblem(f"{url}: {match[0]!r} came where {wanted!r} was asked for; did the file change?")
        return start, stop, size

    def _keep(self, extent: tuple[int, bytes]) -> None:
        with self._lock:
            self.received += len(extent[1])
            self.requests += 1
            self._extents.append(extent)
            while len(self._extents) > 1 and sum(len(data) for _, data in self._extents) > _KEPT:
                self._extents.pop(0)


class _Unsatisfiable(NetworkProblem):
    def __init__(self, message: str, size: int) -> None:
        super().__init__(message)
        self.size = size


def _is_asked_for(wanted: str, extent: tuple[int, int, int]) -> bool:
    """Whether the part sent is the part asked for; a suffix longer than the file means the whole file."""
    start, stop, size = extent
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    if not first:
        return stop == size and stop - start == min(int(last), size)
    return (start, stop) == (int(first), int(last) + 1)
