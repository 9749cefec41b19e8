"""Operators of PyTorch written in another form, where litert-torch does not convert the usual one.

A .tflite file has transposed convolutions without padding, and with as much on both sides as makes the output a
multiple of the input: others (kernel 3, stride 2, padding 1, the usual one of decoders) become ones without, whose
edges are cut off. A square (heads of detectors), a cube (GELU as GPT-2 has it) and
a root (the length of a vector) become products and roots: POW takes no five axes, and has no int8 kernel. What
is added up by an index (the messages of a graph's edges) becomes a product with zeros and ones: the scatter that
litert-torch makes of it is one that LiteRT's kernel refuses. So is that of overlapping patches that are put together
(fold): they are moved to their places and added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .untyped import Tensor

#: So many zeros and ones are no more than a layer's weights.
_LARGEST = 1 << 22
#: And so many maps are added up with no great loss.
_MOST_ELEMENTS = 64


def write_out() -> None:
    """Register them for the conversion in this process."""
    import torch
    from litert_torch.fx_infra import decomp

    decomp.add_pre_convert_decomp(torch.ops.aten.convolution.default, _without_padding)
    decomp.add_pre_convert_decomp(torch.ops.aten.pow.Tensor_Scalar, _without_powers)
    decomp.add_pre_convert_decomp(torch.ops.aten.index_add.default, _add_rows)
    decomp.add_pre_convert_decomp(torch.ops.aten.scatter_add.default, _add_elements)
    decomp.add_pre_convert_decomp(torch.ops.aten.col2im.default, _fold)


def _without_powers(x: Tensor, exponent: float) -> Any:  # noqa: ANN401
    """In place of aten.pow; NotImplemented leaves a call as it is."""
    import torch

    aten = torch.ops.aten
    roots = {0.5: aten.sqrt.default, -0.5: aten.rsqrt.default, -1: aten.reciprocal.default}
    if exponent in roots:
        return roots[exponent](x)
    if exponent not in {2, 3, 4}:
        return NotImplemented
    square = aten.mul.Tensor(x, x)
    return square if exponent == 2 else aten.mul.Tensor(square, x if exponent == 3 else square)  # noqa: PLR2004


def _add_rows(x: Tensor, axis: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Any:  # noqa: ANN401
    """In place of aten.index_add."""
    import torch

    columns = (index.unsqueeze(1) == torch.arange(x.shape[axis])).to(x.dtype)
    return x + alpha * torch.matmul(source.movedim(axis, -1), columns).movedim(-1, axis)


def _add_elements(x: Tensor, axis: int, index: Tensor, source: Tensor) -> Any:  # noqa: ANN401
    """In place of aten.scatter_add; NotImplemented leaves a call as it is."""
    import torch

    axis %= x.dim()
    others = [size for place, size in enumerate(x.shape) if place != axis]
    fits = index.shape == source.shape and others == [size for place, size in enumerate(index.shape) if place != axis]
    if not fits or x.shape[axis] * index.numel() > _LARGEST:
        return NotImplemented
    places = torch.arange(x.shape[axis]).reshape([-1 if place == axis else 1 for place in range(x.dim() + 1)])
    chosen = (index.unsqueeze(axis) == places).to(x.dtype)
    return x + (chosen * source.unsqueeze(axis)).sum(axis + 1)


def _fold(x: Tensor, size: list[int], kernel: list[int], *numbers: list[int]) -> Any:  # noqa: ANN401
    """In place of aten.col2im: each element of the patches becomes a map, moved to its place, and all are added."""
    import torch

    dilation, padding, stride = numbers
    if x.dim() != 3 or kernel[0] * kernel[1] > _MOST_ELEMENTS:  # noqa: PLR2004  (a batch of columns)
        return NotImplemented
    rows = list(zip(size, kernel, dilation, padding, stride, strict=True))
    places = [(whole + 2 * cut - apart * (each - 1) - 1) // step + 1 for whole, each, apart, cut, step in rows]
    patches = x.reshape(-1, places[0], 1, places[1], 1)
    apart = torch.ops.aten.constant_pad_nd.default(patches, [0, stride[1] - 1, 0, 0, 0, stride[0] - 1])
    wide = [count * step for count, step in zip(places, stride, strict=True)]
    maps = apart.reshape(x.shape[0], -1, kernel[0] * kernel[1], *wide)
    total: Any = 0
    for number in range(kernel[0] * kernel[1]):
        before = [
            each * step - cut for each, step, cut in zip(divmod(number, kernel[1]), dilation, padding, strict=True)
        ]
        edges = [(left, whole - left - width) for left, whole, width in zip(before, size, wide, strict=True)]
        total = total + torch.ops.aten.constant_pad_nd.default(maps.select(2, number), [*edges[1], *edges[0]])
    return total


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
