"""Routes from PyTorch and ONNX, taken stage by stage with their real environments."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from envdoctor import registry
from envdoctor.core.request import Thresholds
from stages import run_stage

ACTIONS = {action.name: action for action in registry.actions()}
MODELS = Path(__file__).with_name("torch_models.py")


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
