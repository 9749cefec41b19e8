"""What the user set down: `[tool.envdoctor]` of a pyproject.toml, a file of the user's own, and environment variables.

Precedence, the same for every key: an option of the command line, then `ENVDOCTOR_*`, then pyproject.toml, then the
user's file, then the default. A key is taken whole from the first that has it; lists are not joined.
"""

from __future__ import annotations

from datetime import date  # noqa: TC003  (resolved at run time by msgspec)

from envdoctor.core.frozen import frozen


@frozen
class Ignore:
    """Findings that are known and accepted for a time.

    Attributes:
        code: a code or a family.
        reason: why; it is shown.
        until: the last day on which it ignores; None for no end.
        subject: the only subject whose findings are meant, `*` and `?` as in file names; empty for any.
    """

    code: str
    reason: str
    until: date | None = None
    subject: str = ""


@frozen
class Settings:
    """The keys, each None where nobody set it; docs/configuration.md is made of these words.

    Attributes:
        select: codes or families that `check` asks, as its `--only` does.
        skip: codes or families that `check` leaves out.
        ignore: findings of `check` and `report` that are known: shown as ignored, and no problem.
        goal: what `--to` says, where a command needs or takes it.
        platforms: what `--platform` of `matrix`, `lock` and `guard` says.
        pythons: what `--python` of the same says.
        max_difference: as `build --max-difference`.
        min_cosine: as `build --min-cosine`.
        min_agreement: as `build --min-agreement`.
        max_drop: as `build --max-drop`.
        require_mapped: as `build --require-mapped`.
        max_download: as `--max-download` of every command that has it.
        cache: the folder for environments and downloads.
        toolchains: the folder for compilers and emulators.
    """

    select: list[str] | None = None
    skip: list[str] | None = None
    ignore: list[Ignore] | None = None
    goal: str | None = None
    platforms: list[str] | None = None
    pythons: list[str] | None = None
    max_difference: str | float | None = None
    min_cosine: str | float | None = None
    min_agreement: str | float | None = None
    max_drop: str | float | None = None
    require_mapped: str | float | None = None
    max_download: str | int | None = None
    cache: str | None = None
    toolchains: str | None = None


#: A cloned project must not lead envdoctor to programs and environments of its own.
ONLY_USER = frozenset({"cache", "toolchains"})
#: Keys that have no environment variable: a reason and an end do not fit into one.
NOT_IN_ENVIRONMENT = frozenset({"ignore"})


def variable(key: str) -> str:
    """The environment variable of a key."""
    return f"ENVDOCTOR_{key.upper()}"


def spelled(key: str) -> str:
    """A key as files have it."""
    return key.replace("_", "-")
