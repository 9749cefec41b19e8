"""What a .tflite file says, as values. `reader` makes them from a file, tests make them by hand."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    OptionValue: TypeAlias = int | float | bool | str | bytes | tuple[float, ...] | None


class Location(enum.Enum):
    """Where the bytes of a constant are kept."""

    INSIDE = "inside the flatbuffer"
    AFTER = "after the flatbuffer"
    ELSEWHERE = "in another file"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Content:
    """The bytes of a constant: a part of `source`, read when asked for."""

    source: bytes | memoryview = field(repr=False)
    start: int = 0
    size: int
    location: Location = Location.INSIDE

    def view(self) -> memoryview:
        """The bytes, not copied.

        Raises:
            Unreadable: they are kept in another file, or the file ends before them.
        """
        if self.location is Location.ELSEWHERE:
            raise Unreadable("the constant is kept in another file than the model")
        if self.start + self.size > len(self.source):
            raise Unreadable(f"a constant of {self.size} bytes at {self.start} runs over the end, {len(self.source)}")
        return memoryview(self.source)[self.start : self.start + self.size]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quantization:
    """real = scale * (stored - zero_point), with one scale for the tensor or one for each slice of a dimension."""

    scales: Sequence[float]
    zero_points: Sequence[float]
    quantized_dimension: int = 0
    blockwise: bool = False

    @property
    def per_channel(self) -> bool:
        """More than one scale."""
        return len(self.scales) > 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tensor:
    """One tensor of a subgraph.

    `shape` is what the interpreter allocates; `shape_signature`, where present, holds -1 for what may be resized.
    `dtype` is the name of the schema's TensorType.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    shape_signature: tuple[int, ...] | None = None
    dtype: str
    quantization: Quantization | None = None
    content: Content | None = None
    is_variable: bool = False
    sparse: bool = False

    @property
    def constant(self) -> bool:
        """The file holds its value."""
        return self.content is not None

    @property
    def per_channel(self) -> bool:
        """It has one scale for each slice of a dimension."""
        return self.quantization is not None and self.quantization.per_channel

    @property
    def elements(self) -> int:
        """How many numbers it holds, by `shape`."""
        count = 1
        for size in self.shape:
            count *= size
        return count

    def data(self) -> memoryview:
        """The bytes of a constant, in the file's order (little-endian), not copied.

        Raises:
            Unreadable: it is no constant, or its bytes are not there.
        """
        if self.content is None:
            raise Unreadable(f"tensor {self.index} ({self.name}) is no constant")
        return self.content.view()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operator:
    """One operator, in execution order. In `inputs`, -1 stands for an optional input that is absent."""

    index: int
    name: str
    custom_code: str | None = None
    version: int = 1
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    custom_options: Content | None = None

    @property
    def label(self) -> str:
        """Its name, with the custom code where it has one."""
        return f"{self.name} {self.custom_code}" if self.custom_code else self.name

    def integer(self, option: str, default: int = 0) -> int:
        """An integer option; `default` where the operator's options don't have it, as in an interpreter."""
        value = self.options.get(option)
        return value if isinstance(value, int) else default

    def flag(self, option: str) -> bool:
        """A truth value among the options; false where the operator's options don't have it."""
        return self.options.get(option) is True

    def word(self, option: str, default: str = "NONE") -> str:
        """A string, or an enumeration's name such as `RELU6`; `default` where the operator's options don't have it."""
        value = self.options.get(option)
        return value if isinstance(value, str) else default

    @property
    def activation(self) -> str:
        """The name of its fused activation, `NONE` where it has none."""
        return self.word("fused_activation_function")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subgraph:
    """A graph: tensors, operators in execution order, and which tensors go in and come out."""

    index: int
    name: str
    tensors: tuple[Tensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[Operator, ...]

    def taken(self, operator: Operator) -> tuple[Tensor, ...]:
        """The tensors that an operator reads, without the absent ones."""
        return tuple(self.tensors[index] for index in operator.inputs if index >= 0)

    def input(self, operator: Operator, position: int) -> Tensor | None:
        """One input of an operator; None where it is absent."""
        if position >= len(operator.inputs) or operator.inputs[position] < 0:
            return None
        return self.tensors[operator.inputs[position]]

    def given(self, operator: Operator) -> tuple[Tensor, ...]:
        """The tensors that an operator writes."""
        return tuple(self.tensors[index] for index in operator.outputs if index >= 0)

    def producers(self) -> dict[int, Operator]:
        """For each tensor that an operator writes, that operator."""
        return {tensor: operator for operator in self.operators for tensor in operator.outputs}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A named entry point: argument name -> tensor index in a subgraph."""

    key: str
    subgraph: int
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OperatorCode:
    """An entry of the model's operator table: what is used, and in which version."""

    name: str
    custom_code: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """A .tflite file.

    `external_buffers`: constants lie outside the flatbuffer, where readers before TensorFlow Lite 2.14 don't look.
    `deprecated_codes_only`: operators are numbered as before 2020, which today's quantizers overlook.
    """

    name: str
    version: int
    description: str
    operator_codes: tuple[OperatorCode, ...]
    subgraphs: tuple[Subgraph, ...]
    signatures: tuple[Signature, ...] = ()
    metadata: Mapping[str, Content] = field(default_factory=dict)
    external_buffers: bool = False
    deprecated_codes_only: bool = False

    @property
    def main(self) -> Subgraph:
        """The subgraph that an interpreter runs, the first."""
        return self.subgraphs[0]
