"""How many bytes of arena a model needs in TensorFlow Lite Micro, told from the file alone. Pure.

The rules are those of micro_allocator.cc, micro_allocation_info.cc and micro_interpreter.cc of the commit that
operators.toml names. Sizes of structures are those of x86-64, of the allocator that records, as tflite-micro's Python
interpreter has it: a firmware's are smaller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.compilers.tflm.kernels import WIDTHS, Request, aligned, looked_at, measured_by_shape, requested
from envdoctor.compilers.tflm.planner import Buffer, planned_size
from envdoctor.compilers.tflm.variables import list_sizes, stored_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.tflite.model import Model, Operator, Subgraph, Tensor

    #: Bytes of the options and of the kernel's own structures, for an operator whose form was measured.
    Structures = Mapping[tuple[int, int], tuple[int, int] | None]

#: Structures of the interpreter itself; each subgraph, tensor, operator; an input or output; of a scale.
_BASE = 464
_SUBGRAPH, _TENSOR, _OPERATOR, _EDGE, _AFFINE, _INT, _POINTER = 24, 24, 64, 64, 24, 4, 8
#: While the model is set up: what a scratch buffer's request, a tensor and a planned buffer take; requests kept free.
_REQUEST, _INFO, _PLANNED, _FREE_REQUESTS = 16, 32, 40, 12
#: The type of what names a variable: its kernel has it in its own structure.
_HANDLE = "RESOURCE"
#: How options are aligned that hold a pointer; others hold integers, or truth values alone.
_OPTIONS = {"FULLY_CONNECTED": 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """What is told of an arena.

    Attributes:
        used: bytes that the model takes while it runs.
        needed: bytes of the smallest arena that it can be set up in.
        tensors: of `used`, what holds tensors and scratch buffers; the rest is kept throughout.
        certain: False if an operator's own structures are not known: then all are the least.
    """

    used: int
    needed: int
    tensors: int
    certain: bool


class _Tail:
    """The end of the arena, from which structures are taken downwards."""

    def __init__(self) -> None:
        self.size = _BASE

    def take(self, size: int, alignment: int = 16) -> None:
        """Take a structure; its lower end is what is aligned."""
        self.size = aligned(self.size + size, alignment)


def predict(model: Model, structures: Structures) -> Arena:
    """The arena of a model.

    Args:
        model: one that the interpreter runs.
        structures: of each operator, by subgraph and index; None where they are not known.
    """
    requests: dict[tuple[int, int], Request] = {
        (graph.index, operator.index): requested(graph, operator)
        for graph in model.subgraphs
        for operator in graph.operators
    }
    requests.update(stored_values(model))
    tail = _Tail()
    for size in list_sizes(model):
        tail.take(size)
    preparing = _take_structures(tail, model, structures, requests)
    scratch = sum(len(request.scratch) for request in requests.values())
    if scratch:
        tail.take(_POINTER * scratch, _POINTER)
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            if tensor.is_variable:
                tail.take(size_of(tensor))
    buffers = _buffers(model, requests)
    plan = planned_size(buffers)
    tensors = sum(len(graph.tensors) for graph in model.subgraphs)
    setting_up = _REQUEST * (scratch + _FREE_REQUESTS) + aligned(8 * len(model.subgraphs), 8)
    setting_up = aligned(setting_up + _INFO * (tensors + scratch)) + _PLANNED * len(buffers)
    needed = aligned(tail.size) + aligned(setting_up)
    _take_edges(tail, model.main)
    return Arena(
        used=tail.size + plan,
        needed=aligned(max(preparing, needed, tail.size + plan)),
        tensors=plan,
        certain=all(one is not None for one in structures.values()),
    )


def size_of(tensor: Tensor) -> int:
    """The bytes of a tensor in the arena."""
    return tensor.elements * WIDTHS.get(tensor.dtype, 4)


def _take_structures(
    tail: _Tail, model: Model, structures: Structures, requests: Mapping[tuple[int, int], Request]
) -> int:
    """What is allocated before the plan is made, in the interpreter's order.

    Returns:
        How much is taken at most while a kernel is set up: by the whole arena.
    """
    tail.take(_SUBGRAPH * len(model.subgraphs), 8)
    for graph in model.subgraphs:
        tail.take(_TENSOR * len(graph.tensors), 8)
    for graph in model.subgraphs:
        tail.take(_OPERATOR * len(graph.operators), 8)
    known = [(graph, operator, structures.get((graph.index, operator.index))) for graph, operator in _all(model)]
    for graph, operator, sizes in known:
        handles = _POINTER * len(requests[graph.index, operator.index].scratch)
        options = 0 if sizes is None else sizes[0] - handles  # those of scratch buffers were measured with them
        if options > 0:
            tail.take(options, _OPTIONS.get(operator.name, 4 if options % 4 == 0 else 1))
    for graph, operator, sizes in known:
        own = 0 if sizes is None else sizes[1] - measured_by_shape(graph, operator)
        if own > 0:
            tail.take(own)
    return _prepare(tail, model, requests)


def _prepare(tail: _Tail, model: Model, requests: Mapping[tuple[int, int], Request]) -> int:
    """What kernels take as they are set up; how much the arena holds at most while one is."""
    most, scratch = 0, 0
    for graph, operator in _all(model):
        request = requests[graph.index, operator.index]
        for size in request.kept:
            tail.take(size)
        asked = sum(map(_described, looked_at(graph, operator)))
        most = max(most, tail.size + _REQUEST * (scratch + _FREE_REQUESTS) + asked)  # its own are among the free ones
        scratch += len(request.scratch)
    return most


def _all(model: Model) -> Iterator[tuple[Subgraph, Operator]]:
    return ((graph, operator) for graph in model.subgraphs for operator in graph.operators)


def _described(tensor: Tensor) -> int:
    """The bytes of a tensor's description, as a kernel asks for it and an input or output keeps it."""
    scales = tensor.quantization
    if scales is None or not len(scales.scales) or not len(scales.zero_points):
        return _EDGE
    return _EDGE + aligned(_AFFINE + _INT * (1 + len(scales.scales)), 8)


def _take_edges(tail: _Tail, graph: Subgraph) -> None:
    """The inputs and outputs that a program can ask for, with their scales."""
    for edges in (graph.inputs, graph.outputs):
        tail.take(_POINTER * len(edges))
        for index in edges:
            tail.take(_described(graph.tensors[index]), 8)


def _buffers(model: Model, requests: Mapping[tuple[int, int], Request]) -> list[Buffer]:
    """What is planned: each tensor that is neither constant nor a variable, and each scratch buffer."""
    lives = _Lifetimes(model)
    lives.walk(0)
    buffers = [
        Buffer(size=aligned(size_of(tensor)), first=life[0], last=life[1])
        for graph in model.subgraphs
        for tensor in graph.tensors
        if not _is_stored(tensor) and not tensor.is_variable and tensor.dtype != _HANDLE and size_of(tensor) > 0
        for life in (lives.tensors.get((graph.index, tensor.index), (-1, -1)),)
    ]
    for key, request in requests.items():
        life = lives.operators.get(key, (-1, -1))
        buffers += [Buffer(size=aligned(size), first=life[0], last=life[1]) for size in request.scratch]
    return buffers


def _is_stored(tensor: Tensor) -> bool:
    return tensor.content is not None and tensor.content.size > 0


class _Lifetimes:
    """From which step to which each tensor and operator lives; a called subgraph's steps lie within its caller's."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.step = 0
        self.tensors: dict[tuple[int, int], tuple[int, int]] = {}
        self.operators: dict[tuple[int, int], tuple[int, int]] = {}

    def walk(self, number: int) -> None:
        """Mark the lifetimes of a subgraph, and of those that it calls."""
        graph = self.model.subgraphs[number]
        for index in graph.inputs:
            self._mark(number, index, created=True)
        for operator in graph.operators:
            self.step += 1
            start = self.step
            for index in operator.outputs:
                self._create(number, index)
            for called in _called(operator):
                self.step += 1
                self.walk(called)
            for index in (*operator.inputs, *operator.outputs):
                self._mark(number, index)
            self.operators[number, operator.index] = (start, self.step)
        for index in graph.outputs:
            self._mark(number, index, created=True)

    def _create(self, number: int, index: int) -> None:
        first, last = self.tensors.get((number, index), (-1, -1))
        self.tensors[number, index] = (self.step if first < 0 else first, last)

    def _mark(self, number: int, index: int, *, created: bool = False) -> None:
        if index < 0:
            return
        if created:
            self._create(number, index)
        first, _ = self.tensors.get((number, index), (-1, -1))
        self.tensors[number, index] = (first, self.step)


def _called(operator: Operator) -> tuple[int, ...]:
    options = {
        "IF": ("then_subgraph_index", "else_subgraph_index"),
        "CALL_ONCE": ("init_subgraph_index",),
        "WHILE": ("cond_subgraph_index", "body_subgraph_index"),
    }
    return tuple(operator.integer(name, -1) for name in options.get(operator.name, ()))
