"""A .tflite file as objects that can be changed and written again, with the schema classes of LiteRT or TensorFlow.

What is written is as old readers want it: constants inside the flatbuffer (aligned as the schema demands, to 16 bytes),
operator codes in both the old and the new field.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import ModuleType

    from .untyped import Array, SchemaObject

_IDENTIFIER = b"TFL3"
#: What `deprecated_builtin_code` holds for a code that does not fit into it.
_PLACEHOLDER = 127
_ALIGNMENT = 16
#: A flatbuffer's offsets are 32 bits, signed in parts.
_LARGEST = (1 << 31) - 1
DEFAULT_SIGNATURE = "serving_default"
#: The fields of an operator that name tensors.
_REFERENCES = ("inputs", "outputs", "intermediates")


def schema() -> ModuleType:
    """The generated schema classes, of LiteRT or of TensorFlow, whichever is there."""
    try:
        from ai_edge_litert import schema_py_generated
    except ImportError:
        from tensorflow.lite.python import schema_py_generated

    module: ModuleType = schema_py_generated
    return module


def enum_name(enum: type, number: int) -> str:
    """The name that a generated enumeration has for a number."""
    return next((name for name, value in vars(enum).items() if value == number and name.isupper()), str(number))


class Graph:
    """A model that can be changed.

    Attributes:
        model: the generated `ModelT`, with every constant inside and every operator code in both fields.
    """

    def __init__(self, data: bytes) -> None:
        self.model = schema().ModelT.InitFromObj(schema().Model.GetRootAsModel(data, 0))
        self.moved_inside = _move_inside(self.model, data)
        self.renumbered = _number_both_ways(self.model)

    @property
    def main(self) -> SchemaObject:
        """The subgraph that an interpreter runs."""
        return self.model.subgraphs[0]

    def operator_name(self, operator: SchemaObject) -> str:
        """The builtin's name of an operator, `CUSTOM` for a custom one."""
        return enum_name(schema().BuiltinOperator, self.model.operatorCodes[operator.opcodeIndex].builtinCode)

    def dtype(self, index: int) -> str:
        """The element type of a tensor of the main subgraph."""
        return enum_name(schema().TensorType, self.main.tensors[index].type)

    def is_constant(self, index: int) -> bool:
        """True if the file holds the tensor's value."""
        data = self.model.buffers[self.main.tensors[index].buffer].data
        return data is not None and len(data) > 0

    def make_constant(self, index: int, value: Array) -> None:
        """Give a tensor of the main subgraph a value, in a buffer of its own; its element type must fit already."""
        import numpy as np

        buffer = schema().BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(value).tobytes(), dtype=np.uint8)
        tensor = self.main.tensors[index]
        tensor.buffer = len(self.model.buffers)
        tensor.shape = list(value.shape)
        tensor.sparsity = None
        self.model.buffers.append(buffer)

    def constant(self, index: int) -> Array:
        """The value of a constant tensor of the main subgraph (float32, int32 or int8)."""
        import numpy as np

        tensor = self.main.tensors[index]
        data = np.frombuffer(bytes(self.model.buffers[tensor.buffer].data), dtype=self.dtype(index).lower())
        return data.reshape(self.shape(index))

    def real_numbers(self, index: int) -> Array:
        """What a quantized constant of the main subgraph stands for."""
        import numpy as np

        tensor = self.main.tensors[index]
        stored = self.constant(index).astype(np.float32)
        axes = [1] * stored.ndim
        scales = np.asarray(tensor.quantization.scale, dtype=np.float32)
        if len(scales) > 1:
            axes[tensor.quantization.quantizedDimension] = len(scales)
        points = np.zeros(len(scales)) if tensor.quantization.zeroPoint is None else tensor.quantization.zeroPoint
        return (stored - np.asarray(points, dtype=np.float32).reshape(axes)) * scales.reshape(axes)

    def shape(self, index: int) -> tuple[int, ...]:
        """The shape of a tensor of the main subgraph."""
        return tuple(_listed(self.main.tensors[index].shape))

    def set_shape(self, index: int, shape: Iterable[int]) -> None:
        """Give a tensor of the main subgraph a shape."""
        self.main.tensors[index].shape = [int(size) for size in shape]

    def add_constant(self, name: str, value: Array) -> int:
        """Add a tensor with a value (float32 or int32) to the main subgraph; returns its index."""
        index = self._add_tensor(name, getattr(schema().TensorType, str(value.dtype).upper()))
        self.make_constant(index, value)
        return index

    def add_tensor_like(self, index: int, name: str) -> int:
        """Add a tensor of the type, shape and quantization of another; returns its index."""
        other = self.main.tensors[index]
        added = self._add_tensor(name, other.type)
        self.main.tensors[added].quantization = other.quantization
        self.set_shape(added, self.shape(index))
        return added

    def _add_tensor(self, name: str, kind: int) -> int:
        """Names are made unique: the quantizer knows tensors by name."""
        tensor = schema().TensorT()
        tensor.name = f"{name}_{len(self.main.tensors)}".encode()
        tensor.type, tensor.hasRank, tensor.buffer = kind, True, 0
        self.main.tensors.append(tensor)
        return len(self.main.tensors) - 1

    def new_operator(
        self, builtin: str, inputs: list[int], outputs: list[int], options: SchemaObject | None
    ) -> SchemaObject:
        """An operator of version 1 that is not in the graph yet; `options` tells the type of its options."""
        operator = schema().OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = self.operator_code(builtin), inputs, outputs
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType = getattr(schema().BuiltinOptions, kind)
            operator.builtinOptions = options
        return operator

    def new_reshape(self, source: int, target: int) -> SchemaObject:
        """A RESHAPE from a tensor to another, each with the shape that it has."""
        import numpy as np

        shape = self.shape(target)
        if math.prod(shape) != math.prod(self.shape(source)):
            raise ValueError(f"{self.shape(source)} can't be reshaped to {shape}")
        options = schema().ReshapeOptionsT()
        options.newShape = list(shape)
        sizes = self.add_constant("shape", np.array(shape, np.int32))
        return self.new_operator("RESHAPE", [source, sizes], [target], options)

    def operator_code(self, builtin: str, version: int = 1) -> int:
        """The index of an operator code, added if it is not there."""
        number = getattr(schema().BuiltinOperator, builtin)
        for index, code in enumerate(self.model.operatorCodes):
            if code.builtinCode == number and code.version == version:
                return index
        code = schema().OperatorCodeT()
        code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, _PLACEHOLDER), version
        self.model.operatorCodes.append(code)
        return len(self.model.operatorCodes) - 1

    def ensure_signature(self) -> str:
        """The key of the main subgraph's signature, which is added if there is none."""
        for signature in self.model.signatureDefs or []:
            if signature.subgraphIndex == 0:
                return str(signature.signatureKey.decode())
        signature = schema().SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = DEFAULT_SIGNATURE.encode(), 0
        signature.inputs = self._named(self.main.inputs)
        signature.outputs = self._named(self.main.outputs)
        self.model.signatureDefs = [*(self.model.signatureDefs or []), signature]
        return DEFAULT_SIGNATURE

    def arguments(self) -> Iterator[SchemaObject]:
        """The inputs and outputs of the main subgraph's signatures, which name its tensors too."""
        for signature in self.model.signatureDefs or []:
            if signature.subgraphIndex == 0:
                yield from (*signature.inputs, *signature.outputs)

    def _named(self, indexes: list[int]) -> list[SchemaObject]:
        arguments, taken = [], set[str]()
        for index in indexes:
            name = (self.main.tensors[index].name or b"").decode() or f"tensor_{index}"
            name = name if name not in taken else f"{name}_{index}"
            taken.add(name)
            argument = schema().TensorMapT()
            argument.name, argument.tensorIndex = name.encode(), int(index)
            arguments.append(argument)
        return arguments

    def pack(self) -> bytes:
        """The file's bytes.

        Raises:
            Problem: it would pass two gigabytes.
        """
        size = sum(len(buffer.data) for buffer in self.model.buffers if buffer.data is not None)
        if size > _LARGEST:
            raise Problem("model-too-large", f"the model's weights take {size} bytes; a .tflite file ends at 2 GiB.")
        builder = _builder(size)
        builder.Finish(self.model.Pack(builder), _IDENTIFIER)
        return bytes(builder.Output())


def used_tensors(graph: Graph) -> set[int]:
    """The tensors of the main subgraph that anything refers to."""
    used = {int(index) for index in (*graph.main.inputs, *graph.main.outputs)}
    for operator in graph.main.operators:
        used |= {int(index) for index in _references(operator)}
    return used - {-1}


def prune(graph: Graph) -> None:
    """Drop tensors, constants and operator codes that nothing refers to: a quantizer or a reader would count them."""
    keep = sorted(used_tensors(graph))
    _renumber(graph, {old: new for new, old in enumerate(keep)} | {-1: -1})
    graph.main.tensors = [graph.main.tensors[index] for index in keep]
    referenced = {tensor.buffer for subgraph in graph.model.subgraphs for tensor in subgraph.tensors} | {0}
    referenced |= {entry.buffer for entry in graph.model.metadata or []} | set(_listed(graph.model.metadataBuffer))
    for index, buffer in enumerate(graph.model.buffers):
        if index not in referenced:
            buffer.data = None
    drop_unused_codes(graph.model)


def drop_unused_codes(model: SchemaObject) -> None:
    """An interpreter looks every code up, and refuses a file for one that it doesn't know."""
    operators = [operator for subgraph in model.subgraphs for operator in subgraph.operators]
    used = sorted({int(operator.opcodeIndex) for operator in operators})
    for operator in operators:
        operator.opcodeIndex = used.index(int(operator.opcodeIndex))
    model.operatorCodes = [model.operatorCodes[index] for index in used]


def _renumber(graph: Graph, number: Mapping[int, int]) -> None:
    main = graph.main
    main.inputs = [number[int(index)] for index in main.inputs]
    main.outputs = [number[int(index)] for index in main.outputs]
    for operator in main.operators:
        for field in _REFERENCES:
            if getattr(operator, field) is not None:
                setattr(operator, field, [number[index] for index in _listed(getattr(operator, field))])
    for argument in graph.arguments():
        argument.tensorIndex = number[argument.tensorIndex]


def _references(operator: SchemaObject) -> Iterator[int]:
    for field in _REFERENCES:
        yield from _listed(getattr(operator, field))


def _listed(values: Iterable[int] | None) -> list[int]:
    return [] if values is None else [int(value) for value in values]


def _move_inside(model: SchemaObject, data: bytes) -> int:
    """Take constants that lie behind the flatbuffer into it.

    litert-quantizer 0.11.0 writes them there from 256 KiB on; TensorFlow Lite before 2.14 does not look there, and
    packing the objects again without this would drop them.

    Returns:
        How many were moved.
    """
    import numpy as np

    moved = 0
    for buffer in model.buffers:
        if buffer.offset > 1:
            buffer.data = np.frombuffer(_slice(data, buffer.offset, buffer.size), dtype=np.uint8)
            moved += 1
        buffer.offset = buffer.size = 0
    for subgraph in model.subgraphs:
        for operator in subgraph.operators:
            if operator.largeCustomOptionsOffset > 1:
                options = _slice(data, operator.largeCustomOptionsOffset, operator.largeCustomOptionsSize)
                operator.customOptions = np.frombuffer(options, dtype=np.uint8)
                moved += 1
            operator.largeCustomOptionsOffset = operator.largeCustomOptionsSize = 0
    return moved


def _slice(data: bytes, offset: int, size: int) -> bytes:
    if offset + size > len(data):
        raise Problem(
            "file-truncated", f"the .tflite file ends before its constants: {len(data)} of {offset + size} bytes."
        )
    return data[offset : offset + size]


def _number_both_ways(model: SchemaObject) -> int:
    """Write each operator's number into both fields; files of before 2020 have the old one only.

    Returns:
        How many had the old one only.
    """
    changed = 0
    for code in model.operatorCodes:
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        changed += code.builtinCode != number
        code.builtinCode, code.deprecatedBuiltinCode = number, min(number, _PLACEHOLDER)
    return changed


def _builder(size: int) -> SchemaObject:
    import flatbuffers

    class AlignedBuilder(flatbuffers.Builder):  # type: ignore[misc]  # (its base is not there to be checked)
        """Honours the schema's `force_align: 16` of byte vectors, which generated Python code forgets."""

        def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:  # noqa: N802, N803  (the base's)
            aligned = _ALIGNMENT if elemSize == 1 else alignment
            start: int = super().StartVector(elemSize, numElems, max(aligned, alignment))
            return start

    return AlignedBuilder(size + (1 << 16))
