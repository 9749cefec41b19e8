"""SHA-256 of files, folders and plain values, the same on every platform."""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from pathlib import Path

from envdoctor import __version__
from envdoctor.support.files import open_regular

_CHUNK = 1 << 20
_PACKAGE = Path(__file__).resolve().parents[1]
_CODE = frozenset({".py", ".toml", ".txt"})


def hash_path(path: Path) -> str:
    """Hash a file, or a folder over the sorted relative paths and hashes of its files.

    Raises:
        OSError: something in it can't be read.
    """
    if not path.is_dir():
        return _hash_file(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return hash_value([[file.relative_to(path).as_posix(), _hash_file(file)] for file in files])


def hash_value(value: object) -> str:
    """Hash a value made of what JSON knows; the order of keys does not matter."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with open_regular(path) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


@functools.cache
def hash_code(*folders: str) -> str:
    """SHA-256 over the versions of envdoctor and of its Python, and over its modules and tables in some folders.

    What was worked out by other code is not taken for what this code would say; each Python has a parser of its own.

    Args:
        folders: from the package's own, such as `wheels` or `facts/loading`.
    """
    files = [file for folder in folders for file in sorted((_PACKAGE / folder).rglob("*")) if file.suffix in _CODE]
    return hash_value(
        [
            __version__,
            *sys.version_info[:2],
            [[file.relative_to(_PACKAGE).as_posix(), _hash_file(file)] for file in files],
        ]
    )
