"""URLs and the secrets in them: credentials travel with a request and never reach a message."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit, urlunsplit

from envdoctor.support.redaction import Redactor

_SECRETS = Redactor(personal=False)


def redacted(url: str) -> str:
    """The URL without user name, password and tokens, also where it is malformed; what is printed, logged or kept."""
    return _SECRETS.text(url)


def without_credentials(url: str) -> str:
    """The URL as it may be stored or compared: no user, no password, no fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))


def without_secrets(url: str) -> str:
    """The URL as others may have it: as `without_credentials`, and without a query that holds a secret."""
    plain = without_credentials(url)
    return plain if redacted(plain) == plain else plain.partition("?")[0]


def credentials(url: str) -> tuple[str, str] | None:
    """User name and password in the URL (percent-encoding undone), or None; the password may be empty."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return None
    return unquote(parts.username or ""), unquote(parts.password or "")


def is_remote(url: str) -> bool:
    """Whether the URL is to be asked over HTTP, as opposed to a path or a ``file:`` URL."""
    return urlsplit(url).scheme in {"http", "https"}
