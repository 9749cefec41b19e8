"""A small net with an operator of its own: RMSNorm, as torch.library.custom_op defines it."""

import torch
from torch import nn


@torch.library.custom_op("example::rms_norm", mutates_args=())
def rms_norm(x: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
    """Divide by the root of the mean square over the last axis, and scale."""
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + epsilon) * weight


@rms_norm.register_fake
def _(x: torch.Tensor, weight: torch.Tensor, epsilon: float) -> torch.Tensor:
    """Say what comes out, without computing it."""
    del weight, epsilon
    return torch.empty_like(x)


class Net(nn.Module):
    """Two dense layers with the operator between them."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Linear(16, 32), nn.Linear(32, 4)
        self.weight = nn.Parameter(torch.rand(32) + 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give four numbers for sixteen."""
        return self.second(rms_norm(self.first(x), self.weight, 1e-6))


def make_model() -> nn.Module:
    """The net, with random weights."""
    return Net()
