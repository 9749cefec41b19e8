"""Sizes and scales that an ONNX model stores, as numbers in the PyTorch module that onnx2torch makes of it.

It keeps them as buffers, and some of its modules turn a buffer into sizes when they run: to torch.export those are
sizes that depend on values. Here they are lists, in the module's own code where that takes a list, else in ours;
ONNX's reference says what each operator does with them.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .untyped import Tensor, TorchModule, TorchNode


class Numbers(list[Any]):
    """A buffer that is nothing but a list: what onnx2torch asks of a buffer for sizes."""

    def tolist(self) -> list[Any]:
        """The numbers."""
        return list(self)

    def nelement(self) -> int:
        """How many they are."""
        return len(self)


class Number(int):
    """The same of a buffer that holds one number alone."""

    def item(self) -> int:
        """The number."""
        return int(self)


def _reshape(data: Tensor, shape: list[int]) -> Tensor:
    return data.reshape([data.shape[axis] if size == 0 else size for axis, size in enumerate(shape)])


def _expand(data: Tensor, shape: list[int]) -> Tensor:
    import torch

    return data.expand(torch.broadcast_shapes(data.shape, shape))


def _tile(data: Tensor, repeats: list[int]) -> Tensor:
    return data.repeat(repeats)


def _squeeze(data: Tensor, axes: list[int]) -> Tensor:
    return data.squeeze(tuple(axes))


def _slice(
    data: Tensor, starts: list[int], ends: list[int], axes: list[int] | None = None, steps: list[int] | None = None
) -> Tensor:
    import torch

    parts = [slice(None)] * data.dim()
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        axis, step = (axes[number] if axes else number) % data.dim(), steps[number] if steps else 1
        if step < 0:
            data, start, end, step = torch.flip(data, [axis]), -start - 1, -end - 1, -step  # noqa: PLW2901
        parts[axis] = slice(start, end, step)
    return data[tuple(parts)]


#: Modules of onnx2torch 1.5.15 that take sizes as buffers; None for those whose own code takes lists too.
_FORMS: Mapping[str, Callable[..., Any] | None] = {
    "OnnxResize": None,
    "OnnxResizeV10": None,
    "OnnxSplit13": None,
    "OnnxPadDynamic": None,
    "OnnxCumSum": None,
    "OnnxReshape": _reshape,
    "OnnxExpand": _expand,
    "OnnxTile": _tile,
    "OnnxSlice": _slice,
    "OnnxSqueezeDynamicAxes": _squeeze,
}


def write_out_constants(module: TorchModule) -> TorchModule:
    """Give the parts of a module that want sizes their sizes, where the model stores them."""
    for node in module.graph.nodes:
        inner = module.get_submodule(node.target) if node.op == "call_module" else None
        if type(inner).__name__ == "OnnxGather":
            _write_out_place(module, node, inner)
        if type(inner).__name__ == "OnnxTopK":
            _write_out_count(module, node, inner)
        if type(inner).__name__ not in _FORMS or inner is None:
            continue
        arguments = {**dict(enumerate(node.args)), **node.kwargs}
        fixed = {name: found for name, value in arguments.items() if (found := _numbers(module, value)) is not None}
        others = [value for name, value in arguments.items() if name not in fixed]
        if len([value for value in others if value is not None]) > 1:
            continue  # a size that the model computes
        form = _FORMS[type(inner).__name__] or inner.forward
        inner.forward = functools.partial(_call, form, tuple(arguments), fixed)
        node.args, node.kwargs = tuple(others), {}
    module.graph.eliminate_dead_code()
    module.recompile()
    return module


def _write_out_place(module: TorchModule, node: TorchNode, inner: TorchModule) -> None:
    """Let a Gather of one place that the model stores select it; what looks up rows of a table stays."""
    data, place = (*node.args, None, None)[:2]
    number = _numbers(module, place)
    if isinstance(number, int) and getattr(data, "op", "") != "get_attr":
        inner.forward = functools.partial(_select, inner._axis, number)  # noqa: SLF001  (onnx2torch's own)
        node.args = (data,)


def _write_out_count(module: TorchModule, node: TorchNode, inner: TorchModule) -> None:
    """Let a TopK of a count that the model stores take that; its own code takes a number or a tensor."""
    data, count = (*node.args, None, None)[:2]
    numbers = _numbers(module, count)
    if isinstance(numbers, Numbers):
        inner.forward = functools.partial(inner.forward, k=numbers[0])
        node.args = (data,)


def _select(axis: int, place: int, data: Tensor) -> Tensor:
    return data.select(axis, place)


def _call(form: Callable[..., Any], names: tuple[Any, ...], fixed: dict[Any, Any], *given: Any) -> Any:  # noqa: ANN401
    """Call with the fixed arguments and, in their order, the others."""
    rest = iter(given)
    values = [(name, fixed[name] if name in fixed else next(rest)) for name in names]
    positional = [value for name, value in values if isinstance(name, int)]
    return form(*positional, **{name: value for name, value in values if not isinstance(name, int)})


def _numbers(module: TorchModule, value: Any) -> Any:  # noqa: ANN401
    """The numbers of a buffer, a plain number if it holds one alone; None for anything else."""
    if getattr(value, "op", "") != "get_attr":
        return None
    stored = functools.reduce(getattr, value.target.split("."), module)
    if stored.dim():
        return Numbers(stored.tolist())
    return Number(stored.item()) if isinstance(stored.item(), int) else stored.item()
