"""One HTTP session for the whole program: retries, time limits, a size limit for each answer, and the cache."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from envdoctor.core.errors import NetworkProblem, Unreadable
from envdoctor.net.bodies import is_framed, store, unpacked
from envdoctor.net.cache import CachedReply, DiskCache, kept
from envdoctor.net.transport import NetworkSettings, Transport
from envdoctor.net.urls import redacted, without_credentials
from envdoctor.support import interruption
from envdoctor.support.text import one_line, read_number
from envdoctor.support.text import size as size_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import requests

T = TypeVar("T")

PAGE_LIMIT = 48 << 20
FILE_LIMIT = 4 << 30
_PIECE = 1 << 16
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_ABSENT = frozenset({404, 410})
_REFUSED = frozenset({401, 403, 407})
_PARTIAL, _NOT_MODIFIED = 206, 304
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 8.0
#: Seconds for which a server is not asked again that was waited for in vain, with all tries.
_SILENCE = 60.0


#: Bytes that a command may read before it says so.
_MUCH = 50 * 10**6


class DownloadLimit(NetworkProblem):
    """More would have to be read than the user allows."""


class AccessRefused(NetworkProblem):
    """The server wants credentials that it did not get, or hides what it has not (some say 403 for "no such thing")."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An answer that says something: the thing itself, or that there is none.

    Attributes:
        url: where it came from in the end; the base of the relative links in it.
        found: False for 404 and 410.
        content_type: as the server named it; may be empty.
        content: the body; empty if not found.
        cached: whether no body was transferred for it.
        whole: whether its length was told or its end marked; else only its content can tell that nothing is missing.
    """

    url: str
    found: bool
    content_type: str
    content: bytes
    cached: bool
    whole: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Traffic:
    """What went over the network so far: requests sent, and bytes of bodies received."""

    requests: int = 0
    received: int = 0


class Session:
    """Asks servers, gently: safe to share among threads.

    Every method raises `NetworkProblem` if no usable answer came within the retries and time limits, and never lets a
    failing network look like a missing package.
    """

    def __init__(
        self,
        settings: NetworkSettings | None = None,
        cache: DiskCache | None = None,
        pause: Callable[[float], None] = interruption.pause,
        say: Callable[[str], None] | None = None,
    ) -> None:
        """Opens nothing yet.

        Args:
            settings: how to reach servers.
            cache: where answers are kept, if anywhere.
            pause: waits between two tries; a test hands in one that doesn't.
            say: told in a sentence, once, before more than 50 MB are read.
        """
        self._settings = settings or NetworkSettings()
        self._transport = Transport(self._settings)
        self.cache = cache
        self._pause = pause
        self._lock = threading.Lock()
        self._requests = 0
        self._received = 0
        self._promised = 0
        self._say = say
        self._silent: dict[str, float] = {}

    @property
    def traffic(self) -> Traffic:
        """What this session has caused so far."""
        return Traffic(requests=self._requests, received=self._received)

    @property
    def offline(self) -> bool:
        """Whether only the cache may answer."""
        return self._settings.offline

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    def get(self, url: str, *, accept: str = "*/*", fresh: float = 0.0, limit: int = PAGE_LIMIT) -> Reply:
        """Fetches one document.

        Args:
            url: http or https; credentials in it are used and not passed on to another host.
            accept: the ``Accept`` header; part of what an answer is cached under.
            fresh: seconds for which a cached answer is good without asking.
            limit: bytes, content encoding undone, past which the answer is refused.

        Raises:
            NetworkProblem: no usable answer, or none cached under `offline`.
            Unreadable: the answer is larger than `limit`.
        """
        key = _key(url, accept)
        cached = self.cache.get(key) if self.cache else None
        if cached is not None and (self.offline or cached.is_fresh(fresh)):
            return _reply(cached, cached=True)

        def consume(response: requests.Response) -> CachedReply:
            if response.status_code == _NOT_MODIFIED and cached is not None:
                return _renewed(cached, response.headers)
            found = self._accepted(response)
            return CachedReply(
                url=without_credentials(response.url),
                status=response.status_code,
                headers=kept(response.headers),
                stored=time.time(),
                content=b"".join(unpacked(response, self.pieces(response, limit), limit)) if found else b"",
                whole=not found or is_framed(response),
            )

        headers = {"Accept": accept, "Accept-Encoding": "gzip", **(cached.validators if cached else {})}
        answer = self.exchange(url, headers, consume)
        if self.cache:
            self.cache.put(key, answer)
        return _reply(answer, cached=cached is not None and answer.content is cached.content)

    def forget(self, url: str, *, accept: str = "*/*") -> None:
        """Keeps an answer no longer, such as one that turned out to be no page at all."""
        if self.cache:
            self.cache.remove(_key(url, accept))

    def download(self, url: str, destination: Path, *, sha256: str | None = None, limit: int = FILE_LIMIT) -> int:
        """Fetches a file whole; it appears at `destination` complete and with the right hash, or not at all.

        Returns:
            Its size in bytes.

        Raises:
            NetworkProblem: no usable answer, or no such file.
            Unreadable: it is larger than `limit`, or its SHA-256 is not `sha256`.
        """

        def consume(response: requests.Response) -> int:
            if not self._accepted(response):
                raise NetworkProblem(f"{redacted(url)} does not exist (HTTP {response.status_code}).")
            return store(self.pieces(response, limit), destination, sha256, redacted(url))

        destination.parent.mkdir(parents=True, exist_ok=True)
        return self.exchange(url, {"Accept-Encoding": "identity"}, consume)

    def exchange(self, url: str, headers: Mapping[str, str], consume: Callable[[requests.Response], T]) -> T:
        """Sends a GET until `consume` has made a value of an answer; `consume` may read the body with `pieces`.

        Raises:
            NetworkProblem: the tries are used up, or the session is offline.
        """
        start, problem = time.monotonic(), ""
        if self.offline:
            raise NetworkProblem(f"{redacted(url)} is not in the cache, and --offline forbids to ask for it.")
        if start < self._silent.get(_place(url), 0.0):
            raise NetworkProblem(f"{redacted(url)} was not asked for: its server was waited for in vain just now.")
        import requests

        for attempt in range(self._settings.retries + 1):
            if attempt:
                self._pause(min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (attempt - 1)))
            try:
                with self._transport.send(url, headers) as response:
                    self._count(requests=1)
                    start = time.monotonic()  # whatever it says, it is there
                    if response.status_code not in _RETRIED:
                        return consume(response)
                    problem = f"HTTP {response.status_code} {response.reason}"
            except requests.RequestException as error:
                problem = _brief(error)
                if attempt and isinstance(_cause(error), ConnectionRefusedError):
                    break  # who refuses was reached: nothing listens there
        tries = attempt + 1
        self._note_silence(url, time.monotonic() - start)
        raise NetworkProblem(f"{redacted(url)}: {problem}, after {tries} {'try' if tries == 1 else 'tries'}.")

    def _note_silence(self, url: str, waited: float) -> None:
        """The next hundred requests to a server are not to wait as long for nothing."""
        if waited > self._settings.timeout:
            self._silent[_place(url)] = time.monotonic() + _SILENCE

    def pieces(self, response: requests.Response, limit: int) -> Iterator[bytes]:
        """The body as it was sent, piece by piece, within the limits of size and time.

        Raises:
            Unreadable: there is more than `limit` bytes.
            NetworkProblem: it takes longer than the settings allow, or more than the user allows would be read.
            requests.RequestException: it broke off; `exchange` tries again.
        """
        import requests
        import urllib3

        announced = response.headers.get("Content-Length", "")
        expected = read_number(announced) if announced.isdecimal() else 0
        size, promised, before = 0, 0, self._received  # answers that come at once share a slow line
        try:
            self.promise(expected, redacted(response.url))
            promised = expected
            for piece in response.raw.stream(_PIECE, decode_content=False):
                size += len(piece)
                self._count(received=len(piece))
                beyond = max(0, size - expected) and len(piece)
                self.promise(beyond, redacted(response.url))
                promised += beyond
                if size > limit:
                    raise Unreadable(f"{redacted(response.url)}: it holds more than the {limit:,} bytes allowed.")
                if self._transport.is_late(self._received - before):
                    raise self._late(response.url, size, self._received - before)
                yield piece
        except urllib3.exceptions.HTTPError as error:
            self._forgo(promised)
            if self._transport.is_late(self._received - before):
                raise self._late(response.url, size, self._received - before) from None
            raise requests.ConnectionError(error) from error
        if size < expected:
            self._forgo(promised)
            raise requests.ConnectionError(f"broken off after {size:,} of {expected:,} bytes")

    def _late(self, url: str, size: int, received: int) -> NetworkProblem:
        seconds = self._transport.allowed(received)
        self._note_silence(url, seconds if size < _PIECE else 0.0)
        return NetworkProblem(f"{redacted(url)}: not all came within {seconds:.0f} s, {size_words(size)} did.")

    def promise(self, size: int, what: str) -> None:
        """Takes so many more bytes into account before they are read, here or by another program.

        Raises:
            DownloadLimit: they are more than the user allows.
        """
        most = self._settings.most
        with self._lock:
            if most is not None and size and self._promised + size > most:
                raise DownloadLimit(
                    f"{what} was not read: {size_words(self._promised + size)} would be read with it, and "
                    f"--max-download allows {size_words(most)}."
                )
            self._promised += size
            say = self._say if self._promised > _MUCH else None
            self._say = None if say else self._say
        if say:
            say(f"{size_words(self._promised)} and more are to be read over the network (--max-download sets a limit).")

    def _forgo(self, size: int) -> None:
        """Takes back what was promised for a try that failed: the next one promises it again."""
        with self._lock:
            self._promised -= size

    def _accepted(self, response: requests.Response) -> bool:
        """Whether the thing is there; raises if the answer says neither yes nor no."""
        if response.status_code in _ABSENT:
            return False
        if response.ok and response.status_code not in {_NOT_MODIFIED, _PARTIAL}:  # no part was asked for
            return True
        said = f"{redacted(response.url)}: HTTP {response.status_code} {response.reason}."
        if response.status_code in _REFUSED:
            raise AccessRefused(f"{said} Give credentials in the index URL, by netrc or keyring.")
        raise NetworkProblem(said)

    def _count(self, *, requests: int = 0, received: int = 0) -> None:
        with self._lock:
            self._requests += requests
            self._received += received


def _place(url: str) -> str:
    return urlsplit(without_credentials(url)).netloc


def _key(url: str, accept: str) -> str:
    return f"{accept} {without_credentials(url)}"


def _reply(answer: CachedReply, *, cached: bool) -> Reply:
    return Reply(
        url=answer.url,
        found=answer.status not in _ABSENT,
        content_type=answer.headers.get("content-type", ""),
        content=answer.content,
        cached=cached,
        whole=answer.whole,
    )


def _renewed(cached: CachedReply, headers: Mapping[str, str]) -> CachedReply:
    return CachedReply(
        url=cached.url,
        status=cached.status,
        headers={**cached.headers, **kept(headers)},
        stored=time.time(),
        content=cached.content,
        whole=cached.whole,
    )


def _cause(error: BaseException) -> BaseException:
    """The innermost reason: the libraries wrap "Connection refused" in four layers of their own names."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {one_line(str(_cause(error))[:300])}"
