"""PyTorch factories that must fail, each in a way of its own; see torch_models.py."""

import os
import sys

import torch
from torch import nn

from torch_models import Small


class Dropping(Small):
    def forward(self, image):
        return super().forward(nn.functional.dropout(image, 0.01))


class SwallowedBranch(Small):
    def forward(self, image):
        try:
            return super().forward(image) * 3 if image.min() < 0.2 else super().forward(image)
        except RuntimeError:
            return super().forward(image)


class OtherInExport(Small):
    def forward(self, image):
        x = super().forward(image)
        return (x, x + 1) if torch.compiler.is_exporting() else x


class Branch(Small):
    def forward(self, image):
        return super().forward(image) if image.sum() > 0 else super().forward(-image)


class Condition(Small):
    def forward(self, image):
        return super().forward(torch.cond(image.sum() > 0, lambda x: x * 2, lambda x: x - 1, (image,)))


class Mask(Small):
    def forward(self, image):
        return image[image > 0.5].sum() + super().forward(image)


class Noise(Small):
    def forward(self, image):
        return super().forward(image + torch.randn_like(image))


@torch.library.custom_op("envdoctor_tests::opaque", mutates_args=())
def opaque(x: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(x.numpy() * 2)


@opaque.register_fake
def _(x):
    return torch.empty_like(x)


class OpaqueOperator(Small):
    def forward(self, image):
        return super().forward(opaque(image))


def raises():
    raise ValueError("no weights here")


def leaves():
    sys.exit(3)


def nothing():
    pass


def weights():
    return Small().state_dict()


def scripted():
    return torch.jit.script(Small())


def imports():
    import a_package_that_nobody_has

    return a_package_that_nobody_has


def halved():
    return Small().half()


def doubled():
    return Small().double()


def quantized():
    return torch.ao.quantization.quantize_dynamic(nn.Sequential(Small()).eval(), {nn.Linear}, dtype=torch.qint8)


def holds_scripted():
    return nn.Sequential(torch.jit.script(Small()))


def disappears():
    os._exit(7)


def hangs():
    while True:
        pass
