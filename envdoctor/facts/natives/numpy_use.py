"""Finds out which numpy the modules of installed distributions were compiled against, in milliseconds.

The rule and its measurements are those of `envdoctor.binaries.numpy_build`. Of the marks it knows, those that hold a
module's name decide, and have a word in common; a search for that word alone, which ends with the first mark that
settles it, takes a fifth of the time that looking for all of them takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.binaries.numpy_build import DECLARED_1, SIZE_CHECKED, NumpyBuild, judge_marks
from envdoctor.core.frozen import frozen
from envdoctor.support.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from io import FileIO

    from envdoctor.facts.natives import NativeFile
    from envdoctor.facts.packages import Distribution

_OLD_API, _NEW_API = b"numpy.core._multiarray_umath", b"numpy._core._multiarray_umath"
_OLD_ARRAYS, _NEW_NAMES, _TABLE = b"numpy.core.multiarray", b"numpy._core", b"_ARRAY_API"
_NAMES = (_OLD_API, _NEW_API, _OLD_ARRAYS, _NEW_NAMES, DECLARED_1)
_COMMON = b"multiarray"
_BEFORE, _AFTER = 14, 32  # bytes around the common word that hold the longest name

_CHUNK = 128 << 10
_OVERLAP = 64
#: Bytes that are looked through in one environment.
_MOST_BYTES = 2 << 30


@frozen
class NumpyUse:
    """What the modules of one distribution were compiled against.

    Attributes:
        path: the module that decides it.
        words: what stands in it.
    """

    distribution: Distribution
    path: str
    build: NumpyBuild
    words: tuple[str, ...]


def find_numpy_uses(files: Iterable[NativeFile]) -> tuple[NumpyUse, ...]:
    """For each distribution with extension modules that use numpy's C API, what they were compiled against.

    The smallest file that tells decides for its distribution: they come from one build. The libraries that the modules
    need are read too, since some projects keep the code of their modules in one of those.
    """
    by_distribution: dict[str, list[NativeFile]] = {}
    for one in files:
        if one.distribution.key != "numpy":
            by_distribution.setdefault(one.distribution.metadata, []).append(one)
    search = _Search()
    uses = [search.first_use(_loaded(natives)) for natives in by_distribution.values()]
    return tuple(use for use in uses if use is not None)


def _loaded(natives: Sequence[NativeFile]) -> list[NativeFile]:
    """The modules, and of the libraries beside them those that they need, directly or through others."""
    libraries = {one.path.rpartition("/")[2]: one for one in natives if not one.is_module}
    loaded = [one for one in natives if one.is_module]
    for one in loaded:  # grows while it is walked
        for need in one.library.needed if one.library else ():
            library = libraries.pop(need.name.rpartition("/")[2], None)
            if library is not None:
                loaded.append(library)
    return loaded


class _Search:
    """Looks through files, smallest first, with one buffer and a limit on all of them together."""

    def __init__(self) -> None:
        self._buffer = bytearray(_CHUNK)
        self._left = _MOST_BYTES

    def first_use(self, natives: Sequence[NativeFile]) -> NumpyUse | None:
        suspect = None
        for one in sorted(natives, key=lambda native: native.size):
            self._left -= one.size
            if self._left < 0:
                break
            use = self._use(one)
            if use is not None and use.build is NumpyBuild.SUSPECT:
                suspect = suspect or use  # another module of it may be known to fail
            elif use is not None and use.build is not NumpyBuild.NONE:
                return use
        return suspect

    def _use(self, one: NativeFile) -> NumpyUse | None:
        try:
            with open_regular(one.path) as stream:
                marks = find_marks(stream, self._buffer)
        except OSError:
            return None
        words = tuple(mark.decode() for mark in _NAMES if mark in marks)
        return NumpyUse(distribution=one.distribution, path=one.path, build=judge_marks(marks), words=words)


def find_marks(stream: FileIO, buffer: bytearray) -> set[bytes]:
    """Which of the marks that decide stand in a file.

    Args:
        stream: the file, unbuffered.
        buffer: to read into, at least some hundred bytes.
    """
    found: set[bytes] = set()
    for end in _fill(stream, buffer):
        position = buffer.find(_COMMON, 0, end)
        while position >= 0:
            around = bytes(buffer[max(0, position - _BEFORE) : position + _AFTER])
            found.update(name for name in _NAMES if name in around)
            position = buffer.find(_COMMON, position + 1, end)
        if _NEW_API in found:
            return found
    if _OLD_ARRAYS in found and _OLD_API not in found:  # rare, and worth a second look at all of it
        found.update(word for word in (_TABLE, _NEW_NAMES, SIZE_CHECKED) if _holds(stream, buffer, word))
    return found


def _holds(stream: FileIO, buffer: bytearray, word: bytes) -> bool:
    stream.seek(0)
    return any(buffer.find(word, 0, end) >= 0 for end in _fill(stream, buffer))


def _fill(stream: FileIO, buffer: bytearray) -> Iterator[int]:
    """Read a file into a buffer piece by piece, each with the end of the one before; gives the bytes that count."""
    view = memoryview(buffer)
    kept = 0
    while count := stream.readinto(view[kept:]):
        end = kept + count
        yield end
        kept = min(_OVERLAP, end)
        buffer[:kept] = buffer[end - kept : end]
