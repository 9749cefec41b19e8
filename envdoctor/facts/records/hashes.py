"""Holds a file against the hash in its RECORD, within a budget of bytes."""

from __future__ import annotations

import os
from dataclasses import dataclass

from envdoctor.support.files import open_regular, read_up_to


@dataclass(slots=True)
class Budget:
    """Bytes that may still be read for hashing; `check` must stay fast, so not everything is hashed."""

    left: int = 16 << 20


def differs(file: str, recorded: str, budget: Budget) -> bool | None:
    """Whether a file's content is another than its RECORD says.

    Args:
        file: path of the file.
        recorded: the hash as RECORD gives it: the algorithm, `=`, and the digest in URL-safe base64 without padding.
        budget: what may be read; a file that would pass it is not read.

    Returns:
        None if that was not found out: no hash, an algorithm that is not known here, too large, or not readable.
    """
    name, _, expected = recorded.partition("=")
    if not expected:
        return None
    import base64
    import hashlib

    try:
        with open_regular(file) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > budget.left:
                return None
            budget.left -= size
            digest = hashlib.new(name, read_up_to(stream, size), usedforsecurity=False).digest()
    except (OSError, ValueError, TypeError):
        return None
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != expected
