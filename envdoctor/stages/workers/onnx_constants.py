"""Sizes and scales that an ONNX model stores, as numbers in the PyTorch module that onnx2torch makes of it.

It keeps them as buffers, and some of its modules turn a buffer into a list when they run: to torch.export that is a
size which depends on a value. They are given the list itself.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .untyped import TorchModule

#: Modules of onnx2torch 1.5.15 that need nothing of a buffer but `tolist` and `nelement`.
_TAKE_LISTS = ("OnnxResize", "OnnxSplit13")


class Numbers:
    """A buffer that is nothing but a list."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def tolist(self) -> list[Any]:
        """The numbers."""
        return list(self._values)

    def nelement(self) -> int:
        """How many they are."""
        return len(self._values)


def write_out_constants(module: TorchModule) -> TorchModule:
    """Give the parts of a module that want lists their lists."""
    for node in module.graph.nodes:
        if node.op != "call_module" or not _takes_lists(module.get_submodule(node.target)):
            continue
        inner = module.get_submodule(node.target)
        arguments = {**dict(enumerate(node.args)), **node.kwargs}
        fixed = {name: found for name, value in arguments.items() if (found := _numbers(module, value)) is not None}
        inner.forward = functools.partial(_call, inner.forward, tuple(arguments), fixed)
        node.args, node.kwargs = tuple(value for name, value in arguments.items() if name not in fixed), {}
    module.graph.eliminate_dead_code()
    module.recompile()
    return module


def _call(forward: Any, names: tuple[Any, ...], fixed: dict[Any, Numbers], *given: Any) -> Any:  # noqa: ANN401
    """Call with the fixed arguments and, in their order, the others."""
    rest = iter(given)
    values = [(name, fixed[name] if name in fixed else next(rest)) for name in names]
    positional = [value for name, value in values if isinstance(name, int)]
    return forward(*positional, **{name: value for name, value in values if not isinstance(name, int)})


def _takes_lists(module: TorchModule) -> bool:
    return type(module).__name__.startswith(_TAKE_LISTS)


def _numbers(module: TorchModule, value: Any) -> Numbers | None:  # noqa: ANN401
    """The numbers of a buffer; None for anything else."""
    if getattr(value, "op", "") != "get_attr":
        return None
    stored = functools.reduce(getattr, value.target.split("."), module)
    return Numbers(stored.tolist())
