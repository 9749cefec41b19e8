"""Operators that many models define for themselves, known by name: what they are made of, proven by numbers.

A name proves nothing: a form is taken only if it gives what the operator itself gives for random tensors of the sizes
that the graph has. The forms: RMSNorm (Zhang and Sennrich 2019), layer normalization (Ba et al. 2016), GELU (Hendrycks
and Gimpel 2016), SiLU (Elfwing et al. 2017), rotary embedding (Su et al. 2021), each as PyTorch's functions of the name
or the models that use them compute it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .untyped import Tensor, TorchNode

    #: Computes from the tensors of a call, in order, and its numbers.
    Form = Callable[[list[Tensor], list[float]], Any]

_DRAWS = 3
#: How far a form may be from the operator, as a share of the largest value.
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class Known:
    """A form that computes what an operator does; it takes what the operator takes."""

    title: str
    body: Callable[..., Any]
    difference: float


def known_form(operator: Any, node: TorchNode) -> Known | None:  # noqa: ANN401  (an OpOverload)
    """The form of an operator that is known by its name, and gives the same numbers; None for any other."""
    name = re.sub(r"[^a-z]", "", operator._schema.name.rpartition("::")[2].lower())  # noqa: SLF001  (its only name)
    for title, pattern, forms in _KNOWN:
        if re.search(pattern, name):
            for form in forms():
                body = _with_signature(operator, form)
                difference = _largest_difference(operator, body, node)
                if difference is not None and difference <= _TOLERANCE:
                    return Known(title, body, difference)
    return None


def _with_signature(operator: Any, form: Form) -> Callable[..., Any]:  # noqa: ANN401
    """A function that takes what the operator takes, and hands it to a form."""
    import torch

    arguments = operator._schema.arguments  # noqa: SLF001

    def body(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        values = {one.name: one.default_value for one in arguments if one.has_default_value()}
        values |= dict(zip([one.name for one in arguments], given, strict=False)) | named
        ordered = [values[one.name] for one in arguments]
        tensors = [value for value in ordered if isinstance(value, torch.Tensor)]
        return form(tensors, [value for value in ordered if isinstance(value, float)])

    return body


def _largest_difference(operator: Any, body: Callable[..., Any], node: TorchNode) -> float | None:  # noqa: ANN401
    """How far a form is from the operator; None if it does not take these tensors, or gives others."""
    import torch
    from torch.fx import map_arg

    generator = torch.Generator().manual_seed(0)

    def drawn(each: TorchNode) -> object:
        value = each.meta["val"]
        return torch.randn(tuple(value.shape), generator=generator, dtype=value.dtype)

    largest = 0.0
    try:
        with torch.no_grad():
            for _ in range(_DRAWS):
                given, named = map_arg((node.args, node.kwargs), drawn)
                expected, found = _as_list(operator(*given, **named)), _as_list(body(*given, **named))
                for one, other in zip(expected, found, strict=True):
                    if one.shape != other.shape:
                        return None
                    scale = max(float(one.abs().max()), 1e-9)
                    largest = max(largest, float((one - other).abs().max()) / scale)
    except Exception as error:  # noqa: BLE001  (somebody's code, or a form for other tensors)
        print(f"{operator}: not this form: {type(error).__name__}: {error}")
        return None
    return largest if largest == largest else None  # noqa: PLR0124  (not a number is no answer)


def _as_list(value: Any) -> list[Tensor]:  # noqa: ANN401
    return list(value) if isinstance(value, (tuple, list)) else [value]


def _rms_norm() -> Iterator[Form]:
    def form(tensors: list[Tensor], numbers: list[float], added: float = 0.0) -> Tensor:
        x, *scale = tensors
        normal = x * (x.square().mean(-1, keepdim=True) + (numbers or [1e-6])[0]).rsqrt()
        return normal * (scale[0] + added) if scale else normal

    yield form
    yield lambda tensors, numbers: form(tensors, numbers, 1.0)  # as Gemma has it


def _layer_norm() -> Iterator[Form]:
    def form(tensors: list[Tensor], numbers: list[float]) -> Tensor:
        x, *parameters = tensors
        axes = tuple(range(-parameters[0].dim() if parameters else -1, 0))
        centred = x - x.mean(axes, keepdim=True)
        normal = centred * (centred.square().mean(axes, keepdim=True) + (numbers or [1e-5])[0]).rsqrt()
        for number, parameter in enumerate(parameters):
            normal = normal + parameter if number else normal * parameter
        return normal

    yield form


def _gelu() -> Iterator[Form]:
    from torch.nn.functional import gelu

    yield lambda tensors, _: gelu(*tensors)
    yield lambda tensors, _: gelu(*tensors, approximate="tanh")


def _silu() -> Iterator[Form]:
    def form(tensors: list[Tensor], numbers: list[float]) -> Tensor:
        (x,) = tensors
        return x * (x * numbers[0] if numbers else x).sigmoid()

    yield form


def _rope() -> Iterator[Form]:
    """Halves or pairs are turned; cosines and sines are given for all positions or for half of them, of any rank."""
    import torch

    def halves(x: Tensor) -> Tensor:
        first, second = x.chunk(2, -1)
        return torch.cat((-second, first), -1)

    def pairs(x: Tensor) -> Tensor:
        return torch.stack((-x[..., 1::2], x[..., ::2]), -1).flatten(-2)

    def turning(turn: Callable[[Tensor], Tensor], axis: int | None) -> Form:
        def spread(angles: Tensor, size: int) -> Tensor:
            if angles.shape[-1] * 2 == size:
                angles = torch.cat((angles, angles), -1) if turn is halves else angles.repeat_interleave(2, -1)
            return angles if axis is None else angles.unsqueeze(axis)

        def form(tensors: list[Tensor], _: list[float]) -> Any:  # noqa: ANN401
            *turned, cosines, sines = tensors
            made = [x * spread(cosines, x.shape[-1]) + turn(x) * spread(sines, x.shape[-1]) for x in turned]
            return made[0] if len(made) == 1 else tuple(made)

        return form

    yield from (turning(turn, axis) for turn in (halves, pairs) for axis in (None, 1, 2))


_KNOWN: tuple[tuple[str, str, Callable[[], Iterator[Form]]], ...] = (
    ("RMSNorm", "rmsnorm", _rms_norm),
    ("LayerNorm", "layernorm", _layer_norm),
    ("GELU", "gelu", _gelu),
    ("RoPE", "rope|rotary", _rope),
    ("SiLU", "silu|swish", _silu),
)
