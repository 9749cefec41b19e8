"""Everything that answers about packages, opened once for a command."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.availability.catalogue import Catalogue
from envdoctor.availability.inspector import Inspector
from envdoctor.availability.metadata import MetadataReader
from envdoctor.availability.places import absent_places, refuse_nonsense
from envdoctor.availability.uv import UvResolver
from envdoctor.availability.verify import Verifier
from envdoctor.core.availability import Effort
from envdoctor.index.access import Access, open_index
from envdoctor.index.settings import load_settings
from envdoctor.index.uv_settings import uv_omissions
from envdoctor.net.urls import redacted
from envdoctor.support.text import few

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from envdoctor.executors import Executor
    from envdoctor.index.client import IndexClient
    from envdoctor.index.settings import IndexSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """The user's indexes, what was asked of them, and who decides; all of them safe to share among threads.

    Attributes:
        settings: the user's own.
        executor: runs uv.
        client: asks the indexes.
        catalogue: what they offer, at the moment in question.
        resolver: uv.
        inspector: looks into wheels.
        verifier: installs and imports, where that is asked for.
        started: when they were opened, on the monotonic clock.
    """

    settings: IndexSettings
    executor: Executor
    client: IndexClient
    catalogue: Catalogue
    resolver: UvResolver
    inspector: Inspector
    verifier: Verifier
    started: float = field(default_factory=time.monotonic)

    @property
    def notes(self) -> tuple[str, ...]:
        """What pip would use and these do not, in words."""
        omitted = tuple(f"uv can't use {what}, which pip's settings name." for what in uv_omissions(self.settings))
        return (*omitted, *absent_places(self.settings), *self.refusals)

    @property
    def notes_on_choice(self) -> tuple[str, ...]:
        """The same where versions are chosen, within `configured_constraints`."""
        held = few(list(map(redacted, self.settings.constraints)))
        limits = (f"Versions are held to {held}, as pip's setting constraint says.",) if held else ()
        return (*limits, *self.notes)

    @property
    def refusals(self) -> tuple[str, ...]:
        """What indexes refused to tell, a sentence for each of them."""
        return tuple(
            f"{index} refuses to tell what it has of {few(names)}, so that this is not known; "
            f"give credentials in its URL, by netrc or keyring."
            for index, names in self.client.refusals.items()
        )

    @property
    def effort(self) -> Effort:
        """What it has cost so far; what uv itself fetched is not counted."""
        traffic = self.client.session.traffic
        return Effort(requests=traffic.requests, received=traffic.received, seconds=time.monotonic() - self.started)


def open_tools(
    executor: Executor, folder: Path, access: Access | None = None, *, as_of: datetime | None = None
) -> Tools:
    """Opens everything, by the user's own pip settings.

    Args:
        executor: runs uv, and the keyring's program.
        folder: the cache folder.
        access: how much of the network may be used; all of it when left out.
        as_of: the moment at which the index is looked at.

    Raises:
        UsageProblem: pip's configuration can't be read, or names no place that can be asked.
    """
    settings = load_settings()
    refuse_nonsense(settings)
    offline = access is not None and access.offline
    client = open_index(settings, folder / "index", access, executor=executor)
    return Tools(
        settings=settings,
        executor=executor,
        client=client,
        catalogue=Catalogue(client, MetadataReader(client), as_of),
        resolver=UvResolver(executor, settings, folder / "resolver", offline=offline, cache=client.cache),
        inspector=Inspector(client, None if access is None else access.progress),
        verifier=Verifier(executor=executor, settings=settings, folder=folder / "resolver", offline=offline),
    )
