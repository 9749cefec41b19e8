"""Opens the user's indexes: settings, credentials, cache and session put together, and files as random access."""

from __future__ import annotations

import importlib
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.binaries.files import FileBytes
from envdoctor.core.command import Command
from envdoctor.index.client import IndexClient
from envdoctor.index.places import local_path
from envdoctor.net.cache import DiskCache
from envdoctor.net.ranges import TAIL, RangesUnsupported, RemoteFile
from envdoctor.net.session import Session
from envdoctor.net.transport import CredentialSource, NetworkSettings
from envdoctor.net.urls import is_remote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envdoctor.executors import Executor
    from envdoctor.index.project import IndexFile
    from envdoctor.index.settings import IndexSettings
    from envdoctor.support.bytes import RandomAccess

_KEYRING_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """How much of the network a command may use.

    Attributes:
        offline: only the cache may answer.
        most: bytes that may be read; None for any number.
        say: told in a sentence before much is read.
        progress: told how many of several wheels have been read, of how many.
    """

    offline: bool = False
    most: int | None = None
    say: Callable[[str], None] | None = None
    progress: Callable[[int, int], None] | None = None


def open_index(
    settings: IndexSettings, cache: Path | None, access: Access | None = None, *, executor: Executor | None = None
) -> IndexClient:
    """A client for these settings.

    Args:
        settings: from `load_settings`.
        cache: the folder for answers; None keeps none.
        access: how much of the network may be used; all of it when left out.
        executor: runs the ``keyring`` program where the settings ask for it; None leaves it out.
    """
    access = Access() if access is None else access
    network = NetworkSettings(
        timeout=settings.timeout,
        retries=settings.retries,
        proxy=settings.proxy,
        cert=settings.cert,
        client_cert=settings.client_cert,
        trusted_hosts=settings.trusted_hosts,
        offline=access.offline,
        most=access.most,
        credential_source=credential_source(settings.keyring, executor),
    )
    return IndexClient(settings, Session(network, DiskCache(cache) if cache else None, say=access.say))


def credential_source(keyring: str, executor: Executor | None) -> CredentialSource | None:
    """Where to ask for credentials when a server wants some, by pip's ``keyring-provider``; None for nowhere."""
    if keyring == "disabled":
        return None

    def ask(url: str, user: str | None) -> tuple[str, str] | None:
        found = _ask_library(url, user) if keyring in {"auto", "import"} else None
        if found is None and keyring in {"auto", "subprocess"} and executor is not None and user:
            found = _ask_program(executor, url, user)
        return found

    return ask


def _ask_library(url: str, user: str | None) -> tuple[str, str] | None:
    """The keyring of the user's, if its library is installed beside us."""
    try:
        keyring, errors = (importlib.import_module(name) for name in ("keyring", "keyring.errors"))
    except ImportError:
        return None
    try:
        found = keyring.get_credential(url, user)
    except errors.KeyringError:
        return None
    return (found.username, found.password) if found else None


def _ask_program(executor: Executor, url: str, user: str) -> tuple[str, str] | None:
    result = executor.run(Command(argv=("keyring", "get", url, user), timeout=_KEYRING_SECONDS))
    password = result.stdout.strip("\r\n")
    return (user, password) if result.ok and password else None


@contextmanager
def opened(session: Session, file: IndexFile, tail: int = TAIL) -> Iterator[RandomAccess]:
    """A file of an index as random access: on this disk, by ranges, or, where the server has none, fetched whole.

    Args:
        session: who asks.
        file: which.
        tail: bytes at the end that will be wanted, where a zip file has its directory.

    Raises:
        NetworkProblem: the server did not answer.
        Unreadable: the file is not there, or not what the index's hash says (only a whole file can tell).
    """
    if not is_remote(file.url):
        with FileBytes(local_path(file.url)) as source:
            yield source
        return
    try:
        remote = RemoteFile(session, file.url, tail)
    except RangesUnsupported:
        with tempfile.TemporaryDirectory(prefix="envdoctor-") as folder:
            whole = Path(folder) / "file"
            session.download(file.url, whole, sha256=file.sha256)
            with FileBytes(whole) as source:
                yield source
    else:
        yield remote
