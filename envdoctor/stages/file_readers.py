"""What the readers of compiled files share: a file is mapped, and each reader looks whether it is one of its own."""

from __future__ import annotations

import dataclasses
import zipfile
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.support.fields import Fields, only_zeros
from envdoctor.tflite.reader import map_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from envdoctor.core.file_identity import FileIdentity

    #: Takes a file and its bytes; None if it is none of its own. Raises Unreadable if it is, and damaged.
    FileReader = Callable[[Path, Fields], FileIdentity | None]

_LEAST, _ENOUGH = 1 << 12, 1 << 26
#: What is said of a file with the size that its header tells, of which only the beginning was written.
HALF_EMPTY = (
    "whether it is whole: it ends in zeros, as what a download or a full disk broke off, or has weights of zeros"
)


def identify_by(path: Path, readers: Iterable[FileReader]) -> FileIdentity | None:
    """What the first reader that knows a file says of it; None for a folder, an empty file, or if none knows it.

    Raises:
        Unreadable: it is damaged; the message begins with its path.
    """
    try:
        data = map_file(path)
    except Unreadable:
        return None  # whoever looks at it next tells that
    fields = Fields(data)
    try:
        found = next((found for read in readers if (found := read(path, fields)) is not None), None)
    except (Unreadable, RecursionError, ValueError, zipfile.BadZipFile) as error:
        words = str(error).removeprefix(f"{path} is damaged: ").removeprefix(f"{path} is ")
        raise Unreadable(f"{path} is damaged: {words}") from error
    if found is None or not found.checked or not _ends_in_zeros(memoryview(fields.data)):
        return found
    return dataclasses.replace(found, checked="", unknown=(*found.unknown, HALF_EMPTY))


def _ends_in_zeros(data: memoryview) -> bool:
    """Whether all of the second half are zeros, or of a large file all of its last part."""
    return len(data) > _LEAST and only_zeros(data[max(len(data) // 2, len(data) - _ENOUGH) :])
