"""The same for a 16x8 .tflite file: one that a compiler takes, without its float model."""

from __future__ import annotations

import dataclasses

from envdoctor.core.artifact import ArtifactKind
from envdoctor.pipeline.actions.mend import ACTION as MEND

ACTION = dataclasses.replace(
    MEND,
    name="mend-int16x8",
    consumes=frozenset({ArtifactKind.TFLITE_INT16X8}),
    produces=ArtifactKind.TFLITE_INT16X8,
)
