import contextlib
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from envdoctor.stages.workers.arrays import read_header, stored_arrays
from envdoctor.stages.workers.stage import Problem


def npy(folder, array, name="x.npy"):
    np.save(folder / name, array)
    return folder / name


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_headers_of_every_version(version):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asfortranarray(np.zeros((3, 4), ">f8")), version=version)
    stream.seek(0)
    header = read_header(stream, "x")
    assert (header.shape, header.kind, header.item, header.fortran_order) == ((3, 4), "f", 8, True)
    assert header.data_offset == stream.tell()
    assert header.count == 12


@given(some.binary(max_size=200), some.booleans())
def test_any_bytes_are_a_header_or_a_problem(data, magic):
    stream = io.BytesIO((b"\x93NUMPY\x01\0" if magic else b"") + data)
    with contextlib.suppress(Problem):
        assert read_header(stream, "x").count >= 0


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': [('a', '<f4')]}",
        "__import__('os')",
        "[" * 900,
    ],
)
def test_headers_that_are_refused(header):
    text = header.encode()
    with pytest.raises(Problem, match=r"damaged|no \.npy|holds Python objects") as caught:
        read_header(io.BytesIO(b"\x93NUMPY\x01\0" + len(text).to_bytes(2, "little") + text), "x")
    assert caught.value.name == "calibration-unreadable"


def test_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{}, None]), allow_pickle=True)
    with pytest.raises(Problem, match="Python objects"):
        stored_arrays(tmp_path / "x.npy")


def test_files_that_are_none(tmp_path):
    (tmp_path / "text.npy").write_text("1,2,3")
    (tmp_path / "empty.npz").write_bytes(b"PK\x05\x06" + bytes(18))
    (tmp_path / "cut.npz").write_bytes(b"PK\x03\x04")
    npy(tmp_path, np.zeros((10, 8)), "short.npy")
    (tmp_path / "short.npy").write_bytes((tmp_path / "short.npy").read_bytes()[:-8])
    with zipfile.ZipFile(tmp_path / "other.npz", "w") as archive:
        archive.writestr("readme", "x")
    (tmp_path / "folder").mkdir()
    for name, words in (
        ("text.npy", "no .npy array"),
        ("empty.npz", "without a .npy array"),
        ("cut.npz", "damaged"),
        ("short.npy", "cut short: 760 bytes of 768"),
        ("other.npz", "without a .npy array"),
        ("folder", "holds no .npy file"),
        ("missing.npz", "does not exist"),
    ):
        with pytest.raises(Problem, match=words):
            stored_arrays(tmp_path / name)
