"""The texts of a distribution's modules, searched for the names of libraries."""

from __future__ import annotations

import errno
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.imports.library_names import PATTERN, NamesInTexts
from envdoctor.support.files import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Bytes of all modules together, past which it is not known what they name.
_MOST = 128 << 20


class Texts:
    """Every module in source form, read once when it is first asked about."""

    def __init__(self, root: str, members: Iterable[str]) -> None:
        """Notes where the modules are.

        Args:
            root: the folder that the distribution is installed in.
            members: the paths of its files from there.
        """
        self._paths = [Path(root, member) for member in members if member.endswith(".py")]

    def name(self, file: str) -> bool:
        """Whether any of them names a library, whole or in parts; True where that can't be known."""
        if self._contents is None:
            return True
        bare = file.partition(".")[0].removeprefix("lib").encode()
        texts = (content.decode("utf-8", "replace") for content in self._contents if bare in content)
        return NamesInTexts([*texts, *self._patterns]).name(file)

    @cached_property
    def _patterns(self) -> list[str]:
        """The texts in which names may be written as a pattern."""
        texts = (content.decode("utf-8", "replace") for content in self._contents or () if b"*" in content)
        return [text for text in texts if PATTERN.search(text)]

    @cached_property
    def _contents(self) -> list[bytes] | None:
        contents, left = [], _MOST
        for path in self._paths:
            try:
                content = read_regular(path, left)
            except OSError as error:
                if error.errno == errno.EFBIG:
                    return None
                continue  # PKG005 tells what is missing; what is not there loads nothing
            contents.append(content)
            left -= len(content)
        return contents
