"""A function of JAX as a PyTorch module: one operator, which litert-torch lowers through its bridge to JAX."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .arrays import InputSpec
    from .untyped import TorchModule

NAMESPACE = "envdoctor_jax"


def is_jax(given: object) -> bool:
    """True for a function, or a function and its parameters, in a process whose user's code imported JAX."""
    pair = isinstance(given, tuple) and len(given) == 2  # noqa: PLR2004
    function = given[0] if isinstance(given, tuple) and pair else given
    return "jax" in sys.modules and callable(function) and not isinstance(function, type)


def as_module(given: Any, inputs: Sequence[InputSpec]) -> TorchModule:  # noqa: ANN401
    """The module that computes the function: `f(x, ...)`, or `f(params, x, ...)` of a pair.

    Raises:
        Problem: it gives no arrays.
    """
    import jax
    import numpy as np
    import torch

    function = _flat(given)
    computed = jax.jit(function)
    shapes = [jax.ShapeDtypeStruct(spec.shape, np.dtype(spec.dtype)) for spec in inputs]
    outcomes = jax.eval_shape(function, *shapes)
    if not outcomes:
        raise Problem("torch-model-refused", "the JAX function gives no array.")
    names = ", ".join(f"Tensor x{number}" for number in range(len(inputs)))
    schema = f"({names}) -> ({', '.join(['Tensor'] * len(outcomes))})"

    def body(*tensors: Any) -> Any:  # noqa: ANN401
        return _one_or_all([torch.from_numpy(np.array(each)) for each in computed(*(x.numpy() for x in tensors))])

    def fake(*_: Any) -> Any:  # noqa: ANN401
        return _one_or_all([torch.empty(each.shape, dtype=getattr(torch, each.dtype.name)) for each in outcomes])

    operator = torch.library.custom_op(f"{NAMESPACE}::function", body, mutates_args=(), schema=schema)
    operator.register_fake(fake)
    _register(lambda *arrays: _one_or_all(function(*arrays)))

    class Function(torch.nn.Module):  # type: ignore[misc]  # of a package that is not looked at
        def forward(self, *tensors: Any) -> Any:  # noqa: ANN401
            return operator(*tensors)

    return Function().eval()


def _flat(given: Any) -> Callable[..., tuple[Any, ...]]:  # noqa: ANN401
    """The function with its parameters filled in, its outputs in a row; what is double is single in a .tflite file."""
    import jax

    function, parameters = given if isinstance(given, tuple) else (given, None)

    def flat(*arrays: Any) -> tuple[Any, ...]:  # noqa: ANN401
        with jax.enable_x64(False):  # noqa: FBT003  (the bridge turns it on for all; JAX itself begins without)
            result = function(*arrays) if parameters is None else function(parameters, *arrays)
        leaves = jax.tree_util.tree_leaves(result)
        return tuple(each.astype("float32") if each.dtype == "float64" else each for each in leaves)

    return flat


def _register(function: Callable[..., Any]) -> None:
    import torch
    from litert_torch.backend import jax_bridge, lowerings

    lowerings.lower(getattr(torch.ops, NAMESPACE).function.default)(jax_bridge.wrap(function))


def _one_or_all(values: Sequence[Any]) -> Any:  # noqa: ANN401
    return values[0] if len(values) == 1 else tuple(values)
