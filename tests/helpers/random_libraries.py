"""Trees of small libraries that need each other in every way that ELF allows, made at random from a seed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from native_files import elf_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = tuple(f"libq{letter}.so" for letter in "abcdefgh")
FOLDERS = ("foo", "foo/sub", "foo.libs")
_AARCH64, _NO_DEFAULT_LIBRARIES = 183, 0x800
_FLAGS_OF_FIRST_SEGMENT = 68


class RandomLibraries:
    """Libraries for folders of a site-packages (`files`) and for one outside of it (`outside`), and search paths."""

    def __init__(self, seed: int, site: Path, other: Path, *, foreign: bool = True) -> None:
        """Makes them.

        Args:
            seed: the same makes the same.
            site: where `files` will be.
            other: where `outside` will be.
            foreign: whether some are for another processor, which musl takes without a look at it.
        """
        self._random = random.Random(seed)
        self._foreign = foreign
        self._site = site
        self._other = other
        self.files = {f"{folder}/{name}": self._content(name) for folder in FOLDERS for name in self._some()}
        self.files |= {f"foo/_m{number}.so": self._library(f"_m{number}.so") for number in range(3)}
        self.outside = {name: self._content(name) for name in self._some()}
        places = (str(other), f"{site}/foo.libs/", f"{site}/foo", str(other / "absent"), "")
        chosen = [self._random.choice(places) for _ in range(self._random.randint(1, 3))]
        self.library_path = ":".join(chosen) if self._random.random() < 0.4 else None
        """LD_LIBRARY_PATH, or None for none."""

    def _some(self) -> Iterator[str]:
        return (name for name in NAMES if self._random.random() < 0.45)

    def _content(self, name: str) -> bytes:
        broken = self._random.random() > 0.95
        return self._random.choice([b"text", b"", b"\x7fELF"]) if broken else self._library(name)

    def _library(self, name: str) -> bytes:
        chance = self._random.random
        fields = {"rpath": self._path()} if chance() < 0.35 else {}
        fields |= {"runpath": self._path()} if chance() < 0.35 else {}
        fields |= {"soname": name if chance() < 0.7 else self._random.choice(NAMES)} if chance() < 0.7 else {}
        fields |= {"flags_1": _NO_DEFAULT_LIBRARIES} if chance() < 0.1 else {}
        fields |= {"machine": _AARCH64} if chance() < 0.1 and self._foreign else {}
        content = bytearray(elf_bytes([self._need() for _ in range(self._random.randint(0, 4))], **fields))
        content[_FLAGS_OF_FIRST_SEGMENT] |= (
            2  # ld.so writes into the dynamic section, which no segment of its own holds
        )
        return bytes(content)

    def _need(self) -> str:
        name = self._random.choice(NAMES)
        kinds = (name, f"{self._random.choice(self._places())}/{name}", f"$ORIGIN/{name}", "libc.so.6", "libm.so.6")
        return self._random.choices(kinds, (80, 10, 5, 2, 3))[0]

    def _path(self) -> str:
        relative = ("$ORIGIN", "$ORIGIN/", "$ORIGIN/..", "$ORIGIN/sub", "${ORIGIN}/../foo.libs", "$ORIGIN/../foo")
        folders = (*relative, *self._places(), f"{self._other}//", "relative", "")
        return ":".join(self._random.choice(folders) for _ in range(self._random.randint(1, 3)))

    def _places(self) -> list[str]:
        return [str(self._other), *(f"{self._site}/{folder}" for folder in FOLDERS)]
