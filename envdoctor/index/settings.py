"""The user's own index settings, as pip has them, as one value."""

from __future__ import annotations

import math
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.errors import UsageProblem
from envdoctor.index.default_index import default_index_url
from envdoctor.index.pip_configuration import configuration_files, read_options
from envdoctor.net.urls import redacted

if TYPE_CHECKING:
    from collections.abc import Mapping

# pip's option parser gives these names the same destination; whichever stands later wins.
_SYNONYMS = {"pypi-url": "index-url", "default-timeout": "timeout"}
_YES = frozenset({"y", "yes", "t", "true", "on", "1"})
_NO = frozenset({"n", "no", "f", "false", "off", "0"})
_PIP_TIMEOUT = 15.0
#: Seconds, or tries, beyond which nobody means it.
_MOST = 1e9
_PIP_RETRIES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexSettings:
    """Where packages come from and how to get there. URLs may hold credentials: `described` is for people.

    Attributes:
        index_url: the simple API's base; None when nothing is configured and no pip is there to tell its default.
        configured: whether the user chose `index_url`, as opposed to pip's built-in default.
        extra_index_urls: further indexes; pip takes the best version over all of them.
        find_links: folders, ``file:`` URLs and HTML pages that list archives.
        no_index: no index at all, only `find_links`.
        trusted_hosts: ``host`` or ``host:port`` whose certificate is not to be checked.
        cert: a bundle (file) or a folder of certificates that replaces the system's.
        client_cert: a PEM file with certificate and key.
        proxy: proxy for http and https.
        timeout: seconds without an answer before a try counts as failed.
        retries: tries after the first.
        keyring: pip's ``keyring-provider``: auto, disabled, import or subprocess.
        constraints: files, or addresses of them, that every install is held to.
    """

    index_url: str | None = field(default=None, repr=False)
    configured: bool = False
    extra_index_urls: tuple[str, ...] = field(default=(), repr=False)
    find_links: tuple[str, ...] = field(default=(), repr=False)
    no_index: bool = False
    trusted_hosts: tuple[str, ...] = ()
    cert: str | None = None
    client_cert: str | None = None
    proxy: str | None = field(default=None, repr=False)
    timeout: float = _PIP_TIMEOUT
    retries: int = _PIP_RETRIES
    keyring: str = "auto"
    constraints: tuple[str, ...] = field(default=(), repr=False)

    @property
    def index_urls(self) -> tuple[str, ...]:
        """Every index to ask, the main one first; none under `no_index`."""
        if self.no_index:
            return ()
        return (*((self.index_url,) if self.index_url else ()), *self.extra_index_urls)

    @property
    def described(self) -> tuple[str, ...]:
        """What is asked, in order, with credentials hidden."""
        return tuple(redacted(place) for place in (*self.index_urls, *self.find_links))


def load_settings(
    *, command: str = "install", environ: Mapping[str, str] | None = None, prefix: Path | None = None
) -> IndexSettings:
    """Reads pip's configuration files and ``PIP_*`` variables as ``pip <command>`` would.

    Args:
        command: the pip command whose section counts: ``install`` or ``download``.
        environ: the environment; this process's when left out.
        prefix: the ``sys.prefix`` whose site configuration counts; this interpreter's when left out.

    Raises:
        UsageProblem: a configuration file is unreadable, or a value is not what its option takes.
    """
    environ = os.environ if environ is None else environ
    files = configuration_files(environ, Path(sys.prefix) if prefix is None else prefix)
    return settings_from_options(read_options(files, environ, command))


def settings_from_options(options: Mapping[str, str]) -> IndexSettings:
    """The value for options by their long names, as `read_options` returns them.

    Raises:
        UsageProblem: a value is not what its option takes.
    """
    named: dict[str, str] = {}
    for name, value in options.items():
        named[_SYNONYMS.get(name, name)] = value
    return IndexSettings(
        index_url=named.get("index-url") or default_index_url(),
        configured="index-url" in named,
        extra_index_urls=tuple(named.get("extra-index-url", "").split()),
        find_links=tuple(map(_expanded, named.get("find-links", "").split())),
        no_index=_switch(named.get("no-index", "no")),
        trusted_hosts=tuple(named.get("trusted-host", "").split()),
        cert=named.get("cert"),
        client_cert=named.get("client-cert"),
        proxy=named.get("proxy"),
        timeout=_number("timeout", named.get("timeout"), _PIP_TIMEOUT),
        retries=int(_number("retries", named.get("retries"), _PIP_RETRIES)),
        keyring=named.get("keyring-provider", "auto"),
        constraints=tuple(map(_expanded, named.get("constraint", "").split())),
    )


def _expanded(link: str) -> str:
    expanded = Path(link).expanduser() if link.startswith("~") else None
    return str(expanded) if expanded is not None and expanded.exists() else link


def _switch(value: str) -> bool:
    if value.lower() in _YES | _NO:
        return value.lower() in _YES
    raise UsageProblem(f"pip's setting no-index has the value {value!r}; it takes yes or no.")


def _number(name: str, value: str | None, default: float) -> float:
    if value is None:
        return default
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not 0 <= number < _MOST:
        raise UsageProblem(f"pip's setting {name} has the value {value[:40]!r}; it takes a number.")
    return number
