"""Routes from PyTorch and ONNX, taken stage by stage with their real environments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from envdoctor import registry
from envdoctor.action import StageFailed
from envdoctor.core.request import Thresholds
from envdoctor.pipeline.sources import identify
from stages import run_stage

ACTIONS = {action.name: action for action in registry.actions()}
MODELS = Path(__file__).with_name("torch_models.py")
FAULTY = MODELS.with_name("torch_faulty.py")
IMAGE = "1x3x16x16"


def take(route, source, folder, goal="tflite-int8", **options):
    """Run the stages of a route, gates included; returns all outputs."""
    artifact, reference, outputs = source, None, []
    for number, name in enumerate(route.split("+")):
        where = folder / f"{number}-{name}"
        output, artifact = run_stage(
            ACTIONS[name], where, artifact, goal, reference=reference, request_source=source, **options
        )
        reference = output.reference or reference
        outputs.append(output)
    return outputs


def factory(name, given=IMAGE, models=MODELS):
    return identify(Path(f"{models}:{name}"), given=given)


def convert(name, folder, given=IMAGE, models=MODELS, **options):
    return take("torch-float", factory(name, given, models), folder, random_calibration=True, **options)[0]


def failure(name, folder, given=IMAGE, models=MODELS):
    """The finding with which the conversion of a factory's model fails."""
    with pytest.raises(StageFailed) as caught:
        convert(name, folder, given, models)
    return caught.value.finding


#: Of a model without training, the largest of ten outputs that are nearly the same says little.
UNTRAINED = Thresholds(min_agreement=0.5)


def images(folder, count=30, size=96):
    """A file of random images, channels first, with detail of every size."""
    path, random = folder / "images.npy", np.random.default_rng(1)
    image = np.zeros((count, 3, size, size), dtype="float32")
    for patches in (3, 6, 12, 24, 48, 96):
        small = random.random((count, 3, patches, patches), dtype="float32")
        image += small.repeat(size // patches, axis=2).repeat(size // patches, axis=3)
    np.save(path, image / 6)
    return path
