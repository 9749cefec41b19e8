"""Whether tflite-micro is here, or can be had here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.facts.environments import missing_environment
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.finding import Finding
    from envdoctor.facts import Facts


@probe("TCH024", topic="tflm")
def check(facts: Facts) -> Iterator[Finding]:
    """tflite-micro is not installed and can't be installed here.

    The interpreter of TensorFlow Lite Micro runs the model and tells its arena. It runs in your own environment if that
    has its very version, or in one that a build makes by itself, which takes a Python and a platform that its wheels
    exist for.

    Where a build can make that environment, it is merely noted that it is not there yet.
    """
    yield from missing_environment(facts, "tflm", "tflite-micro")
