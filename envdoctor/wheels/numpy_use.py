"""Finds out which numpy a wheel's modules were compiled against, reading the smallest ones first."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.binaries.numpy_build import NumpyBuild, numpy_build
from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from envdoctor.wheels.archive import WheelArchive
    from envdoctor.wheels.contents import WheelContents

_MOST_BYTES = 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class NumpyUse:
    """What one module decided for its wheel.

    Attributes:
        build: what it was compiled against; NONE where no module uses numpy's C API.
        file: the module that shows it, from site-packages; "" for NONE.
        complete: whether every native file was read that had to be; where it is False, NONE means "not found yet".
    """

    build: NumpyBuild
    file: str
    complete: bool


def find_numpy_use(
    archive: WheelArchive, contents: WheelContents, most_bytes: int = _MOST_BYTES, likely: str = ""
) -> NumpyUse:
    """Reads native members whole, the smallest first, until one decides.

    One build makes all modules of a wheel, so that the first that was compiled against numpy 1 or 2 decides; one that
    is only suspect does not, as a later one may.

    Args:
        archive: the wheel.
        contents: what is in it.
        most_bytes: compressed bytes to read at most; members beyond are not looked at.
        likely: the module that decided in a wheel of the same release, by its `module_stem`: it is read first.

    Raises:
        NetworkProblem: a remote source did not answer.
    """
    sizes = {native.member: archive.member(native.member).compressed_size for native in contents.natives}
    suspect = ""
    complete = True
    left = most_bytes
    for native in sorted(contents.natives, key=lambda each: (module_stem(each.path) != likely, sizes[each.member])):
        left -= sizes[native.member]
        if left < 0:
            complete = False
            break
        try:
            build = numpy_build(archive.chunks(native.member))
        except Unreadable:
            complete = False
            continue
        if build in {NumpyBuild.NUMPY_1, NumpyBuild.NUMPY_2}:
            return NumpyUse(build=build, file=native.path, complete=complete)
        suspect = suspect or (native.path if build is NumpyBuild.SUSPECT else "")
    return NumpyUse(build=NumpyBuild.SUSPECT if suspect else NumpyBuild.NONE, file=suspect, complete=complete)


def module_stem(path: str) -> str:
    """A module's path without what tells the Python and the system that it is for."""
    folder, name = posixpath.split(path)
    return posixpath.join(folder, name.partition(".")[0])
