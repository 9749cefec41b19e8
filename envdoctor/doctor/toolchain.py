"""`toolchain`: install, list, find and remove compilers and emulators in envdoctor's own store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor import registry
from envdoctor.core.errors import EnvDoctorError, UsageProblem
from envdoctor.executors.local import LocalExecutor
from envdoctor.toolchains.catalogue import CatalogueEntry, Source, catalogue, find_entry, parse_source
from envdoctor.toolchains.store import InstalledToolchain, damaged_toolchains, installed_toolchains
from envdoctor.toolchains.store import remove as remove_from_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What came of installing one toolchain: it, or why not."""

    entry: CatalogueEntry
    toolchain: InstalledToolchain | None = None
    problem: EnvDoctorError | None = None


def sources(name: str, origin: str | None, sha256: str = "") -> tuple[CatalogueEntry, tuple[Source, ...]]:
    """What `install` would get, and the places it would ask in turn.

    Args:
        name: of the toolchain.
        origin: what `--from` says, or None for the catalogue's places.
        sha256: what an archive must have.

    Raises:
        UsageProblem: no such toolchain, or a hash for something that has none.
    """
    entry = find_entry(name)
    if origin is None:
        if sha256:
            raise UsageProblem("--sha256 is for an archive; name it with --from")
        return entry, entry.sources
    return entry, (parse_source(origin, entry, sha256),)


def install(
    entry: CatalogueEntry, places: tuple[Source, ...], say: Callable[[str], None] | None = None
) -> Iterator[Installed]:
    """Install a toolchain, and what it needs on a machine like this one.

    Args:
        entry: which.
        places: where from.
        say: told in a sentence before much is read over the network.

    Yields:
        One result for each, the named toolchain first; a companion that can't be had does not undo it.
    """
    from envdoctor.net.session import Session
    from envdoctor.net.transport import NetworkSettings
    from envdoctor.toolchains.acquire import Acquirer

    session = Session(NetworkSettings(retries=1, timeout=10), say=say)
    own = {name: files for one in registry.compilers().values() for name, files in one.toolchains.items()}
    acquirer = Acquirer(session=session, executor=LocalExecutor(), own=own)
    wanted = [(entry, places)]
    if entry.companion and not _x86_64_runs():
        companion = find_entry(entry.companion)
        wanted.append((companion, companion.sources))
    try:
        for one, where in wanted:
            try:
                yield Installed(entry=one, toolchain=acquirer.acquire(one, where))
            except EnvDoctorError as error:
                yield Installed(entry=one, problem=error)
    finally:
        session.close()


def _x86_64_runs() -> bool:
    """Whether this machine runs the compiler already: by its processor, or under a QEMU that is here."""
    from envdoctor.core.request import Request
    from envdoctor.facts import Facts

    emulation = Facts(Request(), LocalExecutor()).emulation
    return not emulation.needed or emulation.runs_explicitly


def installed(name: str | None = None) -> tuple[InstalledToolchain, ...]:
    """What the store holds.

    Args:
        name: only this toolchain.

    Raises:
        UsageProblem: no such toolchain.
    """
    if name is not None:
        find_entry(name)
    return installed_toolchains(name)


def damaged() -> tuple[Path, ...]:
    """Folders in the store that can't be used."""
    return damaged_toolchains()


def known() -> tuple[CatalogueEntry, ...]:
    """What can be installed."""
    return tuple(catalogue().values())


def remove(name: str, version: str | None = None) -> tuple[InstalledToolchain, ...]:
    """Remove a toolchain from the store.

    Args:
        name: of the toolchain.
        version: only this one; None for all.

    Raises:
        UsageProblem: no such toolchain, or it is not installed.
    """
    found = tuple(one for one in installed(name) if version in {None, one.version})
    if not found:
        raise UsageProblem(f"{name}{f' {version}' if version else ''} is not installed")
    for one in found:
        remove_from_store(one)
    return found
