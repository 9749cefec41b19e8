"""Task: open a bundle in MediaPipe's Tasks API, before and after it was built, and let both look at the same picture.

Request: `before`, `after`. The result: `task` (empty if the members' names tell none), and for each bundle why it was
refused (empty if it was not) and how many things it found in a made-up picture.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Which task opens a bundle, by members that it must have; the first that fits.
_TASKS = (
    ("PoseLandmarker", {"pose_detector.tflite", "pose_landmarks_detector.tflite"}),
    ("HandLandmarker", {"hand_detector.tflite", "hand_landmarks_detector.tflite"}),
    ("FaceLandmarker", {"face_detector.tflite", "face_landmarks_detector.tflite"}),
)
_SIDE, _LONGEST = 256, 400


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    task = task_of(Path(request["before"]))
    if not task:
        return {"task": ""}
    found = {which: _look(task, request[which]) for which in ("before", "after")}
    return {"task": task, **found}


def task_of(path: Path) -> str:
    """The task that a bundle is for; empty if that is not known."""
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    return next((task for task, members in _TASKS if members <= names), "")


def _look(task: str, path: str) -> dict[str, object]:
    import mediapipe
    import numpy as np
    from mediapipe.tasks import python as tasks
    from mediapipe.tasks.python import vision

    across = np.linspace(0, 255, _SIDE)
    picture = np.stack(
        [np.add.outer(across, across) / 2, np.tile(across, (_SIDE, 1)), np.tile(across, (_SIDE, 1)).T], 2
    )
    options = getattr(vision, f"{task}Options")(base_options=tasks.BaseOptions(model_asset_path=path))
    try:
        with getattr(vision, task).create_from_options(options) as landmarker:
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=picture.astype(np.uint8))
            result = landmarker.detect(image)
    except (RuntimeError, ValueError, OSError) as error:
        return {"refused": " ".join(str(error).split())[:_LONGEST] or type(error).__name__, "found": 0}
    return {"refused": "", "found": max(len(value or ()) for value in vars(result).values())}
