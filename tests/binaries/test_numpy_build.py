"""The tells that were measured on real modules, in all their mixtures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envdoctor.binaries.numpy_build import NumpyBuild, numpy_build

NUMPY_1 = [b"numpy.core._multiarray_umath", b"_ARRAY_API", b"module compiled against API version 0x%x"]
NUMPY_2 = [
    b"numpy._core._multiarray_umath",
    b"numpy.core._multiarray_umath",
    b"_ARRAY_API",
    b"module was compiled against NumPy C-API version 0x%x",
    b"module compiled against ABI version 0x%x",
]
#: Of Cython modules that use no function of numpy's, as of fastparquet 0.8.
SIZES = [b"numpy.core.multiarray failed to import", b"%s.%s size changed, may indicate binary incompatibility."]


@pytest.mark.parametrize(
    ("marks", "build"),
    [
        (NUMPY_1, NumpyBuild.NUMPY_1),
        ([b"module compiled against ABI version"], NumpyBuild.NUMPY_1),
        (NUMPY_2, NumpyBuild.NUMPY_2),
        ([b"numpy._core._multiarray_umath"], NumpyBuild.NUMPY_2),
        ([b"_ARRAY_API", b"numpy.core.multiarray"], NumpyBuild.SUSPECT),
        ([b"_ARRAY_API", b"numpy.core.multiarray", b"numpy._core.multiarray"], NumpyBuild.NONE),
        ([b"_ARRAY_API"], NumpyBuild.NONE),
        ([], NumpyBuild.NONE),
        ([*NUMPY_2, b"module compiled against API version"], NumpyBuild.NUMPY_1),
        (SIZES, NumpyBuild.NUMPY_1),
        ([*SIZES, b"_ARRAY_API", b"numpy.core.multiarray"], NumpyBuild.NUMPY_1),
        ([*SIZES, b"numpy._core.multiarray failed to import"], NumpyBuild.NONE),
        (SIZES[:1], NumpyBuild.NONE),
        ([*SIZES, *NUMPY_2], NumpyBuild.NUMPY_2),
    ],
)
def test_each_tell(marks, build):
    assert numpy_build([b"\0".join([b"code", *marks, b"code"])]) is build


@given(st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_the_pieces_in_which_a_module_comes_do_not_matter(sizes):
    data = b"x" * 50 + b"\0".join(NUMPY_2)
    pieces, position = [], 0
    for size in sizes:
        pieces.append(data[position : position + size])
        position += size
    assert numpy_build([*pieces, data[position:]]) is NumpyBuild.NUMPY_2
