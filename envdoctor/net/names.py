"""The addresses of a host by its name, within a time limit.

The system's resolver takes none: a name server that is dead costs half a minute and more. It is asked in a thread that
ends when the resolver answers: one for each name, however often the name is asked for meanwhile.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
import time
from dataclasses import dataclass, field

from envdoctor.support import interruption
from envdoctor.support.parallel import start_thread


@dataclass(slots=True)
class _Lookup:
    """A question to the resolver, and its answer."""

    host: str
    answered: threading.Event = field(default_factory=threading.Event)
    addresses: tuple[str, ...] = ()
    error: Exception | None = None

    def ask(self) -> None:
        try:
            found = socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM)
            self.addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))
        except (OSError, UnicodeError, MemoryError) as error:
            self.error = error
        with _lock:
            _running.pop(self.host, None)
        self.answered.set()


_lock = threading.Lock()
_running: dict[str, _Lookup] = {}


def addresses(host: str, deadline: float) -> tuple[str, ...]:
    """The addresses of a host, at least one, in the order in which they are to be tried.

    Args:
        host: a name, or an address, which is its own.
        deadline: when the answer must be there, on the monotonic clock.

    Raises:
        OSError: there is no such name, or no answer came in time (`socket.gaierror`).
        UnicodeError: it can't be a name.
    """
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host.strip("[]").partition("%")[0])
        return (host.strip("[]"),)
    lookup = _begun(host)
    start = time.monotonic()
    while not lookup.answered.wait(max(0.0, min(deadline - time.monotonic(), interruption.BEAT))):
        interruption.check()
        if time.monotonic() >= deadline:
            waited = time.monotonic() - start
            raise socket.gaierror(socket.EAI_AGAIN, f"no name server told its address within {waited:.0f} s")
    if lookup.error is not None:
        raise lookup.error
    return lookup.addresses


def _begun(host: str) -> _Lookup:
    """The question that is under way for a host, else a new one."""
    with _lock:
        if host in _running:
            return _running[host]
        lookup = _running[host] = _Lookup(host)
    if start_thread(lookup.ask, "name") is None:
        lookup.ask()
    return lookup
