import pytest

from envdoctor.binaries.numpy_build import NumpyBuild
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels.archive import WheelArchive
from envdoctor.wheels.contents import read_contents
from envdoctor.wheels.numpy_use import find_numpy_use
from native_files import elf_bytes
from wheel_files import code_like, wheel_of

ONE, TWO, SUSPECT = (
    b"module compiled against API version\0",
    b"numpy._core._multiarray_umath\0",
    b"_ARRAY_API\0numpy.core.multiarray\0",
)


def use(files, **options):
    source = MemoryBytes(wheel_of(files))
    return find_numpy_use(WheelArchive(source), read_contents(source), **options)


def module(marks=b"", size=0):
    return elf_bytes(("libc.so.6",), filler=marks + code_like(size))


@pytest.mark.parametrize(
    ("marks", "build"),
    [(ONE, NumpyBuild.NUMPY_1), (TWO, NumpyBuild.NUMPY_2), (SUSPECT, NumpyBuild.SUSPECT), (b"", NumpyBuild.NONE)],
)
def test_one_module_decides(marks, build):
    found = use({"pkg/_m.so": module(marks), "pkg/_plain.so": module()})
    assert (found.build, found.complete) == (build, True)
    assert found.file == ("pkg/_m.so" if marks else "")


def test_the_smallest_that_decides_is_enough():
    found = use({"pkg/_large.so": module(TWO, 200_000), "pkg/_small.so": module(ONE)}, most_bytes=10_000)
    assert (found.build, found.file) == (NumpyBuild.NUMPY_1, "pkg/_small.so")


def test_a_suspect_does_not_decide():
    assert use({"pkg/_a.so": module(SUSPECT), "pkg/_b.so": module(TWO, 5000)}).build is NumpyBuild.NUMPY_2


def test_what_was_not_read_is_not_said_to_be_nothing():
    found = use({"pkg/_large.so": module(TWO, 200_000)}, most_bytes=1000)
    assert (found.build, found.complete) == (NumpyBuild.NONE, False)


def test_what_is_likely_to_decide_is_read_first():
    files = {"pkg/_large.cp311-win_amd64.pyd": module(TWO, 200_000), "pkg/_small.so": module(ONE)}
    assert use(files, likely="pkg/_large").build is NumpyBuild.NUMPY_2
    assert use(files, likely="pkg/_other").build is NumpyBuild.NUMPY_1
