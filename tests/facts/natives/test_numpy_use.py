"""Which numpy the installed modules were compiled against: real ones, and files that hold the same words."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envdoctor.binaries.numpy_build import NumpyBuild, numpy_build
from envdoctor.facts.natives import numpy_use
from envdoctor.facts.natives.numpy_use import find_marks
from extensions import compile_module
from native_files import elf_bytes
from sites import Site, facts_of

OLD = b"numpy.core._multiarray_umath\0_ARRAY_API\0numpy.core.multiarray failed to import"
NEW = OLD + b"\0numpy._core._multiarray_umath\0numpy._core.multiarray failed to import"
PYBIND = b"numpy.core.multiarray\0_ARRAY_API"
MESSAGE = b"numpy.core.multiarray failed to import"


def module(words):
    return elf_bytes(filler=words)


def uses_of(tmp_path, files, numpy="2.3.4"):
    site = Site(tmp_path / "site-packages")
    if numpy:
        site.install("numpy", numpy, files={"numpy/_core/_umath.so": module(NEW)})
    site.install("foo", files=files)
    return [
        (use.distribution.name, use.path.rpartition("/")[2], use.build) for use in facts_of(site).natives.numpy_uses
    ]


@pytest.mark.parametrize(
    ("words", "build"),
    [(OLD, NumpyBuild.NUMPY_1), (NEW, NumpyBuild.NUMPY_2), (PYBIND, NumpyBuild.SUSPECT), (MESSAGE, None), (b"", None)],
)
def test_one_module(tmp_path, words, build):
    uses = uses_of(tmp_path, {"foo/_x.so": module(words)})
    assert uses == ([("foo", "_x.so", build)] if build else [])


@pytest.mark.parametrize("numpy", ["1.26.4", "", "unknown"])
def test_it_matters_under_numpy_2_alone(tmp_path, numpy):
    assert uses_of(tmp_path, {"foo/_x.so": module(OLD)}, numpy) == []


def test_the_smallest_that_tells_decides(tmp_path):
    files = {"foo/_a.so": module(b""), "foo/_b.so": module(OLD + bytes(9000)), "foo/_c.so": module(NEW + bytes(90000))}
    assert uses_of(tmp_path, files) == [("foo", "_b.so", NumpyBuild.NUMPY_1)]


@pytest.mark.parametrize(("other", "build"), [(OLD, NumpyBuild.NUMPY_1), (NEW, NumpyBuild.NUMPY_2)])
def test_a_suspect_gives_way_to_one_that_is_sure(tmp_path, other, build):
    """As for wheels: jaxlib is for numpy 2, but for a plug-in that only a TPU loads."""
    files = {"foo/_a.so": module(PYBIND), "foo/_b.so": module(other + bytes(9000))}
    assert uses_of(tmp_path, files) == [("foo", "_b.so", build)]


def test_a_library_counts_if_a_module_needs_it(tmp_path):
    needing = elf_bytes(needed=("libcommon.so",))
    files = {"foo/_x.so": needing, "foo/libcommon.so": elf_bytes(needed=("libdeep.so",)), "foo/libdeep.so": module(OLD)}
    assert uses_of(tmp_path, files) == [("foo", "libdeep.so", NumpyBuild.NUMPY_1)]


def test_a_library_that_no_module_needs_does_not_count(tmp_path):
    assert uses_of(tmp_path, {"foo/_x.so": module(b""), "foo/libplugin.so": module(OLD)}) == []


def test_there_is_a_limit_on_what_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(numpy_use, "_MOST_BYTES", 2000)
    assert uses_of(tmp_path, {"foo/_x.so": module(OLD + bytes(3000))}) == []


@pytest.mark.slow
def test_a_module_that_is_really_compiled_with_the_headers_of_numpy_2(tmp_path):
    numpy = pytest.importorskip("numpy")
    if int(numpy.__version__.partition(".")[0]) < 2:
        pytest.skip("needs numpy 2, whose headers are asked about")
    content = compile_module(
        tmp_path,
        "_real",
        head="#include <numpy/arrayobject.h>",
        body="import_array();",
        flags=(f"-I{numpy.get_include()}",),
    )
    assert uses_of(tmp_path, {"foo/_real.so": content}) == [("foo", "_real.so", NumpyBuild.NUMPY_2)]


@pytest.mark.slow
def test_a_module_that_is_really_compiled_and_imports_the_old_name(tmp_path):
    body = 'PyObject *api = PyImport_ImportModule("numpy.core._multiarray_umath"); Py_XDECREF(api);'
    content = compile_module(tmp_path, "_real", body=body)
    assert uses_of(tmp_path, {"foo/_real.so": content}) == [("foo", "_real.so", NumpyBuild.NUMPY_1)]


@pytest.mark.slow
def test_a_module_that_has_nothing_to_do_with_numpy(tmp_path):
    assert uses_of(tmp_path, {"foo/_real.so": compile_module(tmp_path, "_real")}) == []


SIZES = (b"numpy.core.multiarray failed to import", b"size changed, may indicate binary incompatibility")


class Raw(io.BytesIO):
    """A file as unbuffered reading gives it: as much at once as the source pleases."""

    def __init__(self, content, most):
        super().__init__(content)
        self.most = most

    def readinto(self, target):
        return super().readinto(memoryview(target)[: self.most])


@pytest.mark.slow
@given(
    st.lists(
        st.sampled_from([OLD, NEW, PYBIND, MESSAGE, *SIZES, b"multiarray", b"numpy._core", b"x" * 90]), max_size=4
    ),
    st.integers(30, 200),
    st.integers(150, 400),
)
def test_the_quick_search_finds_what_the_whole_rule_finds(parts, most, size):
    content = b"code".join(parts)
    quick = numpy_use.judge_marks(find_marks(Raw(content, most), bytearray(size)))
    assert quick is numpy_build([content])
