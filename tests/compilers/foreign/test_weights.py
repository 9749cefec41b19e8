"""Files of weights, read as their own readers read them: safetensors and GGUF."""

import json
import struct
import time

import pytest

from envdoctor.core.errors import UsageProblem
from envdoctor.doctor.model import inspect_model


def tensors(**sizes):
    """The list of a safetensors file whose tensors lie one behind the other."""
    told, end = {}, 0
    for name, size in sizes.items():
        told[name] = {"dtype": "U8", "shape": [size], "data_offsets": [end, end + size]}
        end += size
    return told


def weights(told, data):
    head = json.dumps(told).encode()
    return struct.pack("<Q", len(head)) + head + data


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (b"\1" * 8000 + bytes(4000) + b"\1" * 4000, True),
        (b"\1" * 12000 + bytes(4000), True),
        (b"\1" * 12100 + bytes(3900), False),  # begins within a tensor
        (b"\1" * 8000 + bytes(8000), False),  # more than one
        (bytes(16000), False),
    ],
)
def test_a_tensor_of_zeros_is_no_hole(data, whole, put):
    content = weights(tensors(a=8000, b=4000, c=4000), data)
    assert inspect_model(put("m.safetensors", content)).complete == whole


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data_offsets": [8, 16]}, "is to lie from byte"),
        ({"dtype": "F32"}, "is to lie from byte"),
        ({"shape": [-8]}, "no such list"),
        ({"data_offsets": [0, "8"]}, "no such list"),
        ({"shape": [1 << 63]}, "no such list"),
        ({"shape": [10**17] * 100_000}, "no such list"),  # whose product takes minutes
        ({"dtype": "F" * 100_000}, "no such list"),
    ],
)
def test_a_list_of_weights_that_their_reader_refuses_is_damaged(change, words, put):
    told = tensors(a=8, b=8)
    told["a"] |= change
    start = time.process_time()
    with pytest.raises(UsageProblem, match=words) as caught:
        inspect_model(put("m.safetensors", weights(told, bytes(range(16)))))
    assert time.process_time() - start < 2
    assert len(str(caught.value)) < 1000


def test_a_large_tensor_of_zeros_is_gone_through_once(put):
    """Byte by byte, for each of the blocks that are looked at, 32 MB took 15 seconds."""
    size = 8 << 20
    content = weights(tensors(a=size, b=size, c=size, d=size), (bytes(size) + b"\1" * size) * 2)
    start = time.process_time()
    assert inspect_model(put("m.safetensors", content)).complete
    assert time.process_time() - start < 4


def test_weights_of_a_type_that_is_not_known_are_no_whole_ones(put):
    told = tensors(a=8)
    told["a"]["dtype"] = "F99"
    report = inspect_model(put("m.safetensors", weights(told, bytes(range(8)))))
    assert not report.complete
    assert "the type F99 is not known here" in report.file.unknown[0]


def gguf(places=(0, 64), names=(b"a", b"b"), kind=0, alignment=32, data=bytes(range(1, 129))):
    """Two tensors of 16 floats."""
    key = struct.pack("<Q", 17) + b"general.alignment" + struct.pack("<II", 4, alignment)
    rows = [
        struct.pack("<Q", len(name)) + name + struct.pack("<IQIQ", 1, 16, kind, place)
        for name, place in zip(names, places, strict=True)
    ]
    head = b"GGUF" + struct.pack("<IQQ", 3, 2, 1) + key + b"".join(rows)
    return head + bytes(-len(head) % 32) + data


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gguf(places=(0, 32)), "at byte 32, and those before them end at 64"),
        (gguf(places=(64, 0)), "at byte 64, and those before them end at 0"),
        (gguf(names=(b"a", b"a")), "two of its values or tensors are called 'a'"),
        (gguf(names=(b"a", b"\xff")), "or that is no text"),
        (gguf(kind=2), "the type 2 and the sizes"),
        (gguf(alignment=0), "aligned to 0 bytes"),
        (gguf(data=bytes(100)), "it is cut short"),
    ],
)
def test_tensors_that_do_not_follow_each_other_are_damaged(content, words, put):
    assert inspect_model(put("m.gguf", gguf())).complete
    with pytest.raises(UsageProblem, match=words):
        inspect_model(put("m.gguf", content))


def test_what_follows_the_last_tensor_is_told(put):
    assert "no part of it" not in inspect_model(put("m.gguf", gguf() + bytes(8))).file.checked
    assert inspect_model(put("m.gguf", gguf() + b"\1" * 600)).file.checked.endswith("bytes, is no part of it")
