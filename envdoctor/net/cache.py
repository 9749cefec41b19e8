"""Answers kept on disk, within a size limit; one file each, written whole or not at all, safe among processes.

An entry is a hash over its key and all that follows, a line of JSON (URL, status, headers, time) and the body.
A damaged entry, or one under another key, is no entry.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from envdoctor.core.errors import Unreadable
from envdoctor.core.frozen import frozen
from envdoctor.support.files import read_regular
from envdoctor.support.packing import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

DEFAULT_LIMIT = 512 << 20
_KEPT_HEADERS = ("content-type", "etag", "last-modified", "cache-control")


@frozen
class CachedReply:
    """What a server answered once.

    Attributes:
        url: where the answer came from in the end, after redirects, without credentials.
        status: 200, or 404 where the absence itself is worth keeping.
        headers: by lower-case name; only those that matter for the next request.
        stored: when it was fetched or last confirmed, seconds since the epoch.
        content: the body, content encoding undone.
        whole: whether its length was told or its end marked.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    stored: float
    content: bytes
    whole: bool = True

    @property
    def validators(self) -> dict[str, str]:
        """The request headers that turn a request into "only if it has changed" (RFC 9110, section 13)."""
        names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
        return {names[name]: value for name, value in self.headers.items() if name in names}

    def is_fresh(self, seconds: float) -> bool:
        """Whether it is younger than `seconds`, or than the server's own ``max-age`` if that is longer."""
        age = time.time() - self.stored
        return 0 <= age < max(seconds, max_age(self.headers.get("cache-control", "")))


class DiskCache:
    """A folder of answers. Failing to write is never an error: the next request just goes out again."""

    def __init__(self, folder: Path, limit: int = DEFAULT_LIMIT) -> None:
        """`limit`: bytes; when a write makes the folder larger, the entries not used for longest go."""
        self._folder = folder
        self._limit = limit
        self._written = 0

    def get(self, key: str) -> CachedReply | None:
        """The entry for a key, or None; using an entry makes it the youngest."""
        path = self._path(key)
        try:
            reply = _parse(read_regular(path, self._limit), key)
            os.utime(path)
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return reply

    def put(self, key: str, reply: CachedReply) -> None:
        """Keeps an answer, unless the server forbade it (``no-store``)."""
        if "no-store" in reply.headers.get("cache-control", ""):
            return
        data = _format(reply, key)
        with contextlib.suppress(OSError):
            self._write(self._path(key), data)
        self._written += len(data)
        if self._written > self._limit // 16:
            self.prune()

    def remove(self, key: str) -> None:
        """Keeps an entry no longer."""
        with contextlib.suppress(OSError):
            self._path(key).unlink()

    def get_bytes(self, key: str) -> bytes | None:
        """Bytes that were worked out once from something that never changes; None if they are not kept."""
        entry = self.get(key)
        return entry.content if entry else None

    def put_bytes(self, key: str, content: bytes) -> None:
        """Keeps such bytes; the key must name what they were made from and how."""
        self.put(key, CachedReply(url="", status=200, headers={}, stored=time.time(), content=content))

    def get_value(self, key: str, kind: type[T], fresh: float = math.inf) -> T | None:
        """A value that `put_value` kept; None if it is not kept, or was by a program that knew it in another shape.

        `fresh`: seconds; what is older counts as not kept.
        """
        entry = self.get(key)
        try:
            return unpack(entry.content, kind) if entry and entry.content and entry.is_fresh(fresh) else None
        except Unreadable:
            return None

    def put_value(self, key: str, value: object) -> None:
        """Keeps a dataclass that was worked out from something that never changes; see `put_bytes`."""
        with contextlib.suppress(Unreadable):  # a name that is no UTF-8: worked out again the next time
            self.put_bytes(key, pack(value))

    def prune(self) -> None:
        """Removes the entries not used for longest until the folder is within its limit."""
        self._written = 0
        entries = []
        for path in self._folder.glob("*/*"):
            with contextlib.suppress(OSError):
                found = path.stat()
                entries.append((found.st_mtime, found.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= self._limit:
                break
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()
        return self._folder / name[:2] / name[2:]

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        import tempfile  # not needed to read

        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(temporary).replace(path)
        except BaseException:  # an interrupt as well leaves nothing behind
            Path(temporary).unlink()
            raise


def max_age(cache_control: str) -> float:
    """Seconds of the ``max-age`` directive; 0 without one, or where ``no-cache`` asks to be confirmed each time."""
    directives = [part.strip().lower() for part in cache_control.split(",")]
    if "no-cache" in directives:
        return 0.0
    for name, _, value in (directive.partition("=") for directive in directives):
        if name == "max-age" and value.isdecimal():
            return float(value)
    return 0.0


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """Of a server's headers, those that an entry needs, by lower-case name."""
    lowered = {name.lower(): value for name, value in headers.items()}
    return {name: lowered[name] for name in _KEPT_HEADERS if name in lowered}


def _format(reply: CachedReply, key: str) -> bytes:
    head = {
        "url": reply.url,
        "status": reply.status,
        "headers": dict(reply.headers),
        "stored": reply.stored,
        "whole": reply.whole,
    }
    rest = json.dumps(head).encode() + b"\n" + reply.content
    return _hash(key, rest) + b"\n" + rest


def _parse(data: bytes, key: str) -> CachedReply:
    digest, _, rest = data.partition(b"\n")
    if digest != _hash(key, rest):
        raise ValueError("the entry is not what was written")
    head_line, _, content = rest.partition(b"\n")
    head = json.loads(head_line)
    return CachedReply(
        url=str(head["url"]),
        status=int(head["status"]),
        headers=dict(head["headers"]),
        stored=float(head["stored"]),
        content=content,
        whole=bool(head["whole"]),
    )


def _hash(key: str, rest: bytes) -> bytes:
    return hashlib.sha256(hashlib.sha256(key.encode()).digest() + rest).hexdigest().encode()
