"""Whether onnxruntime-qnn is here, or can be had here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.facts.environments import missing_environment
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.finding import Finding
    from envdoctor.facts import Facts


@probe("TCH021", topic="qualcomm")
def check(facts: Facts) -> Iterator[Finding]:
    """onnxruntime-qnn is not installed and can't be installed here.

    Only onnxruntime-qnn compiles ONNX models for a Hexagon here. Its wheels take glibc 2.35 and Python 3.11 or newer on
    x86_64, and its licence has to be accepted once.

    Where a build can make that environment, it is merely noted that it is not there yet.
    """
    yield from missing_environment(facts, "qualcomm", "onnxruntime-qnn")
