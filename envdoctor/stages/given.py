"""What only the user can give: samples, whose sizes decide too, and what a PyTorch module takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.errors import UsageProblem
from envdoctor.core.finding import Fix
from envdoctor.core.route import Reason, Verdict
from envdoctor.stages.problems import problem_kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envdoctor.core.request import Request
    from envdoctor.core.route import Route
    from envdoctor.facts import Facts

#: How a user is told to bring samples.
HOW = (
    "give representative inputs with --calibration FILE: a .npy array with the samples along its first axis, an .npz "
    "file with one array for each input, or a folder of .npy files (about 100 samples); or --calibration random, if "
    "accuracy does not matter"
)
_NEEDS_SAMPLES = "needs calibration samples"
_OPEN_SIZE = "the model leaves a size of its input open"
#: What a PyTorch model takes can't be told from its code.
_NEEDS_INPUTS = "a PyTorch module does not say what it takes"
_INPUTS_FIX = "say it with --inputs 1x3x224x224 (several with commas; in full name=1x3x224x224:float32)"


def needs_samples(_: Facts, request: Request) -> Iterator[Reason]:
    """An int8 conversion needs calibration samples."""
    if request.options.calibration is None and not request.options.random_calibration:
        yield Reason(
            verdict=Verdict.FIXABLE,
            text=_NEEDS_SAMPLES,
            fix=Fix(text=f"{HOW[0].upper()}{HOW[1:]}.{_wanted(request)}"),
            code=problem_kinds()["calibration-missing"].code,
        )


def needs_samples_or_ranges(facts: Facts, request: Request) -> Iterator[Reason]:
    """An int8 conversion by TensorFlow needs samples, unless the model brings its ranges along (FakeQuant)."""
    if request.source is None or "learnt-ranges" not in request.source.traits:
        yield from needs_samples(facts, request)


def _wanted(request: Request) -> str:
    """What each input takes, as a sentence that ends the advice."""
    inputs = request.source.inputs if request.source is not None else ()
    return f" It takes {', '.join(inputs)}; N stands for the number of samples." if inputs else ""


def refuse_without_samples(request: Request, routes: Iterable[Route]) -> None:
    """Refuse a build that only samples are missing for.

    Raises:
        UsageProblem: at least one of the routes would be open with samples; says how to bring them.
    """
    for route in routes:
        closed = {reason.text for reason in route.reasons if reason.verdict > Verdict.UNKNOWN and not reason.automatic}
        if closed == {_OPEN_SIZE}:
            raise UsageProblem(f"{_OPEN_SIZE}, and samples decide it; {HOW.partition(';')[0]}.{_wanted(request)}")
        if closed and closed <= {_NEEDS_SAMPLES, _OPEN_SIZE}:
            raise UsageProblem(
                f"an int8 conversion needs representative samples of the model's input; {HOW}.{_wanted(request)}"
            )


def needs_inputs(_: Facts, request: Request) -> Iterator[Reason]:
    """A factory makes a module that takes whatever it is given: the user has to say what that is."""
    if _lacks_inputs(request):
        fix = Fix(text=f"{_INPUTS_FIX[0].upper()}{_INPUTS_FIX[1:]}.")
        yield Reason(verdict=Verdict.FIXABLE, text=_NEEDS_INPUTS, fix=fix)


def refuse_without_inputs(request: Request) -> None:
    """Refuse to build from a factory without its inputs.

    Raises:
        UsageProblem: they were not said.
    """
    if _lacks_inputs(request):
        raise UsageProblem(f"{_NEEDS_INPUTS}; {_INPUTS_FIX}.")


def _lacks_inputs(request: Request) -> bool:
    source = request.source
    return source is not None and source.kind == ArtifactKind.TORCH and not source.given


def needs_sizes(_: Facts, request: Request) -> Iterator[Reason]:
    """A source that leaves sizes open needs samples, whose size decides."""
    open_sizes = request.source is not None and "open-sizes" in request.source.traits
    if open_sizes and request.options.calibration is None:
        yield Reason(
            verdict=Verdict.FIXABLE,
            text=_OPEN_SIZE,
            fix=Fix(text="Give samples with --calibration FILE; their size decides."),
            code=problem_kinds()["input-size-unknown"].code,
        )
