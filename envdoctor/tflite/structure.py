"""What a model's graph is made of, as far as it decides whether something can run or compile it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.tflite.compiled import compiled_file, mark_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.tflite.model import Model, Operator, Subgraph, Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamicTensor:
    """A tensor whose shape is known only when the model runs.

    Attributes:
        operator: the operator that gives it.
        cause: the input of that operator that decides the shape and is no constant.
        origin: the operator that the cause comes from in the end (SHAPE, mostly), `input` for a model input.
    """

    operator: Operator
    tensor: Tensor
    cause: Tensor
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What a compiler put into a model and left to the CPU; `words` and `run_with` as `CompiledFile` has them."""

    custom_code: str
    packages: int
    remaining: Mapping[str, int]
    words: str = ""
    run_with: str = ""


def dynamic_tensors(subgraph: Subgraph) -> tuple[DynamicTensor, ...]:
    """The tensors that become dynamic in an interpreter, at the operators where that begins.

    A -1 in a `shape_signature` is not among them: the interpreter allocates `shape`, where a 1 stands in its place.
    """
    return tuple(_dynamic(subgraph))


def _dynamic(subgraph: Subgraph) -> Iterator[DynamicTensor]:
    producers = subgraph.producers()
    decided_by = load_table("tflite-shapes")["decided_by"]
    for operator in subgraph.operators:
        for position in decided_by.get(operator.name, ()):
            cause = subgraph.input(operator, position)
            if cause is not None and operator.outputs and not cause.constant:
                origin = _origin(subgraph, producers, cause.index)
                tensor = subgraph.tensors[operator.outputs[0]]
                yield DynamicTensor(operator=operator, tensor=tensor, cause=cause, origin=origin)
                break


def _origin(subgraph: Subgraph, producers: Mapping[int, Operator], tensor: int) -> str:
    """Follow a shape back along the first computed inputs to SHAPE or to where nothing made it."""
    name, seen = "input", set[int]()
    while tensor in producers and tensor not in seen:
        seen.add(tensor)
        operator = producers[tensor]
        name = operator.name
        computed = [item.index for item in subgraph.taken(operator) if not item.constant]
        if name == "SHAPE" or not computed:
            break
        tensor = computed[0]
    return name


def resizable_inputs(model: Model) -> tuple[Tensor, ...]:
    """Inputs with a -1 in their signature: static as long as nobody resizes them."""
    tensors = (model.main.tensors[index] for index in model.main.inputs)
    return tuple(tensor for tensor in tensors if -1 in (tensor.shape_signature or ()))


#: Operators that give another answer each time.
RANDOM = frozenset({"RANDOM_UNIFORM", "RANDOM_STANDARD_NORMAL", "MULTINOMIAL"})
#: Operators that keep a state from call to call.
VARIABLES = frozenset({"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE"})


def lost_variables(model: Model) -> tuple[str, ...]:
    """Names of variables that the model reads and nothing in it ever assigns: their weights are gone.

    A converter that was handed a function without the object that owns its variables leaves VAR_HANDLE and
    READ_VARIABLE behind; a model that keeps state on purpose assigns it, in a subgraph that CALL_ONCE runs.
    """
    handled: dict[str, set[str]] = {}
    for subgraph in model.subgraphs:
        producers = subgraph.producers()
        for operator in subgraph.operators:
            if operator.name in {"READ_VARIABLE", "ASSIGN_VARIABLE"} and operator.inputs:
                handle = producers.get(operator.inputs[0])
                name = handle.word("shared_name", "") if handle else subgraph.tensors[operator.inputs[0]].name
                handled.setdefault(name, set()).add(operator.name)
    return tuple(sorted(name for name, uses in handled.items() if uses == {"READ_VARIABLE"}))


def unfed_tensors(model: Model) -> tuple[str, ...]:
    """Tensors that an operator takes or a graph gives, and that nothing makes: the operators that did are gone.

    What a graph starts with are its inputs, its constants and its variables.
    """
    return tuple(
        f"{subgraph.tensors[index].name} of subgraph {subgraph.index}"
        for subgraph in model.subgraphs
        for index in dict.fromkeys(_unfed(subgraph))
    )


def _unfed(subgraph: Subgraph) -> Iterator[int]:
    there = (tensor for tensor in subgraph.tensors if tensor.constant or tensor.is_variable or not tensor.elements)
    known = {*subgraph.inputs, *(tensor.index for tensor in there)}
    for operator in subgraph.operators:
        if operator.custom_code is None or mark_of(operator.custom_code) is None:  # a compiler's has memory to work in
            yield from (index for index in operator.inputs if index >= 0 and index not in known)
        known.update(operator.outputs)
    yield from (index for index in subgraph.outputs if index not in known)


def called_subgraphs(model: Model) -> tuple[int, ...]:
    """The first subgraph, those of signatures and those that operators run; not what composites stand for."""
    bodies = {
        operator.integer("decomposition_subgraph_index")
        for _, operator in operators_named(model, "STABLEHLO_COMPOSITE")
    }
    entries = {0, *(signature.subgraph for signature in model.signatures)}
    return tuple(
        subgraph.index for subgraph in model.subgraphs if subgraph.index in entries or subgraph.index not in bodies
    )


def operators_named(model: Model, *names: str) -> tuple[tuple[Subgraph, Operator], ...]:
    """Every operator of these names, in every subgraph."""
    return tuple(
        (subgraph, operator)
        for subgraph in model.subgraphs
        for operator in subgraph.operators
        if operator.name in names
    )


def compiled_contents(model: Model) -> Compiled | None:
    """What a compiler compiled, None for a model that none wrote."""
    mark = compiled_file(model)
    counts = Counter(operator.custom_code or operator.name for operator in model.main.operators)
    if mark is None or not counts[mark.custom_code]:
        return None
    return Compiled(
        custom_code=mark.custom_code,
        packages=counts.pop(mark.custom_code),
        remaining=counts,
        words=mark.words,
        run_with=mark.run_with,
    )
