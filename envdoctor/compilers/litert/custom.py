"""A .tflite file with composites -> one with CUSTOM operators, for a kernel of the user's own."""

from __future__ import annotations

import dataclasses

from envdoctor.action import Action, StageContext, StageFailed, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.errors import Unreadable
from envdoctor.facts.environments import needs_environment
from envdoctor.stages.conversion import stem
from envdoctor.stages.problems import finding
from envdoctor.stages.processes import run_worker
from envdoctor.stages.requirements import has_own_operators
from envdoctor.tflite.compiled import mark_of
from envdoctor.tflite.reader import map_file, open_model

#: The kind of what it makes.
KIND = "tflite-custom-ops"


def run(context: StageContext) -> StageOutput:
    """Rewrite the file; its composites were run and compared before, what comes out needs the kernel."""
    output = context.folder / f"{stem(context)}_custom.tflite"
    values = run_worker(context, "composites_to_custom", {"source": context.source.path.resolve(), "output": output})
    return StageOutput(path=output, summary=values)


def judge(output: StageOutput) -> StageOutput:
    """Judge a file with CUSTOM operators by its tables: what it was made from was run, and this needs the kernel.

    Raises:
        StageFailed: it is none.
    """
    name = output.path.name
    try:
        model = open_model(map_file(output.path), name=name)
    except Unreadable as error:
        raise StageFailed(finding("file-truncated", name, words=f"{error}.")) from None
    codes = {operator.custom_code for subgraph in model.subgraphs for operator in subgraph.operators}
    customs = sorted(code for code in codes if code and mark_of(code) is None)
    if not customs:
        raise StageFailed(finding("no-custom-operators", name, words="the file has no CUSTOM operator."))
    found = finding("kernel-needed", name, words=", ".join(customs))
    return dataclasses.replace(output, findings=(*output.findings, found))


ACTION = Action(
    name="composites-to-custom",
    title="write composites as CUSTOM operators",
    consumes=frozenset({ArtifactKind.TFLITE_FLOAT}),
    produces=KIND,
    run=run,
    environment="litert",
    requires=(needs_environment("litert"), has_own_operators),
    applies=lambda source: source.kind in {ArtifactKind.TORCH, ArtifactKind.PT2, ArtifactKind.TFLITE_FLOAT},
    goals=frozenset({"litert"}),
    options=frozenset(),
    cost=2.0,
)
#: One that took both kinds would make every quantization before it a detour.
OF_INT8 = dataclasses.replace(ACTION, name="int8-composites-to-custom", consumes=frozenset({ArtifactKind.TFLITE_INT8}))
