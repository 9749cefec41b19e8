"""LSTM, GRU and RNN of an ONNX model written step by step in standard operators.

onnx2torch has no form of them, and the LSTM that onnx2tf writes keeps its state from call to call. Their number of
steps must be fixed; what is not written here (sequence_lens, peepholes, clip, other activations, layout) stays.
The gates lie one behind the other: i o f c of an LSTM, z r h of a GRU.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .untyped import Array, OnnxModel, OnnxNode

WRITTEN = frozenset({"LSTM", "GRU", "RNN"})
_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
#: Attributes that change nothing that is written here, or are looked at; those of a model that stays are others.
_KNOWN = frozenset({"hidden_size", "direction", "linear_before_reset"})
_SEQUENCE_LENGTHS, _INITIAL, _INITIAL_CELL, _PEEPHOLES = 4, 5, 6, 7
#: From this opset on, a Split takes sizes as an input.
_SPLIT_BY_INPUT = 13
#: So many steps make a file that no converter ends with.
_MOST_STEPS = 256


def unroll(model: OnnxModel) -> int:
    """Write the recurrent layers of a model in steps, in place; how many there were."""
    import onnx

    opset = max((each.version for each in model.opset_import if not each.domain), default=0)
    if opset < _SPLIT_BY_INPUT or not {node.op_type for node in model.graph.node} & WRITTEN:
        return 0
    inferred = onnx.shape_inference.infer_shapes(model).graph
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*inferred.value_info, *inferred.input)
    }
    writer = _Writer(model.graph)
    nodes: list[Any] = []
    count = 0
    for node in model.graph.node:
        steps = _steps(node, shapes.get(node.input[0], [])) if node.op_type in WRITTEN else 0
        if steps and all(node.input[place] in writer.stored for place in (1, 2)):
            nodes += writer.write(node, steps, shapes[node.input[0]][1])
            count += 1
        else:
            nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(writer.made)
    return count


def _steps(node: OnnxNode, shape: Sequence[int]) -> int:
    """The number of steps of a layer that can be written here; 0 for any other."""
    optional = [node.input[place] for place in (_SEQUENCE_LENGTHS, _PEEPHOLES) if place < len(node.input)]
    unknown = {each.name for each in node.attribute} - _KNOWN
    plain = all(each.name not in unknown or _is_default(node, each) for each in node.attribute)
    fixed = len(shape) == 3 and all(shape)  # noqa: PLR2004  (steps, batch, numbers)
    return shape[0] if plain and fixed and not any(optional) and shape[0] <= _MOST_STEPS else 0


def _is_default(node: OnnxNode, attribute: Any) -> bool:  # noqa: ANN401  (onnx's own)
    if attribute.name == "activations":
        one = {"LSTM": ["sigmoid", "tanh", "tanh"], "GRU": ["sigmoid", "tanh"], "RNN": ["tanh"]}[node.op_type]
        given = [each.decode().lower() for each in attribute.strings]
        return given in (one, one * 2)
    return attribute.name in {"layout", "input_forget"} and attribute.i == 0


@dataclass(frozen=True)
class _Layer:
    """One direction of a layer: what it is, its recurrent weights and bias, sizes, and what goes before its names."""

    kind: str
    name: str
    weights: str
    bias: str
    added: Array
    hidden: int
    resets_before: bool


class _Writer:
    def __init__(self, graph: Any) -> None:  # noqa: ANN401  (onnx's own)
        import onnx

        self._onnx = onnx
        self.stored = {each.name: each for each in graph.initializer}
        self.made: list[Any] = []
        self._nodes: list[Any] = []
        self._count = 0

    def write(self, node: OnnxNode, steps: int, batch: int) -> list[OnnxNode]:
        """The operators of a layer."""
        self._nodes = []
        attributes = {each.name: each for each in node.attribute}
        direction = attributes["direction"].s.decode() if "direction" in attributes else "forward"
        before = "linear_before_reset" in attributes and attributes["linear_before_reset"].i == 1
        ways = ["forward", "reverse"] if direction == "bidirectional" else [direction]
        rows: list[tuple[list[str], str, str]] = []
        for place, way in enumerate(ways):
            layer, parts = self._layer(node, place, steps, batch, before=before)
            state, cell = (self._initial(node, where, place, batch) for where in (_INITIAL, _INITIAL_CELL))
            answers = [""] * steps
            for step in range(steps) if way == "forward" else reversed(range(steps)):
                state, cell = self._step(layer, parts[step], state, cell)
                answers[step] = state
            rows.append((answers, state, cell))
        self._outputs(node, rows, steps, batch)
        return self._nodes

    def _layer(self, node: OnnxNode, place: int, steps: int, batch: int, *, before: bool) -> tuple[_Layer, list[str]]:
        """A direction, and what the input adds to the gates at each step."""
        import numpy as np

        name, gates = f"{node.output[0] or node.output[1]}.{place}", _GATES[node.op_type]
        weights, again = self._stored(node.input[1])[place], self._stored(node.input[2])[place]
        hidden = again.shape[1]
        has_bias = len(node.input) > 3 and node.input[3]  # noqa: PLR2004
        bias = self._stored(node.input[3])[place] if has_bias else np.zeros(2 * gates * hidden, "float32")
        first, second = bias[: gates * hidden], bias[gates * hidden :]
        flat = self._operator("Reshape", [node.input[0], self._constant(np.array([steps * batch, -1]))])
        given = self._operator("Gemm", [flat, self._constant(weights), self._constant(first)], transB=1)
        sizes = self._constant(np.full(steps, batch))
        parts = self._operators("Split", [given, sizes], steps, axis=0) if steps > 1 else [given]
        resets_before = node.op_type == "GRU" and not before
        layer = _Layer(node.op_type, name, self._constant(again), self._constant(second), second, hidden, resets_before)
        return layer, parts

    def _initial(self, node: OnnxNode, where: int, place: int, batch: int) -> str:
        """A state to begin with, (batch, hidden); empty for zeros."""
        import numpy as np

        name = node.input[where] if where < len(node.input) else ""
        if not name or (name in self.stored and not self._stored(name).any()):
            return ""
        one = self._operator("Gather", [name, self._constant(np.array(place))], axis=0)
        return self._operator("Reshape", [one, self._constant(np.array([batch, -1]))])

    def _step(self, layer: _Layer, part: str, state: str, cell: str) -> tuple[str, str]:
        again = self._again(layer, state)
        if layer.kind == "RNN":
            return self._operator("Tanh", [self._operator("Add", [part, again])]), ""
        if layer.kind == "GRU":
            return self._gated(layer, part, again, state), ""
        opened, output, forgotten, new = self._parts(layer, self._operator("Add", [part, again]))
        opened, output, forgotten = (self._operator("Sigmoid", [each]) for each in (opened, output, forgotten))
        added = self._operator("Mul", [opened, self._operator("Tanh", [new])])
        kept = self._operator("Mul", [forgotten, cell]) if cell else ""
        cell = self._operator("Add", [kept, added]) if kept else added
        return self._operator("Mul", [output, self._operator("Tanh", [cell])]), cell

    def _again(self, layer: _Layer, state: str) -> str:
        """What the state adds to the gates."""
        if not state:
            return self._constant(layer.added[None])
        return self._operator("Gemm", [state, layer.weights, layer.bias], transB=1)

    def _gated(self, layer: _Layer, part: str, again: str, state: str) -> str:
        """A step of a GRU: (1 - z) * new + z * state, as new + z * (state - new)."""
        rows = layer.added.reshape(3, 1, -1)
        ours, theirs = self._parts(layer, part), self._parts(layer, again) if state else list(map(self._constant, rows))
        update, reset = (
            self._operator("Sigmoid", [self._operator("Add", [ours[gate], theirs[gate]])]) for gate in (0, 1)
        )
        if layer.resets_before and state:
            kept = self._operator("Mul", [reset, state])
            weights = self._stored_made(layer.weights)[2 * layer.hidden :]
            bias = layer.added[2 * layer.hidden :]
            adds = self._operator("Gemm", [kept, self._constant(weights), self._constant(bias)], transB=1)
        elif layer.resets_before:
            adds = theirs[2]
        else:
            adds = self._operator("Mul", [reset, theirs[2]])
        new = self._operator("Tanh", [self._operator("Add", [ours[2], adds])])
        far = self._operator("Sub", [state, new]) if state else ""
        if not far:
            return self._operator("Sub", [new, self._operator("Mul", [update, new])])
        return self._operator("Add", [new, self._operator("Mul", [update, far])])

    def _parts(self, layer: _Layer, gates: str) -> list[str]:
        import numpy as np

        count = _GATES[layer.kind]
        return self._operators("Split", [gates, self._constant(np.full(count, layer.hidden))], count, axis=-1)

    def _outputs(self, node: OnnxNode, rows: list[tuple[list[str], str, str]], steps: int, batch: int) -> None:
        """All states (steps, directions, batch, hidden), and the last of each direction."""
        import numpy as np

        names = [*node.output, "", "", ""][:3]
        if names[0]:
            shape = self._constant(np.array([steps, 1, batch, -1]))
            self._together([self._joined(answers, 0) for answers, _, _ in rows], shape, names[0], 1)
        last = self._constant(np.array([1, batch, -1]))
        states = [state for _, state, _ in rows], [cell for _, _, cell in rows]
        for name, ended in zip(names[1:], states, strict=True):
            if name:
                self._together(ended, last, name, 0)

    def _together(self, ways: list[str], shape: str, output: str, axis: int) -> None:
        """Give the directions a shape, one behind the other along an axis."""
        if len(ways) == 1:
            self._operator("Reshape", [ways[0], shape], output)
            return
        self._operator("Concat", [self._operator("Reshape", [each, shape]) for each in ways], output, axis=axis)

    def _joined(self, names: list[str], axis: int) -> str:
        return self._operator("Concat", names, axis=axis) if len(names) > 1 else names[0]

    def _operator(self, kind: str, inputs: Sequence[str], output: str = "", **attributes: int) -> str:
        return self._operators(kind, inputs, 1, output, **attributes)[0]

    def _operators(
        self, kind: str, inputs: Sequence[str], count: int, output: str = "", **attributes: int
    ) -> list[str]:
        self._count += 1
        outputs = [output] if output else [f"envdoctor.{kind}.{self._count}.{number}" for number in range(count)]
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), outputs, **attributes))
        return outputs

    def _constant(self, value: Array) -> str:
        name = f"envdoctor.constant.{len(self.made)}"
        kept = value.astype("int64") if value.dtype.kind in "iu" else value.astype("float32")
        self.made.append(self._onnx.numpy_helper.from_array(kept.copy(), name))
        return name

    def _stored(self, name: str) -> Array:
        array: Array = self._onnx.numpy_helper.to_array(self.stored[name])
        return array

    def _stored_made(self, name: str) -> Array:
        array: Array = self._onnx.numpy_helper.to_array(self.made[int(name.rpartition(".")[2])])
        return array
