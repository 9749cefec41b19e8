"""The METADATA of a wheel, from wherever it costs least: beside it on the index, out of its tail, or the whole file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.index.access import opened
from envdoctor.net.urls import is_remote
from envdoctor.wheels.archive import WheelArchive

if TYPE_CHECKING:
    from envdoctor.index.client import IndexClient
    from envdoctor.index.project import IndexFile

_NAME = ".dist-info/METADATA"


class MetadataReader:
    """Reads METADATA; a function with a memory on disk."""

    def __init__(self, client: IndexClient) -> None:
        self._client = client

    def __call__(self, file: IndexFile) -> bytes:
        """The file's METADATA.

        Raises:
            NetworkProblem: the server did not answer, or nothing is cached offline.
            Unreadable: the wheel is damaged, or has no METADATA.
        """
        cache = self._client.cache if is_remote(file.url) else None
        key = f"METADATA {file.sha256 or file.url}"
        content = cache.get_bytes(key) if cache else None
        if content is None:
            content = self._client.metadata(file) or self._from_wheel(file)
            if cache:
                cache.put_bytes(key, content)
        return content

    def _from_wheel(self, file: IndexFile) -> bytes:
        with opened(self._client.session, file) as source:
            archive = WheelArchive(source)
            names = [name for name in archive.members if name.endswith(_NAME) and name.count("/") == 1]
            if len(names) != 1:
                raise Unreadable(f"{file.filename} has {len(names)} METADATA files, and a wheel has one.")
            return archive.read(names[0])
