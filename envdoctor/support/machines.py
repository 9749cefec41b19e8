"""Which Pythons and machines the toolchains have wheels for, as the tables environments.toml say."""

from __future__ import annotations

import re
from collections.abc import Mapping  # noqa: TC003  (a field's type, resolved by tools that read dataclasses)
from typing import Any

from envdoctor.core.data import load_table
from envdoctor.core.finding import Fix
from envdoctor.core.frozen import frozen

#: The Python that all toolchains have wheels for.
PREFERRED = "3.11"


@frozen
class Toolchain:
    """One toolchain in all the releases that envdoctor uses.

    Attributes:
        title: of the newest release.
        pythons: minor versions of CPython that any of the releases has wheels for.
        platforms: for each platform (`linux-x86_64`), the oldest glibc or macOS that a release admits; empty where that
            does not matter.
    """

    title: str
    pythons: frozenset[tuple[int, int]]
    platforms: Mapping[str, tuple[int, ...]]


def toolchains() -> tuple[Toolchain, ...]:
    """The toolchains that any model may need; rows that begin with the same distribution are releases, newest first."""
    releases: dict[str, list[dict[str, Any]]] = {}
    for row in _common().values():
        name = re.split(r"[^\w.-]", row["own"][0][0])[0]
        releases.setdefault(name, []).append(row)
    return tuple(_merge(rows) for rows in releases.values())


def rooms() -> dict[str, int]:
    """The bytes that making each of their environments takes at most, the download included, by its name."""
    return {
        name: max(10**6 * (need["download"] + need["installed"]) for need in row["platforms"].values())
        for name, row in _common().items()
    }


def _common() -> dict[str, dict[str, Any]]:
    """The environments that are not for some sources or goals only."""
    return {name: row for name, row in load_table("environments").items() if not row.get("optional")}


def _merge(rows: list[dict[str, Any]]) -> Toolchain:
    platforms: dict[str, tuple[int, ...]] = {}
    for row in rows:
        for platform, need in row["platforms"].items():
            oldest = _numbers(need.get("glibc") or need.get("macos") or "")
            platforms[platform] = min(oldest, platforms.get(platform, oldest))
    return Toolchain(
        title=rows[0]["title"],
        pythons=frozenset((int(major), int(minor)) for row in rows for major, minor in map(_split, row["pythons"])),
        platforms=platforms,
    )


def _split(version: str) -> tuple[str, str]:
    major, _, minor = version.partition(".")
    return major, minor


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part)


def new_environment(text: str, python: str = PREFERRED) -> Fix:
    """The fix for whatever is wrong with a Python itself: an environment with another one, made beside it.

    Args:
        text: one sentence that says why.
        python: the version to make it with.
    """
    return Fix(text=text, commands=(("uv", "venv", "--python", python, f".venv-{python}"),), safe=True)
