"""Which gate judges what a stage made: that of whose product it is; and what runs the rest of a compiled file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor import registry
from envdoctor.core.finding import Evidence
from envdoctor.stages.gates import add_findings
from envdoctor.stages.problems import finding
from envdoctor.tflite.kernels import unfit_operators
from envdoctor.tflite.reader import read_model
from envdoctor.tflite.readers import find_reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.action import StageContext, StageOutput
    from envdoctor.core.artifact import Artifact
    from envdoctor.core.finding import Finding
    from envdoctor.tflite.model import Model


def judge(context: StageContext, artifact: Artifact, output: StageOutput) -> StageOutput:
    """Judge what a stage made; what is no compiler's product (a SavedModel on the way) passes as it is.

    Raises:
        StageFailed: the product must not be used; the finding says why.
    """
    product = registry.products().get(artifact.kind)
    if product is None:
        return output
    judged: StageOutput = product.gate(context, output)
    goal = context.request.goal
    if goal is None or goal.kind != artifact.kind or not goal.runtimes:
        return judged
    return add_findings(judged, judge_rest(read_model(judged.path), goal.runtimes))


def judge_rest(compiled: Model, runtimes: Sequence[str]) -> Iterator[Finding]:
    """Whether the programs that run what a compiler left to the CPU have kernels for it.

    Args:
        compiled: the file that the compiler wrote; what it took stands in it as one operator of the accelerator.
        runtimes: those programs, by the names of `find_reader`; one that takes all is enough.
    """
    refused = {name: words for name in runtimes if (words := _refused(name, compiled))}
    proof = tuple(Evidence(source=find_reader(name).title, excerpt="\n".join(words)) for name, words in refused.items())
    others = [find_reader(name).title for name in runtimes if name not in refused]
    for name in list(refused)[:1]:
        said = {"runtime": find_reader(name).title, "words": refused[name][0].rstrip(".")}
        subject = compiled.name.rpartition("/")[2]
        if others:
            yield finding("one-runtime-refuses-rest", subject, proof, others=" or ".join(others), **said)
        else:
            yield finding("runtime-refuses-rest", subject, proof, **said)


def _refused(runtime: str, compiled: Model) -> tuple[str, ...]:
    """What a runtime is known to refuse of a file, in words.

    Custom operators are none of it: the accelerator's own comes with its driver, others with their makers' kernels.
    """
    device = registry.compilers().get(runtime)
    if device is None or device.estimate is None:
        return unfit_operators(compiled, find_reader(runtime))
    refused: tuple[str, ...] = device.estimate(compiled).refused
    return tuple(words for words in refused if ", CUSTOM " not in words)
