"""Operators of PyTorch written in another form, where litert-torch does not convert the usual one.

A .tflite file has transposed convolutions without padding, and with as much on both sides as makes the output a
multiple of the input: others (kernel 3, stride 2, padding 1, the usual one of decoders) become ones without, whose
edges are cut off. A square (heads of detectors) becomes a product: POW takes no five axes, and has no int8 kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .untyped import Tensor


def write_out() -> None:
    """Register them for the conversion in this process."""
    import torch
    from litert_torch.fx_infra import decomp

    decomp.add_pre_convert_decomp(torch.ops.aten.convolution.default, _without_padding)
    decomp.add_pre_convert_decomp(torch.ops.aten.pow.Tensor_Scalar, _as_product)


def _as_product(x: Tensor, exponent: float) -> Any:  # noqa: ANN401
    """In place of aten.pow; NotImplemented leaves a call as it is."""
    import torch

    return torch.ops.aten.mul.Tensor(x, x) if exponent == 2 else NotImplemented  # noqa: PLR2004


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
