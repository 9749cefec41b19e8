"""Operators of a model's own whose bodies nobody can trace, and models that call them; see torch_models.py."""

import torch
from torch import nn


def opaque_operator(name, *given, **numbers):
    """An operator whose body nobody can trace."""

    def decorate(function):
        def body(*tensors: torch.Tensor) -> torch.Tensor:
            return torch.from_numpy(function(*(each.detach() for each in tensors)).numpy().copy())

        names = ", ".join(f"Tensor {one}" for one in given)
        made = torch.library.custom_op(f"envdoctor_tests::{name}", body, mutates_args=(), schema=f"({names}) -> Tensor")
        made.register_fake(lambda x, *rest: torch.empty_like(x))
        return made

    return decorate


@opaque_operator("my_rms_norm", "x", "weight")
def rms_norm(x, weight):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * weight


@opaque_operator("LayerNorm", "x", "weight", "bias")
def layer_norm(x, weight, bias):
    return nn.functional.layer_norm(x, weight.shape, weight, bias)


@opaque_operator("fast_gelu", "x")
def fast_gelu(x):
    return nn.functional.gelu(x, approximate="tanh")


@opaque_operator("silu", "x")
def silu(x):
    return nn.functional.silu(x)


@opaque_operator("apply_rope", "x", "cos", "sin")
def rope(x, cos, sin):
    first, second = x[..., ::2], x[..., 1::2]
    return torch.stack((first * cos - second * sin, first * sin + second * cos), -1).flatten(-2)


@opaque_operator("swish", "x")
def no_swish(x):
    return x * 3


class KnownOperators(nn.Module):
    """Calls operators that are known by name."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.weight, self.bias = nn.Parameter(torch.rand(16)), nn.Parameter(torch.rand(16))
        angles = torch.rand(8, 8)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, x):
        x = layer_norm(rms_norm(x, self.weight), self.weight, self.bias)
        return silu(fast_gelu(rope(x, self.cos, self.sin)))


class FalseName(nn.Module):
    def forward(self, x):
        return no_swish(x)
