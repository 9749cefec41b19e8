"""PyTorch models that tests build from: factories, good and broken. Run in a stage's own environment."""

import sys

import torch
from torch import nn


def conv(inner, outer, kernel, stride=1, groups=1, *, act=True):
    layers = [
        nn.Conv2d(inner, outer, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outer, momentum=None),
    ]
    return nn.Sequential(*layers, *([nn.ReLU6()] if act else []))


class Block(nn.Module):
    def __init__(self, inner, outer, stride, factor):
        super().__init__()
        hidden = inner * factor
        first = [conv(inner, hidden, 1)] if factor > 1 else []
        self.same = stride == 1 and inner == outer
        self.body = nn.Sequential(*first, conv(hidden, hidden, 3, stride, hidden), conv(hidden, outer, 1, act=False))

    def forward(self, x):
        y = self.body(x)
        return x + y if self.same else y


class MobileNet(nn.Module):
    """As MobileNetV2, of fewer and wider blocks: rounding to int8 adds up with depth where no weight is trained."""

    ROWS = (1, 16, 1, 1), (6, 24, 1, 2), (6, 64, 2, 2), (6, 320, 1, 2)

    def __init__(self):
        super().__init__()
        layers, inner = [conv(3, 32, 3, 2)], 32
        for factor, outer, count, stride in self.ROWS:
            for number in range(count):
                layers.append(Block(inner, outer, stride if number == 0 else 1, factor))
                inner = outer
        self.features = nn.Sequential(*layers, conv(320, 1280, 1))
        self.head = nn.Sequential(nn.Linear(1280, 512), nn.ReLU(), nn.Linear(512, 10))

    def forward(self, image):
        return self.head(self.features(image).mean((2, 3)))


def mobilenet():
    """Random weights; the statistics of a few random images, so that signals neither die nor grow."""
    torch.manual_seed(0)
    model = MobileNet().train()
    with torch.no_grad():
        model(nn.functional.interpolate(torch.rand(8, 3, 6, 6), size=96))
    return model


class Small(nn.Module):
    def __init__(self, channels=3):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(channels, 8, 3, padding=1), nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.head = nn.Linear(8, 4)

    def forward(self, image):
        return self.head(torch.relu(self.second(torch.relu(self.first(image)))).mean((2, 3)))


class Maps(Small):
    """Gives a map and a vector."""

    def forward(self, image):
        x = torch.relu(self.first(image))
        return self.second(x), x.mean((2, 3))


class TwoInputs(Small):
    def forward(self, image, number):
        return super().forward(image) * number


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


@torch.library.custom_op("envdoctor_tests::twice", mutates_args=())
def twice(x: torch.Tensor) -> torch.Tensor:
    return x * 2


@twice.register_fake
def _(x):
    return torch.empty_like(x)


class OwnOperator(Small):
    def forward(self, image):
        return super().forward(twice(image))


@torch.library.custom_op("envdoctor_tests::opaque", mutates_args=())
def opaque(x: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(x.numpy() * 2)


@opaque.register_fake
def _(x):
    return torch.empty_like(x)


class OpaqueOperator(Small):
    def forward(self, image):
        return super().forward(opaque(image))


def prints():
    sys.stdout.write("a word of the factory's\n")
    return Small()


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


def hangs():
    while True:
        pass
