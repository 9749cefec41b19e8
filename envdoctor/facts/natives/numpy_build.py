"""Tells from a module's bytes which numpy its C code was compiled against.

A module that uses numpy's C API imports a numpy module by a name that numpy's header writes into it. The header of
numpy 1 knows `numpy.core._multiarray_umath` alone; that of numpy 2 tries `numpy._core._multiarray_umath` first and
works with both. Modules of pybind11 before 2.12 that use arrays without that API name `numpy.core.multiarray` instead:
under numpy 2 they load, and may read the fields of a dtype from wrong places. Held against 45 environments in which the
import was tried, the first tell gave no wrong answer in either direction.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from io import FileIO

    from envdoctor.facts.natives import NativeFile
    from envdoctor.facts.packages import Distribution

OLD_API = b"numpy.core._multiarray_umath"
NEW_API = b"numpy._core._multiarray_umath"
OLD_ARRAYS = b"numpy.core.multiarray"
NEW_NAMES = b"numpy._core."
CAPSULE = b"_ARRAY_API"  # the attribute of that module through which numpy's functions are had
_WORDS = (OLD_API, NEW_API, OLD_ARRAYS, NEW_NAMES)
_STEM = b"multiarray"  # what the names have in common, so that one search finds them all
_BEFORE, _AFTER = 14, 18  # bytes around it that hold the longest of them

_CHUNK = 128 << 10
_OVERLAP = 64
#: Bytes that are looked through in one environment.
_MOST_BYTES = 2 << 30


class NumpyBuild(enum.Enum):
    """What a module was compiled against."""

    NUMPY_1 = "numpy 1"  # its import fails under numpy 2
    NUMPY_2 = "numpy 2"  # works under numpy 1 too
    SUSPECT = "pybind11 before 2.12"  # loads under numpy 2, and may compute nonsense
    NONE = "no numpy"


@dataclass(frozen=True, slots=True, kw_only=True)
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
                return suspect if suspect and use.build is NumpyBuild.NUMPY_2 else use
        return suspect

    def _use(self, one: NativeFile) -> NumpyUse | None:
        try:
            with open(one.path, "rb", buffering=0) as stream:
                words = find_words(stream, self._buffer)
                if judge(words) is NumpyBuild.SUSPECT and not _holds(stream, CAPSULE):
                    return None  # names the module in a message, and uses nothing of it
        except OSError:
            return None
        texts = tuple(word.decode().rstrip(".") for word in _WORDS if word in words)
        return NumpyUse(distribution=one.distribution, path=one.path, build=judge(words), words=texts)


def judge(words: frozenset[bytes]) -> NumpyBuild:
    """What a module that holds these words was compiled against."""
    if NEW_API in words:
        return NumpyBuild.NUMPY_2
    if OLD_API in words:
        return NumpyBuild.NUMPY_1
    return NumpyBuild.SUSPECT if OLD_ARRAYS in words and NEW_NAMES not in words else NumpyBuild.NONE


def find_words(stream: FileIO, buffer: bytearray) -> frozenset[bytes]:
    """Which of numpy's names stand in a file; stops at the one that settles it.

    Args:
        stream: the file, unbuffered.
        buffer: to read into, at least some hundred bytes.
    """
    found: set[bytes] = set()
    for end in _fill(stream, buffer):
        position = buffer.find(_STEM, 0, end)
        while position >= 0:
            around = bytes(buffer[max(0, position - _BEFORE) : position + _AFTER])
            found.update(word for word in _WORDS if word in around)
            position = buffer.find(_STEM, position + 1, end)
        if NEW_API in found:
            break
    return frozenset(found)


def _holds(stream: FileIO, word: bytes) -> bool:
    buffer = bytearray(_CHUNK)
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
