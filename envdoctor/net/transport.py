"""How to reach a server: certificates, proxies, credentials. The only module that knows the HTTP library."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envdoctor.core.errors import NetworkProblem
from envdoctor.net.urls import credentials, redacted, without_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

# Asked with a URL and the user name if one is known, when a server says 401; None if there is nothing to offer.
CredentialSource = Callable[[str, "str | None"], "tuple[str, str] | None"]

_UNAUTHORIZED = 401
#: Bytes a second below which an answer is not waited for, once its first seconds are over; all that come at once count.
_SLOWEST, _FIRST_SECONDS = 10_000, 60.0
_NAMED_BY = "what names it is PIP_CERT, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or a setting of pip"
_SHORTEST = 0.001  # seconds; the library takes 0 for a mistake


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkSettings:
    """How to reach servers.

    Attributes:
        timeout: seconds to wait for a connection, for the head of an answer, and between two pieces of its body. A
            whole answer has a minute, or twice that where it is longer, and what the bytes that came take at 10 kB/s.
        retries: tries after the first, with growing pauses.
        proxy: proxy for both schemes; None leaves it to the environment (``HTTPS_PROXY``, ``NO_PROXY``).
        cert: a bundle or folder of certificates that replaces the system's; None for the system's.
        client_cert: a PEM file with certificate and key.
        trusted_hosts: ``host`` or ``host:port`` whose certificate is not checked.
        most: bytes that all answers together may have; None for any number.
        offline: never to touch the network: only what the cache has.
        credential_source: where to ask for credentials that neither the URL nor netrc gave.
    """

    timeout: float = 15.0
    retries: int = 5
    proxy: str | None = field(default=None, repr=False)
    cert: str | None = None
    client_cert: str | None = None
    trusted_hosts: tuple[str, ...] = ()
    most: int | None = None
    offline: bool = False
    credential_source: CredentialSource | None = field(default=None, repr=False)


class Transport:
    """Sends one request at a time per thread; remembers which credentials go with which server."""

    def __init__(self, settings: NetworkSettings) -> None:
        self._settings = settings
        self._known: dict[str, tuple[str, str]] = {}
        self._lock = threading.Lock()
        self._session: requests.Session | None = None

    def send(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        """One GET whose body is not yet read; the caller reads it in this thread, while it is not late, and closes it.

        Raises:
            requests.RequestException: no answer came.
            NetworkProblem: the file of certificates that is to be trusted can't be read.
        """
        given = credentials(url)
        place, bare = urlsplit(url).netloc.rpartition("@")[2], without_credentials(url)
        if given is not None:
            self._known[place] = given
        response = self._get(bare, headers, self._known.get(place))
        if response.status_code != _UNAUTHORIZED or self._settings.credential_source is None:
            return response
        found = self._settings.credential_source(bare, given[0] if given else None)
        if found is None:
            return response
        response.close()
        self._known[place] = found
        return self._get(bare, headers, found)

    def is_late(self, received: int) -> bool:
        """Whether the time for the answer that this thread reads is over, of which so many bytes came."""
        from envdoctor.net.connections import DEADLINE

        DEADLINE.moment = DEADLINE.start + self.allowed(received)
        return time.monotonic() >= DEADLINE.moment

    def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            self._session.close()

    def _get(self, url: str, headers: Mapping[str, str], auth: tuple[str, str] | None) -> requests.Response:
        import requests

        from envdoctor.net.connections import DEADLINE

        settings = self._settings
        start = time.monotonic()
        DEADLINE.moment = start + 2 * settings.timeout  # to connect, and for the head
        proxies = {"http": settings.proxy, "https": settings.proxy} if settings.proxy else None
        verify: bool | str = False if self._is_trusted(url) else (settings.cert or True)
        try:
            response = self._connected().get(
                url,
                headers=dict(headers),
                auth=auth,
                stream=True,
                timeout=max(settings.timeout, _SHORTEST),
                proxies=proxies,
                verify=verify,
                cert=settings.client_cert,
            )
        except requests.RequestException:
            raise
        except OSError as error:  # a file of certificates that is not there
            raise NetworkProblem(f"{redacted(url)} was not asked for: {error}; {_NAMED_BY}.") from None
        DEADLINE.start = start
        DEADLINE.moment = start + self.allowed(0)
        return response

    def allowed(self, received: int) -> float:
        """Seconds for an answer of which so many bytes came."""
        return max(_FIRST_SECONDS, 2 * self._settings.timeout) + received / _SLOWEST

    def _is_trusted(self, url: str) -> bool:
        parts = urlsplit(url)
        return bool({parts.hostname, parts.netloc} & set(self._settings.trusted_hosts))

    def _connected(self) -> requests.Session:
        with self._lock:
            if self._session is None:
                self._session = _new_session(quiet=bool(self._settings.trusted_hosts))
            return self._session


def _new_session(*, quiet: bool) -> requests.Session:
    import requests
    import urllib3

    from envdoctor.net.connections import PunctualAdapter

    if quiet:  # the user has said so in pip's settings; a warning for each request tells nothing new
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    session = requests.Session()
    session.headers["User-Agent"] = "envdoctor"
    adapter = PunctualAdapter()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
