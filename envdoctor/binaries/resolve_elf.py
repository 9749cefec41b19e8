"""The search of ld.so: glibc's, and musl's where it differs.

Sources: ld.so(8), "Rpath token expansion" and the search order there; glibc's elf/dl-load.c (`_dl_map_object`); musl's
ldso/dynlink.c (`load_library`). Sub-folders for a processor's features (glibc-hwcaps) are not looked into.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from envdoctor.binaries.resolve import Candidate, Search

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from envdoctor.binaries.policy import SystemPolicy
    from envdoctor.binaries.resolve import Image

_ORIGIN = ("$ORIGIN", "${ORIGIN}")


class ElfSearch(Search):
    """glibc's order: loaded sonames, inherited RPATHs, LD_LIBRARY_PATH, RUNPATH, the cache, the default folders."""

    def __init__(
        self,
        *,
        policy: SystemPolicy | None = None,
        program: Image | None = None,
        library_path: Sequence[str] = (),
        cache: Mapping[str, str] | None = None,
        default_directories: Sequence[str] = (),
    ) -> None:
        """Describes the system.

        Args:
            policy: what a system brings that is only described; None for a real one, whose folders are in the tree.
            program: the Python executable, whose RPATH every search inherits.
            library_path: LD_LIBRARY_PATH's directories.
            cache: ld.so.cache, soname to path.
            default_directories: the loader's own, such as /lib/x86_64-linux-gnu and /usr/lib.
        """
        super().__init__(policy)
        self._program = program
        self._library_path = tuple(library_path)
        self._cache = cache or {}
        self._default_directories = tuple(default_directories)
        self._last: tuple[Image | None, tuple[tuple[str, str], ...]] = (None, ())

    def asked(self, name: str, image: Image) -> str:
        """The name with $ORIGIN filled in, by which ld.so compares it with what is loaded."""
        return _expand(name, image) if "$" in name else name

    def candidates(self, name: str, image: Image) -> Iterator[Candidate]:
        """The paths that ld.so would open, in order."""
        if "/" in name:
            yield Candidate(self.asked(name, image), "the path itself")
            return
        for prefix, rule in self._prefixes(image):
            yield Candidate(prefix + name, rule)
        if image.library.skips_default_directories:
            return
        if name in self._cache:
            yield Candidate(self._cache[name], "ld.so.cache")
        for directory in self._default_directories:
            yield Candidate(posixpath.join(directory, name), "default directory")

    def _prefixes(self, image: Image) -> tuple[tuple[str, str], ...]:
        """The folders that an image's needs are looked for in before the system's, each with its slash and its rule.

        An image's needs are looked up one after another, so that the answer for the last one is kept.
        """
        last, prefixes = self._last
        if last is not image:
            prefixes = tuple((posixpath.join(folder, ""), rule) for folder, rule in self._folders(image))
            self._last = image, prefixes
        return prefixes

    def _folders(self, image: Image) -> Iterator[tuple[str, str]]:
        if not (image.library.runpath or image.library.has_empty_runpath):
            for loader in self._chain(image):
                yield from ((_expand(folder, loader), f"RPATH of {loader.path}") for folder in loader.library.rpath)
        yield from ((folder, "LD_LIBRARY_PATH") for folder in self._library_path)
        yield from ((_expand(folder, image), f"RUNPATH of {image.path}") for folder in image.library.runpath)

    def context(self, image: Image) -> Hashable:
        """The folders that the loaders above pass on."""
        return tuple(dict.fromkeys(self._inherited(image)))

    def _inherited(self, image: Image) -> Iterator[str]:
        return (_expand(folder, loader) for loader in image.chain() for folder in loader.library.rpath)

    def _chain(self, image: Image) -> Iterator[Image]:
        yield from image.chain()
        if self._program is not None:
            yield self._program


class MuslSearch(ElfSearch):
    """musl's order: LD_LIBRARY_PATH, then RPATH or RUNPATH alike, both inherited; loaded files by their file name.

    It takes the first file that it can open, for whatever processor that is.
    """

    passes_over_others = False

    def asked(self, name: str, image: Image) -> str:  # noqa: ARG002 - $ORIGIN is for search paths only
        """The name as it is written."""
        return name

    def _folders(self, image: Image) -> Iterator[tuple[str, str]]:
        yield from ((folder, "LD_LIBRARY_PATH") for folder in self._library_path)
        for loader in self._chain(image):
            rule = f"RPATH or RUNPATH of {loader.path}"
            folders = (*loader.library.runpath, *loader.library.rpath)
            yield from ((_expand(folder, loader), rule) for folder in folders)

    def _inherited(self, image: Image) -> Iterator[str]:
        for loader in image.chain():
            yield from (_expand(folder, loader) for folder in (*loader.library.runpath, *loader.library.rpath))

    def names(self, image: Image) -> list[str]:
        """Its path: musl does not look at sonames, and knows by its file name only what it found by that."""
        return [image.path]


def _expand(path: str, image: Image) -> str:
    directory = posixpath.dirname(image.path)
    for token in _ORIGIN:
        path = path.replace(token, directory)
    return path
