"""Sorting and what rests on it (median, k-th value, the largest along any axis), for litert-torch, by TOPK_V2.

Its own form of them is STABLEHLO_SORT, which no kernel of LiteRT computes, wherever the places or the values alone are
used, the smallest are asked for, or the axis is not the last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .untyped import Tensor


def write_out() -> None:
    """Register them for the conversion in this process."""
    import torch
    from litert_torch.backend.experimental import torch_tfl  # noqa: F401  (brings torch.ops.tfl)
    from litert_torch.fx_infra import decomp

    aten = torch.ops.aten
    for operator, form in (
        (aten.topk.default, _topk),
        (aten.sort.default, _sort),
        (aten.sort.stable, _stable_sort),
        (aten.kthvalue.default, _kth),
        (aten.median.dim, _median),
        (aten.median.default, _median_of_all),
    ):
        decomp.add_pre_convert_decomp(operator, form)


def _topk(x: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:  # noqa: A002, ANN401, ARG001, FBT001, FBT002  (aten's own)
    import torch

    if not x.dim():
        return NotImplemented
    turned = x.movedim(dim, -1)
    values, places = torch.ops.tfl.topk_v2(turned if largest else -turned, k)
    values = values if largest else -values
    return values.movedim(-1, dim), places.to(torch.int64).movedim(-1, dim)


def _sort(x: Tensor, dim: int = -1, descending: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002  (aten's own)
    return _topk(x, x.shape[dim], dim, descending) if x.dim() else NotImplemented


def _stable_sort(x: Tensor, *, stable: bool | None, dim: int = -1, descending: bool = False) -> Any:  # noqa: ANN401, ARG001
    """TOPK_V2 leaves equals in their order."""
    return _sort(x, dim, descending)


def _kth(x: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002  (aten's own)
    if not x.dim():
        return NotImplemented
    ranked = _topk(x, k, dim, largest=False)
    return tuple(each.narrow(dim, k - 1, 1) if keepdim else each.select(dim, k - 1) for each in ranked)


def _median(x: Tensor, dim: int, keepdim: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002  (aten's own)
    return _kth(x, (x.shape[dim] + 1) // 2, dim, keepdim) if x.dim() else NotImplemented


def _median_of_all(x: Tensor) -> Any:  # noqa: ANN401
    return _median(x.reshape(-1), 0)[0]
