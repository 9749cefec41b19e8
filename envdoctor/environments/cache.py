"""Where envdoctor keeps environments, and how much room there is.

Layout below the cache folder::

    environments/NAME-cp311-PLATFORM-KEY/    one environment; whole if and only if it holds a marker file
    environments/.NAME-....lock              held by the process that makes or removes it
    proofs/                                  imports in users' own environments that were seen to work
    uv/                                      uv's cache: what was downloaded, linked into the environments
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.errors import EnvironmentProblem
from envdoctor.core.frozen import frozen

if TYPE_CHECKING:
    from envdoctor.core.request import Request

VARIABLE = "ENVDOCTOR_CACHE"


@frozen(kw_only=False)
class Cache:
    """The cache folder; it need not exist.

    Attributes:
        root: the folder.
    """

    root: Path

    @property
    def environments(self) -> Path:
        """The folder with one folder an environment."""
        return self.root / "environments"

    @property
    def proofs(self) -> Path:
        """The folder of imports that were seen to work."""
        return self.root / "proofs"

    @property
    def uv(self) -> Path:
        """The cache of uv itself. In the same file system as the environments, so that files are linked, not copied."""
        return self.root / "uv"

    @property
    def writable(self) -> bool:
        """True if folders can be made in it, or it in its parent."""
        nearest = next((folder for folder in (self.uv, *self.uv.parents) if folder.exists()), None)
        return nearest is not None and nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            EnvironmentProblem: they can't be made or written to.
        """
        try:
            for folder in (self.environments, self.uv):
                folder.mkdir(parents=True, exist_ok=True)
                if not os.access(folder, os.W_OK | os.X_OK):
                    raise PermissionError(13, "Permission denied")
        except OSError as error:
            raise self.unusable(error) from None

    def unusable(self, error: OSError) -> EnvironmentProblem:
        """The error to raise when something can't be read or written here."""
        return EnvironmentProblem(
            f"the cache folder {self.root} can't be used ({error.strerror or error}); mend that, or set {VARIABLE} to "
            "a folder that can."
        )

    def free(self) -> int | None:
        """Free bytes on its disk for this user; None if the platform does not tell."""
        for folder in (self.root, *self.root.parents):
            try:
                return shutil.disk_usage(folder).free
            except FileNotFoundError:
                continue
            except OSError:
                return None
        return None


def open_cache(request: Request) -> Cache:
    """The cache that a request names, else the one that ENVDOCTOR_CACHE names, else the user's own."""
    if request.cache is not None:
        return Cache(request.cache.absolute())
    if os.environ.get(VARIABLE):
        return Cache(Path(os.environ[VARIABLE]).expanduser().absolute())
    import platformdirs

    return Cache(Path(platformdirs.user_cache_path("envdoctor", appauthor=False)))


def human_size(size: int) -> str:
    """A number of bytes for a person: `334 MB`, `1.5 GB` (powers of ten)."""
    return f"{size / 1e9:.1f} GB" if size >= 10**9 else f"{max(1, round(size / 1e6))} MB"
