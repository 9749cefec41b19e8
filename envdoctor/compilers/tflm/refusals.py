"""What TensorFlow Lite Micro says of a model that it does not run, as a finding with what can be done. Pure."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence
from envdoctor.stages.problems import finding, problem_kinds

if TYPE_CHECKING:
    from envdoctor.core.finding import Finding
    from envdoctor.stages.problems import ProblemKind

#: The interpreter's words, and the problem that they are; the first that fits.
_KINDS = {
    "tflm-values": r"only defined for (?:positive|non-?negative)",
    "tflm-ended": r"ended it while the model was set up",
    "tflm-operator-missing": r"Didn't find op for builtin opcode|Failed to get registration from op code",
    "tflm-hybrid": r"Hybrid models are not supported|FLOAT32 with filter type: INT8|dequantize_common[.]cc",
    "tflm-dynamic": r"Dynamic tensors are not supported|has dynamic tensor|[Dd]ynamic shape",
    "tflm-arena-unbounded": r"Failed to allocate|Failed to resize buffer|Too many buffers",
    "tflm-type": r"[Tt]ypes? .*not (?:currently )?supported|->type|Unknown tensor type|Unsupported data type",
}


def kind_of(words: str) -> ProblemKind:
    """The problem that the interpreter's words tell of."""
    name = next((name for name, pattern in _KINDS.items() if re.search(pattern, words)), "tflm-refused")
    return problem_kinds()[name]


def refusal(words: str, subject: str) -> Finding:
    """The finding of a model that is refused, with the interpreter's words verbatim."""
    evidence = (Evidence(source="TensorFlow Lite Micro's interpreter", excerpt=words),)
    return finding(kind_of(words).name, subject, evidence, words=words.rstrip("."))


def crash(words: str, ended: Finding, subject: str) -> Finding:
    """The finding of a model at which the interpreter's process ended by itself, with what it printed before."""
    said = words or "it printed nothing"
    evidence = (Evidence(source="TensorFlow Lite Micro's interpreter", excerpt=said), *ended.evidence)
    return finding("tflm-crashed", subject, evidence, words=said.rstrip("."), ended=ended.message)


def with_all(found: Finding, refused: tuple[str, ...]) -> Finding:
    """The finding with all operators that are known to be refused: the interpreter stops at the first."""
    if not refused:
        return found
    proof = Evidence(source="what it is known to refuse", excerpt="\n".join(refused))
    return dataclasses.replace(found, evidence=(*found.evidence, proof))
