"""The versions that the project pins whose environment is examined: `uv.lock` beside the environment's folder."""

from __future__ import annotations

import os
from collections.abc import Mapping  # noqa: TC003  (a field's type, resolved by tools that read dataclasses)
from dataclasses import field
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import Unreadable
from envdoctor.core.frozen import frozen
from envdoctor.support.files import read_regular
from envdoctor.support.requirement import normal_name
from envdoctor.support.toml import parse_toml

if TYPE_CHECKING:
    from envdoctor.facts import Facts
    from envdoctor.facts.python import Python

_LARGEST = 1 << 26


@frozen
class Locked:
    """The pins.

    Attributes:
        path: of the lock; "" for none.
        versions: by normalized name; without what it has in several versions, or not from an index.
    """

    path: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)


def lock_files(python: Python) -> tuple[str, str]:
    """Where uv has the lock and the project to which a virtual environment belongs."""
    folder = os.path.dirname(python.prefix)
    return os.path.join(folder, "uv.lock"), os.path.join(folder, "pyproject.toml")


def derive(facts: Facts) -> Locked:
    """Read the lock; one that can't be read pins nothing.

    Raises:
        FactUnavailable: nothing is known of the Python.
    """
    path, project = lock_files(facts.python)
    if not facts.python.virtual or not os.path.isfile(project):
        return Locked()
    try:
        table = parse_toml(read_regular(path, _LARGEST).decode("utf-8"))
    except (OSError, UnicodeDecodeError, Unreadable):
        return Locked()
    return Locked(path=path, versions=parse_lock(table))


def parse_lock(table: Mapping[str, Any]) -> dict[str, str]:
    """The versions of what it has from an index, by normalized name."""
    rows = table.get("package")
    found: dict[str, set[str]] = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("name"), str):
            version, source = row.get("version"), row.get("source")
            pin = version if isinstance(version, str) and isinstance(source, dict) and "registry" in source else ""
            found.setdefault(normal_name(row["name"]), set()).add(pin)
    return {name: version for name, versions in found.items() if len(versions) == 1 and (version := min(versions))}
