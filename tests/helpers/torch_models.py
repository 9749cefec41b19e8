"""PyTorch models that tests build from: factories that work. Run in a stage's own environment."""

import dataclasses
import sys

import torch
from torch import nn

from torch_operators import FalseName, KnownOperators  # noqa: F401  (factories, as all here)


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
    """MobileNetV2 in full: 17 blocks, 3.5 million parameters."""

    ROWS = (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)

    def __init__(self):
        super().__init__()
        layers, inner = [conv(3, 32, 3, 2)], 32
        for factor, outer, count, stride in self.ROWS:
            for number in range(count):
                layers.append(Block(inner, outer, stride if number == 0 else 1, factor))
                inner = outer
        self.features = nn.Sequential(*layers, conv(320, 1280, 1))
        self.head = nn.Linear(1280, 1000)

    def forward(self, image):
        return self.head(self.features(image).mean((2, 3)))


def textures(count, size=96):
    """Images with detail of every size, as photographs have."""
    image = torch.zeros(count, 3, size, size)
    for patches in (3, 6, 12, 24, 48, 96):
        image = image + nn.functional.interpolate(torch.rand(count, 3, patches, patches), size=size)
    return image / 6


def mobilenet():
    """Random weights, with statistics of images, and blocks that add little to what passes by them.

    So much of training has to be stood in for: with blocks of full weight the float model itself turns a change of its
    input by half a step of 1/255 into one of its output that is larger than int8 may make (docs/guide-pytorch.md).
    """
    torch.manual_seed(0)
    model = MobileNet()
    for block in model.features:
        if isinstance(block, Block) and block.same:
            nn.init.constant_(block.body[-1][1].weight, 0.1)
    with torch.no_grad():
        model.train()(textures(16))
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


@dataclasses.dataclass
class Answer:
    classes: torch.Tensor
    maps: torch.Tensor | None = None


class Structured(Small):
    """Gives tensors in a dataclass inside a dict, one of them twice, beside what is no tensor."""

    def forward(self, image):
        x = torch.relu(self.first(image))
        return {"z": Answer(x.mean((2, 3)), x), "a": (None, 3, [x])}


class ByName(Small):
    def forward(self, image, scale=None, *, offset):
        return (super().forward(image) if scale is None else super().forward(image) * scale) - offset


class OverItsInput(Small):
    def forward(self, image):
        return super().forward(image.mul_(2).sub_(1))


class Decoder(Small):
    """Transposed convolutions as decoders have them, and such as reach beyond the last input."""

    def __init__(self):
        super().__init__()
        self.up = nn.ConvTranspose2d(8, 8, 3, stride=2, padding=1, output_padding=1)
        self.more = nn.ConvTranspose2d(8, 4, 3, stride=3, padding=1, output_padding=2, groups=2)
        self.last = nn.ConvTranspose2d(4, 2, (3, 4), stride=(2, 1), padding=(1, 0), output_padding=(1, 0), bias=False)

    def forward(self, image):
        return self.last(self.more(self.up(torch.relu(self.first(image)))))


class Head(Small):
    """Squares over five axes, as detectors scale their boxes."""

    def forward(self, image):
        x = torch.relu(self.first(image)).view(1, 2, 4, 16, 16).permute(0, 1, 3, 4, 2)
        return ((x.sigmoid() * 2) ** 2).reshape(1, -1, 4)


class Graph(Small):
    """What comes along edges is added up at their ends, by rows and element by element."""

    ENDS = (1, 2, 1, 0)

    def forward(self, image):
        x = torch.relu(self.first(image)).flatten(2)[:, :, :4]
        ends = torch.tensor(self.ENDS)
        y = torch.zeros(1, 8, 3).index_add(2, ends, x)
        return y + torch.zeros(1, 8, 3).scatter_add(-1, ends.expand(1, 8, 4), x * 0.5)


class Patches(Small):
    """Taken apart into overlapping patches, and put together again."""

    def forward(self, image):
        patches = nn.functional.unfold(torch.relu(self.first(image)), (3, 2), 2, 1, (2, 1))
        return super().forward(image), nn.functional.fold(patches * 0.5, (16, 16), (3, 2), 2, 1, (2, 1))


class Powers(Small):
    """GELU as GPT-2 has it, a vector by its length, and other powers."""

    def forward(self, image):
        x = self.first(image).mean((2, 3)) * 3
        x = 0.5 * x * (1 + torch.tanh(0.8 * (x + 0.045 * torch.pow(x, 3.0))))
        length = torch.pow(torch.pow(x, 2).sum(-1, keepdim=True) + 1, 0.5)
        return x / length, length**-0.5, length**-1, (x + 1) ** 4


class Ranked(Small):
    """Sorted along any axis, either way, the values or the places alone, and what rests on that."""

    def forward(self, image):
        x = torch.relu(self.first(image)).flatten(2)[:, :, :6]
        small = torch.topk(x, 2, dim=1, largest=False).values, torch.kthvalue(x, 3, dim=1).values
        middle = torch.median(x, dim=-1, keepdim=True).values, torch.quantile(x, 0.3, dim=-1), x.median()
        return torch.sort(x).values, torch.argsort(x, dim=1, descending=True), torch.msort(x), *small, *middle


class Causal(Small):
    """Attention that looks back, as PyTorch itself masks it."""

    def forward(self, image):
        x = torch.relu(self.first(image)).flatten(2)[:, :, :6].mT
        return nn.functional.scaled_dot_product_attention(x, x * 2, x, is_causal=True)


class SharedHead(torch.nn.Linear):
    """Attention in which four queries share the keys of `heads`: by PyTorch's own option, or written out."""

    heads, option = 1, False

    def __init__(self):
        super().__init__(16, 32)

    def forward(self, x):
        query = super().forward(x).view(1, 8, 4, 8).transpose(1, 2)
        key = query[:, : self.heads] + 1
        if self.option:
            return torch.nn.functional.scaled_dot_product_attention(query, key, key, enable_gqa=True)
        copies = key[:, :, None].expand(1, self.heads, 4 // self.heads, 8, 8).reshape(1, 4, 8, 8)
        return torch.nn.functional.scaled_dot_product_attention(query, copies, copies)


class SharedByOption(SharedHead):
    option = True


class SharedInPairs(SharedByOption):
    heads = 2


class Contexts(torch.nn.Linear):
    """Contexts that change nothing, and one graph each in what torch.export makes of them."""

    def __init__(self):
        super().__init__(4, 4)

    @torch.autocast("cuda", enabled=False)
    def forward(self, x):
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            x = super().forward(x)
        return torch.relu(super().forward(x))


class HalfInside(Contexts):
    def forward(self, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return super().forward(x).float()


@torch.library.custom_op("envdoctor_tests::twice", mutates_args=())
def twice(x: torch.Tensor) -> torch.Tensor:
    return x * 2


@twice.register_fake
def _(x):
    return torch.empty_like(x)


class OwnOperator(Small):
    def forward(self, image):
        return super().forward(twice(image))


def prints():
    sys.stdout.write("a word of the factory's\n")
    return Small()


def exported():
    return torch.export.export(Small().eval(), (torch.rand(1, 3, 16, 16),))


def exported_module():
    return exported().module()


def chance():
    model = Small()
    model.head.reset_parameters()
    torch.seed()
    last = nn.Linear(4, 2, bias=False)
    nn.init.uniform_(last.weight, 0.5, 1)  # else what int8 keeps of the output is chance, too
    return nn.Sequential(model, last)


def lazy():
    return nn.Sequential(Small(), nn.LazyLinear(3))


def compiled():
    return torch.compile(Small())
