"""Transposed convolutions with padding, written as ones without it whose edges are cut off.

A .tflite file has them with as much padding on both sides as makes the output a multiple of the input, and without
any. What else PyTorch has (kernel 3, stride 2, padding 1, the usual one of decoders) litert-torch does not convert.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .untyped import Tensor


def write_out() -> None:
    """Register it for the conversion in this process."""
    import torch
    from litert_torch.fx_infra import decomp

    decomp.add_pre_convert_decomp(torch.ops.aten.convolution.default, _without_padding)


def _without_padding(x: Tensor, weight: Tensor, bias: Tensor | None, *numbers: Any) -> Any:  # noqa: ANN401
    """In place of aten.convolution; NotImplemented leaves a call as it is."""
    import torch

    stride, padding, dilation, transposed, more, groups = numbers
    if not transposed or _is_taken(weight.shape[2:], stride, padding, dilation, more):
        return NotImplemented
    nothing = [0] * len(stride)
    beyond = any(each > cut for each, cut in zip(more, padding, strict=True))
    inner = None if beyond else bias  # beyond the last input there is nothing but the bias
    y = torch.ops.aten.convolution.default(x, weight, inner, stride, nothing, dilation, True, nothing, groups)  # noqa: FBT003
    edges = [side for cut, each in zip(padding[::-1], more[::-1], strict=True) for side in (-cut, each - cut)]
    y = torch.ops.aten.constant_pad_nd.default(y, edges)
    return y if bias is None or not beyond else y + bias.reshape(-1, *[1] * len(stride))


def _is_taken(kernel: Sequence[int], *numbers: Sequence[int]) -> bool:
    """True if there is no padding, or as much on both sides as makes the output a multiple of the input."""
    rows = list(zip(kernel, *numbers, strict=True))
    none = not any(cut or more for _, _, cut, _, more in rows)
    return none or all(more == 0 and apart * (size - 1) + 1 - step == 2 * cut for size, step, cut, apart, more in rows)
