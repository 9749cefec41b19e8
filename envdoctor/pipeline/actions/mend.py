"""An int8 .tflite file -> one that the goal takes, without its float model."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from envdoctor.action import Action, StageContext, StageOutput
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.finding import Evidence
from envdoctor.core.route import Reason, Verdict
from envdoctor.facts.environments import needs_environment
from envdoctor.stages.conversion import INT8_OPTIONS, stem
from envdoctor.stages.given import needs_sizes
from envdoctor.stages.mending import ENVIRONMENT, mend, mends_for
from envdoctor.stages.problems import finding
from envdoctor.stages.requirements import one_plain_graph, repeatable, with_trait
from envdoctor.support.text import plural
from envdoctor.tflite.readers import find_reader, reads_tflite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.core.finding import Finding
    from envdoctor.core.request import Request
    from envdoctor.facts import Facts

_SCHEMES = frozenset({"int8", "int16x8", "partial"})
#: What mends take away, whatever the goal.
_ALWAYS = frozenset({"dynamic-batch", "dynamic-shapes", "float-io", "reduced-after-transpose"})
#: What mends write as older readers know it.
_NEWER = (("TILE", 3), ("TRANSPOSE_CONV", 4))
#: The reader that has SELECT_V2 alone of the two forms.
_MICRO = "tflm"
#: The mends that give inputs and outputs the type that --io asks for.
_EDGES = {"uint8": ("uint8-edges",), "float32": ("float-edges",)}


def mended_traits(request: Request) -> frozenset[str]:
    """What is wrong with the request's source for its goal that can be mended."""
    source, goal = request.source, request.goal
    if source is None or goal is None or not source.traits & _SCHEMES or not reads_tflite(goal.name):
        return frozenset()
    old = {"per-channel-dense"} if goal.per_tensor_dense else set()
    reader = find_reader(goal.name)
    if reader.interprets and any(reader.reads(name, version) is False for name, version in _NEWER):
        old.add("newer-forms")
    if _MICRO in {goal.compiler, *goal.runtimes}:
        old.add("select")
    return source.traits & (_ALWAYS | old)


def run(context: StageContext) -> StageOutput:
    """Mend the file, and prove that it computes the same; one that nothing applies to goes on as it is."""
    goal, output = context.request.goal, context.folder / f"{stem(context)}.tflite"
    more = _EDGES.get(context.request.options.io_type, ())
    names = mends_for(one_scale=goal is not None and goal.per_tensor_dense, more=more)
    reference = context.folder / "reference"
    values = mend(context, output, names, names, reference)
    if not output.is_file():
        shutil.copyfile(context.source.path, output)
    summary = {row["name"]: _words(row) for row in values["tried"] if row["verified"]} or {"mended": "nothing"}
    return StageOutput(path=output, reference=reference, summary=summary, findings=tuple(_told(context, values)))


def _told(context: StageContext, values: Mapping[str, Any]) -> Iterator[Finding]:
    for row in values["tried"]:
        if not row["verified"]:
            evidence = (Evidence(source="LiteRT", excerpt=_words(row)),)
            words = f"{row['name']} {_why_left(row)}"
            yield finding("mend-left-out", context.source.path.name, evidence, words=words)
        elif row["far"]:
            evidence = (Evidence(source="LiteRT", excerpt=_words(row)),)
            words = plural(row["measured"]["steps"], "step")
            yield finding("mend-moves-outputs", context.source.path.name, evidence, mend=row["name"], words=words)


def _why_left(row: Mapping[str, Any]) -> str:
    """Why a mend was left out; how far it moves outputs where that is known."""
    steps, accepted = row.get("measured", {}).get("steps", 0), row.get("accepted_steps", 0)
    if steps > accepted > 0:
        return f"would move outputs by up to {plural(steps, 'step')}, and at most {accepted} are accepted"
    return "would have changed what the file computes, or that could not be seen"


def _words(row: Mapping[str, Any]) -> str:
    changes = "; ".join(row["changes"])
    if "failure" in row:
        return f"{changes}; {row['failure']}"
    measured = row["measured"]
    if measured["identical"]:
        moved = "outputs bit-identical"
    else:
        steps, share = measured["steps"], f"{measured['share']:.1g} of their range"
        moved = f"outputs within {plural(steps, 'step') if steps else share}"
    return f"{changes}; {moved} on {plural(measured['random'] + measured['given'], 'sample')}"


def _shapes_of_values(_: Facts, request: Request) -> Iterator[Reason]:
    """Shapes that no open batch explains may depend on what the model computes: then nothing can be fixed."""
    traits = frozenset() if request.source is None else request.source.traits
    if "dynamic-shapes" in traits and "dynamic-batch" not in traits:
        yield Reason(verdict=Verdict.UNKNOWN, text="shapes are computed though no input is open")


ACTION = Action(
    name="mend",
    title="mend the .tflite file and prove that it computes the same",
    consumes=frozenset({ArtifactKind.TFLITE_INT8}),
    produces=ArtifactKind.TFLITE_INT8,
    run=run,
    environment=ENVIRONMENT,
    requires=(
        needs_environment(ENVIRONMENT),
        needs_sizes,
        _shapes_of_values,
        one_plain_graph,
        repeatable,
        with_trait(
            "custom-ops",
            Verdict.UNKNOWN,
            "it has custom operators, which have to be run",
            "custom-op-unresolved",
        ),
    ),
    mends=mended_traits,
    options=INT8_OPTIONS,
    cost=2.0,
)
