"""A PyTorch module in the form that converters take: tensors by position in, and nothing but tensors in a row out."""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
from typing import TYPE_CHECKING, Any

from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .untyped import ExportedProgram, Tensor, TorchModule, TorchNode

    Caller = Callable[..., object]

#: Operators that PyTorch's own quantization puts around those of a model.
_QUANTIZED = "quantized_decomposed."
#: Heads of attention are no more.
_MOST_COPIES = 128


def leave_out_idle_contexts() -> None:
    """From here on, what changes nothing leaves no trace: no_grad within no_grad, autocast that is off or for a GPU.

    torch.export makes a graph inside the graph of each (wrap_with_autocast, wrap_with_set_grad_enabled), which no
    converter takes. Numbers can't change: what autocast does on a CPU, where it is on, stays.
    """
    import torch

    torch.set_grad_enabled(False)
    autocast: Any = torch.amp.autocast_mode.autocast
    enter, leave = autocast.__enter__, autocast.__exit__

    def enter_in_effect(context: Any) -> Any:  # noqa: ANN401
        on = torch.is_autocast_enabled("cpu") or context._enabled  # noqa: SLF001  (its only name)
        context.has_effect = on and context.device == "cpu"
        return enter(context) if context.has_effect else context

    autocast.__enter__ = enter_in_effect
    autocast.__exit__ = lambda context, *error: leave(context, *error) if context.has_effect else None


def plain(module: TorchModule, names: Sequence[str]) -> TorchModule:
    """A module that takes inputs of these names, or else by position, and gives nothing but tensors in a row."""
    return _flat(module, _caller(module, names))


def of_program(program: ExportedProgram, module: TorchModule) -> TorchModule:
    """The module of an exported program; inputs that were given by name, or nested, are put together again."""
    from torch.utils import _pytree

    wanted = program.call_spec.in_spec

    def call(*tensors: Any) -> Any:  # noqa: ANN401
        if wanted is None or wanted.num_leaves != len(tensors):
            return module(*tensors)
        arguments, named = _pytree.tree_unflatten(list(tensors), wanted)
        return module(*arguments, **named)

    return _flat(module, call)


def with_copies(program: ExportedProgram) -> TorchModule | None:
    """The module of a program in which the one head that all queries share is copied; None if there is none.

    litert-torch gives other numbers for attention with enable_gqa, as Llama has it, and for a product with one head
    that was expanded: its converter loses the order of the axes.
    """
    import torch

    aten, graph = torch.ops.aten, program.graph
    attention = aten.scaled_dot_product_attention.default
    found = [(node, place) for node in graph.nodes if node.kwargs.get("enable_gqa") for place in (1, 2)]
    found += [(node, -1) for node in graph.nodes if node.target is aten.expand.default and _copies_head(node)]
    for node, place in found:
        shared = node.args[max(place, 0)]
        before, after = shared.meta["val"].shape, (node if place < 0 else node.args[0]).meta["val"].shape
        axis = next((axis for axis in range(-len(before), 0) if before[axis] != after[axis]), -3)
        count = after[axis] // before[axis]
        with graph.inserting_before(node):
            copied = graph.call_function(aten.cat.default, ([shared] * count, axis))
            if before[axis] > 1:
                copied = graph.call_function(aten.repeat_interleave.self_int, (shared, count), {"dim": axis})
        if place < 0:
            node.replace_all_uses_with(copied)
        else:
            node.update_arg(place, copied)
        if node.target is attention:
            node.kwargs = {**node.kwargs, "enable_gqa": False}
    graph.eliminate_dead_code()
    return program.module() if found else None


def _copies_head(node: TorchNode) -> bool:
    """True for an expand of one axis behind nothing but ones, whose result is put into another shape."""
    before, after = list(node.args[0].meta["val"].shape), list(node.meta["val"].shape)
    changed = [axis for axis, size in enumerate(after) if before[axis - len(after) :][:1] != [size]]
    reshaped = {str(user.target) for user in node.users} <= {"aten.reshape.default", "aten.view.default"}
    fits = len(before) == len(after) and len(changed) == 1 and 1 < after[changed[0]] <= _MOST_COPIES
    return bool(fits and reshaped and node.users and max(before[: changed[0] + 1]) == 1)


def in_floats(module: TorchModule) -> TorchModule | None:
    """A graph that PyTorch quantized (PT2E) in floats: weights are what their integers stand for, all else as it is.

    Returns:
        Another module; None where there is nothing to take out, or integers are computed with.
    """
    made = copy.deepcopy(module)
    graph = made.graph
    found = [node for node in graph.nodes if str(node.target).startswith(f"{_QUANTIZED}dequantize_per_")]
    for number, node in enumerate(found):
        source = node.args[0]
        if source.op == "get_attr":
            given = [_attribute(made, each) for each in node.args]
            made.register_buffer(f"in_floats_{number}", node.target(*given, **node.kwargs))
            with graph.inserting_before(node):
                node.replace_all_uses_with(graph.get_attr(f"in_floats_{number}"))
        elif str(source.target).startswith(f"{_QUANTIZED}quantize_per_"):
            node.replace_all_uses_with(source.args[0])
    graph.eliminate_dead_code()
    if not found or any(str(node.target).startswith(_QUANTIZED) for node in graph.nodes):
        return None
    made.recompile()
    return made


def _attribute(module: TorchModule, value: Any) -> Any:  # noqa: ANN401
    """A constant of a graph; anything else as it is."""
    if getattr(value, "op", "") != "get_attr":
        return value
    return functools.reduce(getattr, value.target.split("."), module)


def outputs_of(value: object) -> list[Tensor]:
    """The tensors that a module gave, however they are nested, in the order in which torch.export puts them."""
    tensors = list(_tensors(value))
    if not tensors:
        raise Problem("torch-model-refused", f"the model returns {type(value).__name__}, and no tensor.")
    return tensors


def _tensors(value: object) -> Iterator[Tensor]:
    import torch
    from torch.utils import _pytree

    for each in _pytree.tree_flatten(value)[0]:
        if isinstance(each, torch.Tensor):
            yield each
        elif dataclasses.is_dataclass(each):
            yield from _tensors([getattr(each, field.name) for field in dataclasses.fields(each)])


def _caller(module: TorchModule, names: Sequence[str]) -> Caller:
    """How a module is called: by the names of its arguments where the inputs have those, else by position."""
    given = inspect.signature(module.forward).parameters
    named = {name for name, one in given.items() if one.kind in {one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY}}
    if named.issuperset(names):
        return lambda *tensors: module(**dict(zip(names, tensors, strict=True)))
    by_position: Caller = module
    return by_position


def _flat(module: TorchModule, call: Caller) -> TorchModule:
    """The module with tensors in, and nothing but tensors in a row out: converters take no other structures."""
    import torch

    class Flat(torch.nn.Module):  # type: ignore[misc]  # of a package that is not looked at
        def __init__(self) -> None:
            super().__init__()
            self.model = module

        def forward(self, *tensors: Any) -> Any:  # noqa: ANN401
            given = outputs_of(call(*tensors))
            return tuple(given) if len(given) > 1 else given[0]

    flat = Flat()
    flat.training = False
    return flat
