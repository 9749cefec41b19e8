"""Operators of a model's own in an exported program: written out of standard ones, or marked as composites.

An operator that torch.library.custom_op made has a body in Python. Where that can be traced, it is what the operator
decomposes into: what comes out is held against PyTorch like everything else. Where it can't, a form that is known by
the operator's name may do (`known_operators`). A composite (StableHLO's, in a .tflite file operator 206) keeps the name
and the numbers of the call beside that body.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .jax_function import NAMESPACE
from .known_operators import known_form

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .untyped import ExportedProgram, TorchNode

#: Namespaces of operators that converters know.
STANDARD = frozenset(
    {"aten", "prims", "prim", "higher_order", "quantized_decomposed", "litert", "odml_torch", NAMESPACE}
)
#: What an attribute of a composite can be.
_NUMBERS = (bool, int, float, str)


@dataclass(frozen=True)
class Way:
    """What becomes of an operator, in words; the function that it is written out of, where a conversion does that."""

    words: str
    body: Callable[..., Any] | None = None
    is_opaque: bool = False


def give_fakes() -> None:
    """Let operators without a fake form, which torch.export asks for, tell by their bodies what comes out of them."""
    from torch._library import custom_ops

    for definition in list(custom_ops.OPDEFS.values()):
        if definition._abstract_fn is None:  # noqa: SLF001  (its only name)
            definition.register_fake(_fake_form(definition))


def _fake_form(definition: Any) -> Callable[..., Any]:  # noqa: ANN401  (a CustomOpDef)
    def fake(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        try:
            return definition._init_fn(*given, **named)  # noqa: SLF001  (its only name)
        except Exception as error:
            name, words = definition._qualname, f"{type(error).__name__}: {error}"  # noqa: SLF001
            raise RuntimeError(f"{name} has no fake form (register_fake), and its body gives none: {words}") from error

    return fake


def own_operators(program: ExportedProgram) -> Mapping[Any, TorchNode]:
    """The operators that are not torch's, each with its first call."""
    import torch

    found: dict[Any, TorchNode] = {}
    for node in program.graph.nodes:
        target = node.target
        is_operator = isinstance(target, torch._ops.OpOverload)  # noqa: SLF001  (its only name)
        if node.op == "call_function" and is_operator and target.namespace not in STANDARD:
            found.setdefault(target, node)
    return found


def find_ways(operators: Mapping[Any, TorchNode]) -> dict[Any, Way]:
    """What becomes of operators of a model's own in a conversion."""
    return {operator: _way(operator, node) for operator, node in operators.items()}


def _way(operator: Any, node: TorchNode) -> Way:  # noqa: ANN401  (an OpOverload)
    from litert_torch.backend import lowerings
    from litert_torch.fx_infra import decomp

    if operator in decomp.pre_convert_decomp():
        return Way("decomposed as the model's code registered it")
    if lowerings.lookup(operator) is not None:
        return Way("lowered as the model's code registered it")
    body = _body_of(operator)
    if body is not None and _can_be_traced(body, node):
        return Way("written out of standard operators, from its body", body)
    known = known_form(operator, node)
    if known is not None:
        return Way(f"written out as the known {known.title}, {known.difference:.1g} from what it gives", known.body)
    return Way("no body in Python that can be traced", is_opaque=True)


def write_out(ways: Mapping[Any, Way], *, as_composites: bool) -> dict[str, str]:
    """Register what the operators are made of, for the conversion in this process.

    Returns:
        For each operator by name what becomes of it, in words.
    """
    from litert_torch.fx_infra import decomp

    told = {}
    for operator, way in ways.items():
        told[str(operator)] = way.words
        if way.body is not None:
            decomp.add_pre_convert_decomp(operator, _as_composite(operator, way.body) if as_composites else way.body)
            told[str(operator)] = "kept as a composite" if as_composites else way.words
    return told


def _body_of(operator: Any) -> Callable[..., Any] | None:  # noqa: ANN401  (an OpOverload)
    """The function that torch.library.custom_op was given; None for an operator made in another way."""
    from torch._library import custom_ops

    definition = custom_ops.OPDEFS.get(operator._schema.name)  # noqa: SLF001  (its only name)
    return None if definition is None else definition._init_fn  # noqa: SLF001


def _can_be_traced(body: Callable[..., Any], node: TorchNode) -> bool:
    """True if the body runs on tensors without values, as tracing it does."""
    from torch.fx import Node, map_arg

    def value(each: TorchNode) -> object:
        return each.meta["val"]

    arguments, named = map_arg((node.args, node.kwargs), value)
    modes = [each.meta["val"].fake_mode for each in node.all_input_nodes if isinstance(each, Node)]
    try:
        with modes[0]:
            body(*arguments, **named)
    except Exception as error:  # noqa: BLE001  (somebody's code: whatever it is, it can't be traced)
        print(f"{node.target} can't be traced: {type(error).__name__}: {error}")
        return False
    return True


def _as_composite(operator: Any, body: Callable[..., Any]) -> Callable[..., Any]:  # noqa: ANN401
    """A function that does what the body does, between marks that name the operator and its numbers."""
    import torch
    from litert_torch.hlfb import StableHLOCompositeBuilder

    schema = operator._schema  # noqa: SLF001
    names = [argument.name for argument in schema.arguments]

    def marked(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        values = {**dict(zip(names, given, strict=False)), **named}
        numbers = {name: value for name, value in values.items() if isinstance(value, _NUMBERS)}
        tensors = [name for name, value in values.items() if isinstance(value, torch.Tensor)]
        builder = StableHLOCompositeBuilder(name=schema.name.replace("::", "."), attr=numbers)
        inner = builder.mark_inputs(*(values[name] for name in tensors))
        values |= dict(zip(tensors, inner if len(tensors) > 1 else [inner], strict=True))
        result = body(**values)
        return builder.mark_outputs(*result) if isinstance(result, tuple) else builder.mark_outputs(result)

    return marked
