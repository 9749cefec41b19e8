"""A context for SM8750 that onnxruntime-qnn 2.7.0 wrote, whole and damaged."""

import contextlib
import lzma
from pathlib import Path

import pytest

from envdoctor.compilers.qualcomm.context import parse_context, read_contexts
from envdoctor.core.errors import Unreadable

DATA = Path(__file__).parents[2] / "data/qualcomm/sm8750.onnx.xz"


@pytest.fixture(scope="module")
def whole():
    return lzma.decompress(DATA.read_bytes())


@pytest.fixture
def context(whole, tmp_path):
    file = tmp_path / "m.onnx"
    file.write_bytes(whole)
    return bytes(read_contexts(file).data[0])


def test_the_chip_and_the_sdk_are_read_back(whole, tmp_path):
    file = tmp_path / "m.onnx"
    file.write_bytes(whole)
    made = read_contexts(file)
    (one,) = made.contexts
    assert (one.soc, one.arch, one.sdk) == (69, 79, "v2.51.0.260929181845")
    assert made.on_cpu == {}


def test_no_part_of_a_context_is_taken_for_all_of_it(context):
    for length in (*range(1024), *range(1024, len(context), 997), len(context) - 1):
        with pytest.raises(Unreadable):
            parse_context(context[:length])


def test_no_part_of_a_file_is_taken_for_all_of_it(whole, tmp_path):
    file = tmp_path / "m.onnx"
    for length in (*range(0, 900, 7), *range(1000, len(whole), 9973)):
        file.write_bytes(whole[:length])
        with contextlib.suppress(Unreadable):
            assert not read_contexts(file).contexts


def test_a_placeholder_is_refused(context):
    start = int.from_bytes(context[24:32], "little")
    with pytest.raises(Unreadable, match="empty"):
        parse_context(context[:start] + bytes(len(context) - start))
    with pytest.raises(Unreadable, match="begins with"):
        parse_context(b"\0" * len(context))


def test_no_byte_that_changes_makes_it_crash(context):
    data = bytearray(context)
    for place in range(1100):
        data[place] ^= 0x81
        with contextlib.suppress(Unreadable):
            parse_context(data)
        data[place] ^= 0x81
