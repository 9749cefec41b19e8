"""What stands in an action's way beyond its environment: predicates over facts and the request."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from envdoctor.core.artifact import FOREIGN_OPERATOR, LACKS, OPERATOR, ArtifactKind
from envdoctor.core.data import load_table
from envdoctor.core.finding import Fix
from envdoctor.core.route import Reason, Verdict
from envdoctor.stages.foreseen import named_operators, refused_as_written
from envdoctor.stages.problems import problem_kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from envdoctor.action import Requirement
    from envdoctor.core.artifact import Artifact
    from envdoctor.core.request import Request
    from envdoctor.facts import Facts


_WITHOUT_CONTROL_FLOW = (
    "Compute both branches and choose with tf.where, write a loop out, or accept what stays with --allow-float."
)
_ODD_TYPES = {"float16": "float16", "float64": "float64", "complex": "complex numbers"}
_MOST_NAMED = 5


#: The trait of an exported program that calls operators which are not torch's own.
OWN_OPERATORS = "own-operators"


def has_own_operators(_: Facts, request: Request) -> Iterator[Reason]:
    """A way for operators of a model's own: of a factory, only its exported graph tells whether there are any."""
    source, graph = request.source, request.graph
    known = None if graph is None or graph.problem is not None else bool(graph.own)
    if source is not None and source.kind == ArtifactKind.PT2:
        known = OWN_OPERATORS in source.traits
    if known is None:
        words = "whether the model has operators of its own, which this route is for, only its graph tells"
        yield Reason(verdict=Verdict.UNKNOWN, text=words)
    elif not known:
        code = problem_kinds()["no-custom-operators"].code
        text = "the model has no operator of its own, which this route is for"
        yield Reason(verdict=Verdict.BLOCKED, text=text, code=code)


def needs_operators(_: Facts, request: Request) -> Iterator[Reason]:
    """What an exported program calls beside PyTorch's own must be registered first; whether it is, the stage finds."""
    source = request.source
    if source is not None and source.kind == ArtifactKind.PT2 and OWN_OPERATORS in source.traits:
        kind = problem_kinds()["torch-operator-unregistered"]
        text = "the program calls operators that are not PyTorch's; code that registers them must be imported before"
        yield Reason(verdict=Verdict.UNKNOWN, text=text, fix=Fix(text=kind.fix), code=kind.code)


def no_foreign_operators(_: Facts, request: Request) -> Iterator[Reason]:
    """Operators of somebody's own domain run in no ONNX Runtime, and no compiler here has a form of them."""
    traits = frozenset() if request.source is None else request.source.traits
    names = sorted(one.removeprefix(FOREIGN_OPERATOR) for one in traits if one.startswith(FOREIGN_OPERATOR))
    if names:
        kind = problem_kinds()["onnx-operator-unknown"]
        text = f"neither ONNX Runtime nor the compiler has a form of {', '.join(names[:_MOST_NAMED])}"
        yield Reason(verdict=Verdict.BLOCKED, text=text, fix=Fix(text=kind.fix), code=kind.code)


def no_refused_operators(tool: str, refused: Collection[str], problem: str) -> Requirement:
    """Operators of an ONNX model that a compiler was seen to refuse in every form.

    Args:
        tool: its name and version.
        refused: those operators.
        problem: the name of the problem that a build would end with.
    """

    def requirement(_: Facts, request: Request) -> Iterator[Reason]:
        traits = frozenset() if request.source is None else request.source.traits
        if names := sorted(name for name in refused if f"{OPERATOR}{name}" in traits):
            kind = problem_kinds()[problem]
            text = f"{tool} is known to refuse {', '.join(names[:_MOST_NAMED])}"
            yield Reason(verdict=Verdict.BLOCKED, text=text, fix=Fix(text=kind.fix), code=kind.code)

    return requirement


def with_trait(trait: str, verdict: Verdict, text: str, problem: str = "", *, kind: str | None = None) -> Requirement:
    """A requirement that speaks up about sources with a trait.

    Args:
        trait: see `Artifact`.
        verdict: what it makes of the route.
        text: what is known of such a source here.
        problem: the name of the problem that a build would end with, if it is known.
        kind: the only kind of source that matters, if others lose the trait on their way here.
    """

    def requirement(_: Facts, request: Request) -> Iterator[Reason]:
        source = request.source
        if source is None or trait not in source.traits or kind not in {None, source.kind}:
            return
        known = problem_kinds().get(problem)
        yield Reason(
            verdict=verdict,
            text=text,
            code=known.code if known else "",
            fix=Fix(text=known.fix) if known and verdict > Verdict.READY else None,
        )

    return requirement


def no_ranges_in_loops(kind: str | None = None) -> Requirement:
    """What the LiteRT quantizer does to a loop, in which it finds no ranges; `kind` as for `with_trait`."""
    text = "the LiteRT quantizer is known to fail on a recurrent layer"
    return with_trait("recurrent", Verdict.UNKNOWN, text, "quantizer-has-no-ranges", kind=kind)


def read_by_compiler(facts: Facts, request: Request) -> Iterator[Reason]:
    """A model that the goal's compiler is known to refuse as a whole, for an operator or its version."""
    if request.source is None or request.source.kind != ArtifactKind.TFLITE_INT8:
        return
    model = facts.model
    customs = [f"the custom operator {code}" for code in model.unresolved]
    versions = [f"{one.op} version {one.version}" for one in model.refusals if one.known]
    for code, refused in (("MDL006", versions), ("MDL008", customs)):
        if refused and model.reader.interprets:
            command = f"envdoctor model {shlex.quote(str(request.source.path))} --to {model.reader.name}"
            yield Reason(
                verdict=Verdict.BLOCKED,
                text=f"{model.reader.title} refuses {', '.join(refused)}",
                fix=Fix(text=f"`{command}` tells what to change."),
                code=code,
            )


def has_trait(trait: str) -> Callable[[Artifact], bool]:
    """For `Action.applies`: the route's source has a trait."""
    return lambda source: trait in source.traits


#: What TensorFlow's int8 conversion does to a loop: seen with 2.15 to 2.22. It is tried where nothing else is left.
loops_crash = with_trait(
    "recurrent",
    Verdict.UNKNOWN,
    "TensorFlow's int8 conversion is known to crash on recurrent layers that are not unrolled",
    "recurrent-layer-crash",
)


def saved_loops_crash(facts: Facts, request: Request) -> Iterator[Reason]:
    """The same for a SavedModel; one that an export of this route made has its loops unrolled."""
    if request.source is not None and request.source.kind == ArtifactKind.SAVED_MODEL:
        yield from loops_crash(facts, request)


def repeatable(_: Facts, request: Request) -> Iterator[Reason]:
    """What gives two answers to the same input can't be compared with what is made of it."""
    traits = frozenset() if request.source is None else request.source.traits
    for trait, words in (("random", "draws random numbers"), ("stateful", "keeps a state in variables between calls")):
        if trait in traits:
            problem = problem_kinds()["not-repeatable"]
            yield Reason(
                verdict=Verdict.UNKNOWN, text=f"the model {words}", fix=Fix(text=problem.fix), code=problem.code
            )


def odd_types(_: Facts, request: Request) -> Iterator[Reason]:
    """A SavedModel that computes in float16, float64 or complex numbers; of a Keras file all is computed in float32."""
    source = request.source
    if source is None or source.kind != ArtifactKind.SAVED_MODEL:
        return
    for trait, words in _ODD_TYPES.items():
        if trait in source.traits:
            yield Reason(
                verdict=Verdict.UNKNOWN,
                text=f"the model computes in {words}, for which TensorFlow Lite has hardly an operator",
                fix=Fix(
                    text="Export it again in float32, or start from the .keras file, which is computed in float32."
                ),
                code=problem_kinds()["element-type-not-in-tflite"].code,
            )


def known_operators(_: Facts, request: Request) -> Iterator[Reason]:
    """Operators of a SavedModel that TensorFlow Lite has none for, unless the converter folds them away."""
    source = request.source
    lacking = (
        [] if source is None else sorted(one.removeprefix(LACKS) for one in source.traits if one.startswith(LACKS))
    )
    if lacking:
        problem = problem_kinds()["operators-not-in-tflite"]
        yield Reason(
            verdict=Verdict.UNKNOWN,
            text=f"TensorFlow Lite has no operator for {', '.join(lacking)}, unless the converter folds it away",
            fix=Fix(text=problem.fix),
            code=problem.code,
        )


def open_batch(_: Facts, request: Request) -> Iterator[Reason]:
    """A SavedModel for exactly so many samples at once: its functions take no other number."""
    source = request.source
    if source is not None and source.kind == ArtifactKind.SAVED_MODEL and "fixed-batch" in source.traits:
        problem = problem_kinds()["batch-not-fixed"]
        yield Reason(
            verdict=Verdict.BLOCKED,
            text="it can't be asked for one sample: its batch is fixed to another number, or an input has none",
            fix=Fix(text="Export it again with an open batch or a batch of one, or start from the .keras file."),
            code=problem.code,
        )


def no_control_flow(_: Facts, request: Request) -> Iterator[Reason]:
    """What runs under a condition or in a loop stays in floats: measured with TensorFlow 2.15 and 2.21."""
    if request.source is None or "control-flow" not in request.source.traits:
        return
    yield Reason(
        verdict=Verdict.READY if request.options.allow_float else Verdict.UNKNOWN,
        text="a part of the model runs under a condition or in a loop (IF, WHILE), which an int8 conversion leaves in "
        "floats",
        fix=None if request.options.allow_float else Fix(text=_WITHOUT_CONTROL_FLOW),
        code=problem_kinds()["control-flow-left"].code,
    )


def all_quantized(_: Facts, request: Request) -> Iterator[Reason]:
    """Operators of a source that TensorFlow's int8 conversion leaves in floats."""
    yield from _left_in_floats(request, "tensorflow")
    yield from refused_as_written(request, "tensorflow")


def all_quantized_by_litert(_: Facts, request: Request) -> Iterator[Reason]:
    """The same for the LiteRT quantizer."""
    yield from _left_in_floats(request, "litert")
    yield from refused_as_written(request, "litert")


def _left_in_floats(request: Request, by: str) -> Iterator[Reason]:
    table = load_table("stays-float")
    is_wide = request.goal is not None and request.goal.kind == ArtifactKind.TFLITE_INT16X8
    written = set() if is_wide else set(table["afterwards"]["int8"].split())
    left = sorted(named_operators(request) & set(table["left"][by].split()) - written)
    if left:
        allowed, problem = request.options.allow_float, problem_kinds()["float-operators-left"]
        yield Reason(
            verdict=Verdict.READY if allowed else Verdict.UNKNOWN,
            text=f"this conversion leaves {', '.join(left)} in floats",
            fix=None if allowed else Fix(text=problem.fix),
            code=problem.code,
        )


#: What an .h5 file that only its library can follow makes of a route.
config_unread = with_trait(
    "config-unread",
    Verdict.UNKNOWN,
    "the file keeps its configuration where only its own library finds it: what it holds shows before it is loaded",
)


#: What Keras 3 can't read.
no_keras_2_functions = with_trait(
    "keras-2-only",
    Verdict.BLOCKED,
    "the file holds what only Keras 2 can read",
    "keras-version-mismatch",
)

_GRAPHS = (
    with_trait(
        "flex-ops",
        Verdict.BLOCKED,
        "the model has TensorFlow's own operators (Flex*), which LiteRT alone does not run",
        "flex-operators",
    ),
    with_trait(
        "several-graphs",
        Verdict.BLOCKED,
        "the file has several signatures, each with a graph of its own, and one is quantized at a time",
        "several-graphs",
        kind=ArtifactKind.TFLITE_FLOAT,
    ),
)


def one_plain_graph(facts: Facts, request: Request) -> Iterator[Reason]:
    """What LiteRT has no code for, and what its quantizer takes one by one."""
    for requirement in _GRAPHS:
        yield from requirement(facts, request)


_LAYERS = (
    with_trait(
        "stateful-layer",
        Verdict.BLOCKED,
        "a recurrent layer keeps its state between calls (stateful=True)",
        "stateful-recurrent",
    ),
    with_trait(
        "keras-quantized",
        Verdict.BLOCKED,
        "its weights are quantized by Keras (model.quantize), which no converter reads",
        "quantized-by-keras",
    ),
)


def convertible_layers(facts: Facts, request: Request) -> Iterator[Reason]:
    """What a Keras file says of its layers: a build would end so."""
    for requirement in _LAYERS:
        yield from requirement(facts, request)


all_unrollable = with_trait(
    "not-unrollable",
    Verdict.UNKNOWN,
    "a convolutional recurrent layer (ConvLSTM) has no unrolled form in Keras 2",
    "nothing-to-unroll",
)
