"""Pads of `auto_pad`, held against the formula of ONNX: as many outputs as the input has steps."""

import pytest

from envdoctor.stages.workers.onnx_padding import _pads


@pytest.mark.parametrize(
    ("told", "sizes", "kernel", "pads"),
    [
        ({"auto_pad": b"SAME_UPPER"}, (9, 10), (4, 3), [1, 1, 2, 1]),
        ({"auto_pad": b"SAME_LOWER"}, (9, 10), (4, 3), [2, 1, 1, 1]),
        ({"auto_pad": b"SAME_LOWER", "strides": [2, 2]}, (9, 10), (4, 3), [2, 1, 1, 0]),
        ({"auto_pad": b"SAME_UPPER", "dilations": [3]}, (8,), (2,), [1, 2]),
        ({"auto_pad": b"SAME_UPPER", "strides": [4], "kernel_shape": [1]}, (8,), (), [0, 0]),
    ],
)
def test_pads_give_an_output_for_every_step(told, sizes, kernel, pads):
    assert _pads(told, [(1, 1, *sizes), (1, 1, *kernel)]) == pads
