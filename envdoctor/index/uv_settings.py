"""The user's pip settings, said in uv's words, so that uv resolves from where pip would.

uv reads none of pip's configuration. Its variables and options are documented in uv's reference ("Environment
variables", "uv pip compile"). Secrets go by the environment only: an argument list can be read by every process.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envdoctor.index.places import local_path
from envdoctor.net.urls import credentials, is_remote, redacted, without_credentials
from envdoctor.support.files import is_special

if TYPE_CHECKING:
    from envdoctor.index.settings import IndexSettings

# Seconds for which a page of an index may be used without asking again: what the largest public registry allows.
PAGE_FRESH = 600
_A_YEAR = 365 * 86400

# Variables of uv's that would bring in other indexes than pip's, or other choices than the caller's.
_CLEARED = (
    "UV_CONFIG_FILE",
    "UV_CONSTRAINT",
    "UV_DEFAULT_INDEX",
    "UV_EXCLUDE_NEWER",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_NO_INDEX",
    "UV_OVERRIDE",
    "UV_PRERELEASE",
    "UV_RESOLUTION",
    "UV_TORCH_BACKEND",
)


def uv_environment(settings: IndexSettings) -> dict[str, str | None]:
    """The variables that make uv use these settings, for `Command.env`: None takes a variable away.

    Values may be secret and must not be printed. pip takes the best version over all its indexes, which uv calls
    ``unsafe-best-match``.
    """
    environment: dict[str, str | None] = dict.fromkeys(_CLEARED)
    environment |= {"UV_NO_CONFIG": "1", "UV_INDEX_STRATEGY": "unsafe-best-match"}
    environment |= _places(settings)
    environment |= _trust(settings)
    environment["UV_HTTP_RETRIES"] = str(settings.retries)
    environment["UV_HTTP_TIMEOUT"] = str(max(1, round(settings.timeout)))
    if settings.proxy:
        environment |= dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), settings.proxy)
    if settings.keyring in {"auto", "subprocess"} and shutil.which("keyring"):
        environment["UV_KEYRING_PROVIDER"] = "subprocess"
    return environment


def uv_configuration(settings: IndexSettings) -> tuple[str, dict[str, str]]:
    """The indexes as a uv.toml that also lets their pages be kept, and the variables that hold its secrets.

    Mirrors often send no validators, and then uv fetches every page again in every process; a configuration file is
    the only place where uv takes ``cache-control`` for an index. It replaces ``UV_DEFAULT_INDEX`` and ``UV_INDEX``.

    Returns:
        The text, empty if no index is known, and user names and passwords by uv's variable for each.
    """
    lines: list[str] = []
    secrets: dict[str, str] = {}
    for number, index in enumerate(settings.index_urls):
        name = f"index{number}"
        is_default = number == 0 and settings.index_url is not None
        lines += ["[[index]]", f'name = "{name}"', f"url = {json.dumps(without_credentials(_as_url(index)))}"]
        lines += ["default = true"] if is_default else []
        lines.append(f'cache-control = {{ api = "max-age={PAGE_FRESH}", files = "max-age={_A_YEAR}, immutable" }}')
        given = credentials(index)
        if given is not None:
            secrets[f"UV_INDEX_{name.upper()}_USERNAME"], secrets[f"UV_INDEX_{name.upper()}_PASSWORD"] = given
    return "".join(f"{line}\n" for line in lines), secrets


def uv_arguments(settings: IndexSettings) -> tuple[str, ...]:
    """The options that can't be said in a variable; they hold no secret."""
    return ("--no-index",) if settings.no_index else ()


def uv_omissions(settings: IndexSettings) -> tuple[str, ...]:
    """What pip would use and uv can't be given, in words; to be shown beside an answer of uv's."""
    return tuple(
        f"{redacted(link)} ({_why_unusable(local_path(link))})" for link in settings.find_links if not _usable(link)
    )


def _places(settings: IndexSettings) -> dict[str, str]:
    places: dict[str, str] = {}
    if settings.index_url and not settings.no_index:
        places["UV_DEFAULT_INDEX"] = _as_url(settings.index_url)
    if settings.extra_index_urls and not settings.no_index:
        places["UV_INDEX"] = " ".join(map(_as_url, settings.extra_index_urls))
    usable = [link for link in settings.find_links if _usable(link)]
    if usable:
        places["UV_FIND_LINKS"] = ",".join(_as_link(link) for link in usable)
    return places


def _trust(settings: IndexSettings) -> dict[str, str]:
    trust: dict[str, str] = {}
    if settings.cert:
        trust["SSL_CERT_DIR" if Path(settings.cert).is_dir() else "SSL_CERT_FILE"] = settings.cert
    if settings.client_cert:
        trust["SSL_CLIENT_CERT"] = settings.client_cert
    if settings.trusted_hosts:
        trust["UV_INSECURE_HOST"] = " ".join(settings.trusted_hosts)
    return trust


def _usable(link: str) -> bool:
    return is_remote(link) or not _why_unusable(local_path(link))


def _why_unusable(place: Path) -> str:
    """What keeps uv from it: it takes folders alone, and stops where one is not there, of which pip only warns."""
    if not place.is_dir():
        return "a page on this machine" if place.is_file() else "no such folder"
    special = next((entry.name for entry in place.iterdir() if is_special(entry)), "")
    return f"{special} in it is no file, and uv would wait for it" if special else ""


def _as_link(place: str) -> str:
    """A place of find-links as a URL without a comma, which would end it."""
    return (place if is_remote(place) else local_path(place).absolute().as_uri()).replace(",", "%2C")


def _as_url(index: str) -> str:
    """An index by path, as pip allows it, becomes a URL: a bare word would be an index's name to uv."""
    if urlsplit(index).scheme in {"http", "https", "file"}:
        return index
    return Path(index).absolute().as_uri()
