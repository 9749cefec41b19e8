"""How much work an operator is, in multiply-adds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from envdoctor.tflite.model import Operator, Subgraph, Tensor


def multiply_adds(subgraph: Subgraph, operator: Operator) -> int:
    """The multiply-adds of one run of an operator, by its shapes; 0 for one that has none or whose shapes don't fit.

    Counted are convolutions, dense layers, matrix products and LSTM cells, one for each weight used, biases left out.
    """
    count = _COUNTS.get(operator.name)
    if count is None:
        return 0
    tensors = [subgraph.input(operator, position) for position in range(len(operator.inputs))]
    output = next(iter(subgraph.given(operator)), None)
    return max(0, count(tensors, output)) if output is not None else 0


def _shape(tensors: list[Tensor | None], position: int) -> tuple[int, ...]:
    tensor = tensors[position] if position < len(tensors) else None
    return tensor.shape if tensor is not None else ()


def _convolution(tensors: list[Tensor | None], output: Tensor) -> int:
    """Filter [output channels, height, width (, depth), input channels of a group]."""
    return output.elements * math.prod(_shape(tensors, 1)[1:])


def _depthwise(tensors: list[Tensor | None], output: Tensor) -> int:
    """Filter [1, height, width, channels]."""
    return output.elements * math.prod(_shape(tensors, 1)[1:3])


def _transposed(tensors: list[Tensor | None], _: Tensor) -> int:
    """Inputs: output shape, filter [output channels, height, width, input channels], activation."""
    return math.prod(_shape(tensors, 2)) * math.prod(_shape(tensors, 1)[:3])


def _convolution_3d(tensors: list[Tensor | None], output: Tensor) -> int:
    """Filter [depth, height, width, input channels, output channels]."""
    return output.elements * math.prod(_shape(tensors, 1)[:4])


def _dense(tensors: list[Tensor | None], output: Tensor) -> int:
    """Weights [units, inputs]."""
    weights = _shape(tensors, 1)
    return output.elements * weights[-1] if weights else 0


def _product(tensors: list[Tensor | None], output: Tensor) -> int:
    """The left operand holds one row, or column if transposed, for each row of the output."""
    rows = math.prod(output.shape[:-1])
    return output.elements * (math.prod(_shape(tensors, 0)) // rows) if rows else 0


def _lstm(tensors: list[Tensor | None], output: Tensor) -> int:
    """Matrices among the inputs are weights, each used once a step; steps are all but the innermost of the output."""
    weights = sum(
        tensor.elements for tensor in tensors if tensor is not None and tensor.constant and _is_matrix(tensor)
    )
    return weights * math.prod(output.shape[:-1])


def _is_matrix(tensor: Tensor) -> bool:
    return len([size for size in tensor.shape if size > 1]) > 1


_COUNTS: dict[str, Callable[[list[Tensor | None], Tensor], int]] = {
    "BATCH_MATMUL": _product,
    "CONV_2D": _convolution,
    "CONV_3D": _convolution_3d,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _dense,
    "TRANSPOSE_CONV": _transposed,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm,
}
