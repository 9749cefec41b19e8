"""Connections that keep to the deadline of the request, from the look for the host on, and to an interrupt.

A socket's own time limit counts from the last byte, so that a server which sends one byte a second is waited for
without end. Here each read may take what is left of the request's time. Imported only when a server is asked.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from envdoctor.net.names import addresses
from envdoctor.support import interruption

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests
    from urllib3.poolmanager import PoolManager

_CONNECTIONS = 32
_FOR_EVER = float("inf")
_SHORTEST = 0.001


class _Deadline(threading.local):
    """When the request of this thread was sent, and must have been answered, on the monotonic clock."""

    start = 0.0
    moment = _FOR_EVER


DEADLINE = _Deadline()


class _Punctual(socket.socket):
    """Reads in short turns, so that the deadline and an interrupt are heeded."""

    def recv_into(self, *arguments: Any, **named: Any) -> int:  # noqa: ANN401  (as the library's)
        patience = self.gettimeout()
        end = min(DEADLINE.moment, _FOR_EVER if patience is None else time.monotonic() + patience)
        try:
            while True:
                interruption.check()
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError("timed out")
                self.settimeout(min(left, interruption.BEAT))
                try:
                    return super().recv_into(*arguments, **named)
                except TimeoutError:
                    continue
        finally:
            if self.fileno() >= 0:
                self.settimeout(patience)


class _PunctualTLS(_Punctual, ssl.SSLSocket):
    """The same over TLS; a handshake keeps to the limit of the connection by itself."""


class _HTTPConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _punctual(_reached(self, super()._new_conn))


class _HTTPSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _punctual(_reached(self, super()._new_conn))


def _reached(connection: HTTPConnection, connect: Callable[[], socket.socket]) -> socket.socket:
    """A connection to the first address that answers; each gets its share of what is left of the request's time."""
    name, patience = connection._dns_host, connection.timeout  # noqa: SLF001 - `host` lacks a dot at the end
    try:
        found = addresses(name, DEADLINE.moment)
    except (OSError, UnicodeError) as error:
        told = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
        raise NameResolutionError(connection.host, connection, told) from error
    most = _FOR_EVER if patience is None else float(patience)
    try:
        for number, address in enumerate(found):
            share = (DEADLINE.moment - time.monotonic()) / (len(found) - number)
            seconds = max(_SHORTEST, min(most, share))
            connection.host, connection.timeout = address, None if seconds == _FOR_EVER else seconds
            try:
                return connect()
            except (ConnectTimeoutError, NewConnectionError):
                if number == len(found) - 1:
                    raise
    finally:
        connection.host, connection.timeout = name, patience
    raise AssertionError("a name has an address, or there is an error")


def _punctual(plain: socket.socket) -> socket.socket:
    patience = plain.gettimeout()
    found = _Punctual(plain.family, plain.type, plain.proto, fileno=plain.detach())
    found.settimeout(patience)
    return found


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class PunctualAdapter(HTTPAdapter):
    """Makes such connections, straight and through proxies, and trusts the system's certificates."""

    def __init__(self) -> None:
        super().__init__(pool_maxsize=_CONNECTIONS)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:  # noqa: FBT001, FBT002, ANN401 - the library's signature
        """Makes the pools of connections."""
        super().init_poolmanager(connections, maxsize, block, **options)
        _teach(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> PoolManager:  # noqa: ANN401 - as above
        """Makes the pools of connections through a proxy."""
        is_new = proxy not in self.proxy_manager
        manager: PoolManager = super().proxy_manager_for(proxy, **({"ssl_context": _context()} | options))
        if is_new and not proxy.lower().startswith("socks"):
            _teach(manager)
        return manager

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]  # noqa: ANN401
        """Sends; of a redirect only the head counts, since the library would read a body without any limit."""
        options_of_pools = self.poolmanager.connection_pool_kw
        if (request.url or "").lower().startswith("https:") and "ssl_context" not in options_of_pools:
            options_of_pools["ssl_context"] = _context()  # only now: reading what the system trusts takes 50 ms
        response = super().send(request, **options)
        if response.is_redirect:
            response.raw.close()
            response._content, response._content_consumed = b"", True  # type: ignore[attr-defined]  # noqa: SLF001
        return response


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.sslsocket_class = _PunctualTLS
    return context


def _teach(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
