"""What a mend is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..tflite_graph import Graph
    from ..untyped import SchemaObject

#: The shape of each input in a run, by the name that the interpreter gives it.
Shapes = Mapping[str, Sequence[int]]


@dataclass(frozen=True)
class Mend:
    """A mend.

    Attributes:
        name: what `--only` takes.
        title: what it does, for a person.
        apply: changes the graph; tells each change in words for a person. No words: nothing applied.
        steps: how many steps of a quantized output it may move a value; 0 if every bit must stay.
        asked: the same where a user asks for this mend, or for what can't be had without it.
        rounds_weights: True if what it rounds again are int8 weights: then `steps` are those of an int8 output, and one
            of them is 256 of an int16 output.
        share: how far it may move a float output, as a share of the largest value.
        computes: False if it touches nothing that computes, so that outputs which never move are proof enough.
        on_demand: True if it is left out unless it is asked for by name: it mends nothing that is wrong in itself.
    """

    name: str
    title: str
    apply: Callable[[Graph, Shapes], list[str]]
    steps: int = 0
    asked: int = 0
    rounds_weights: bool = False
    share: float = 0.0
    computes: bool = True
    on_demand: bool = False


def takers(graph: Graph, index: int) -> list[SchemaObject]:
    """The operators of the main subgraph that take a tensor."""
    return [operator for operator in graph.main.operators if index in [int(each) for each in operator.inputs]]


def maker(graph: Graph, index: int) -> SchemaObject | None:
    """The operator of the main subgraph that gives a tensor."""
    for operator in graph.main.operators:
        if index in [int(each) for each in operator.outputs]:
            return operator
    return None


def count(number: int, noun: str) -> str:
    """A number with its noun: `1 input`, `2 inputs`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
