"""Models in ONNX Runtime's own format, one of them with graphs in a graph (made by ONNX Runtime 1.26)."""

import pytest

from envdoctor.compilers.foreign.onnxruntime import read_ort
from envdoctor.core.errors import Unreadable
from envdoctor.support.fields import Fields
from keras_files import DATA

WHOLE = (DATA / "compiled" / "branch.ort").read_bytes()


def read(data):
    return read_ort(DATA, Fields(memoryview(data)))


def test_what_is_whole():
    found = read(WHOLE)
    assert (found.inputs, found.outputs, found.details) == (("x",), ("y",), ("format version 6", "5 operators"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"two\0", b"twx\0", "takes, gives or stores is not there"),
        (b"Softmax\0", b"\xffoftmax\0", "no UTF-8"),
        (b"Softmax\0", b"Softmaxx", "has no end"),
        (b"\x07\0\0\0Softmax\0", b"\0\0\0\0\0oftmax\0", "has no kind"),
    ],
)
def test_what_onnx_runtime_refuses(old, new, words):
    """The last place of each is in the graph; the first may be in the table of kernels."""
    assert old in WHOLE
    before, _, after = WHOLE.rpartition(old)
    with pytest.raises(Unreadable, match=words):
        read(before + new + after)


@pytest.mark.slow
def test_offsets_and_counts_lead_somewhere():
    """Each word of the file in turn is a large number; most words are offsets, counts or texts."""
    refused = 0
    for place in range(8, len(WHOLE) - 4, 4):
        try:
            read(WHOLE[:place] + b"\xff\xff\xff\x7f" + WHOLE[place + 4 :])
        except Unreadable:
            refused += 1
    assert refused > 0.85 * (len(WHOLE) // 4)
