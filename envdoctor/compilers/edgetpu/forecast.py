"""What the Edge TPU compiler will make of a model, asked before it runs, and held against what it made."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.agreement import mapped_in
from envdoctor.compilers.edgetpu.prediction import Settings, predict
from envdoctor.compilers.edgetpu.rulebook import find_compiler, newest_compiler
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.core.finding import Evidence
from envdoctor.core.prediction import Placement
from envdoctor.stages.problems import finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.compilers.edgetpu.prediction import EdgeTpuPrediction
    from envdoctor.compilers.edgetpu.rulebook import Compiler
    from envdoctor.core.finding import Finding
    from envdoctor.tflite.model import Model, Operator

#: The compiler's options that decide what is mapped, by every way to write them.
_WORDS = {
    "-a": "all",
    "--enable_multiple_subgraphs": "all",
    "-m": "runtime",
    "--min_runtime_version": "runtime",
    "-i": "tensors",
    "--intermediate_tensors": "tensors",
}
#: With these the compiler searches or cuts by what it measures, which no file tells.
_UNFORESEEABLE = frozenset({"-d", "--search_delegate", "-n", "--num_segments"})
_SHOWN = 8


def foresee(model: Model, arguments: Sequence[str], version: str = "") -> EdgeTpuPrediction | None:
    """Predict where each operator will run.

    Args:
        model: what is compiled.
        arguments: the compiler's options.
        version: the compiler's, as its log gives it; the newest where it is not known.

    Returns:
        The prediction; None if these options, or a constant that is not in the file, leave nothing to predict.
    """
    if any(word.partition("=")[0] in _UNFORESEEABLE for word in arguments):
        return None
    settings = settings_of(arguments, _compiler(version))
    try:
        return predict(model, settings)
    except Unreadable:
        return None


def settings_of(arguments: Sequence[str], compiler: Compiler) -> Settings:
    """What a compiler is told on its command line."""
    given = dict(_options(arguments))
    runtime = given.get("runtime", "")
    return Settings(
        compiler=compiler,
        all_subgraphs="all" in given,
        min_runtime_version=int(runtime) if runtime.isdecimal() else None,
        intermediate_tensors=frozenset(filter(None, given.get("tensors", "").split(","))),
    )


def predict_release(model: Model, release: str, arguments: Sequence[str]) -> EdgeTpuPrediction:
    """Predict for a release of the compiler; empty for the newest.

    Raises:
        Unreadable: a constant that a rule must look at is not in the file.
    """
    compiler = find_compiler(release) if release else newest_compiler()
    return predict(model, settings_of(arguments, compiler))


def hopeless(model: Model, prediction: EdgeTpuPrediction, required: float) -> Finding | None:
    """The finding that ends a build before any compiler runs: less would be mapped than is required.

    Operators of which nothing is known count as mapped here: only what is certain refuses a build.
    """
    on_cpu = [op for op in prediction.ops if op.placement is Placement.CPU]
    share = 1 - len(on_cpu) / len(prediction.ops) if prediction.ops else 1.0
    if share >= required:
        return None
    evidence = tuple(
        Evidence(source=f"operator {op.index}, {op.op}", excerpt=f"{op.status}: {op.reason}") for op in on_cpu[:_SHOWN]
    )
    return finding("prediction-too-low", model.name, evidence, share=f"{share:.1%}", wanted=f"{required:.1%}")


def surprise(source: Model, compiled: Model, prediction: EdgeTpuPrediction) -> Finding | None:
    """The finding that asks for a report: the compiled file is not what was predicted.

    Its evidence is all that is needed to look into it, and none of the model's weights.
    """
    try:
        mapped = mapped_in(source, compiled)
    except Unreadable:
        return None
    wrong = [
        op for op in prediction.ops if op.placement is not Placement.UNKNOWN and _differs(op.index, mapped, prediction)
    ]
    if not wrong:
        return None
    operators = source.main.operators
    evidence = tuple(
        Evidence(
            source=_describe(source, operators[op.index]),
            excerpt=f"predicted {op.placement.value} ({op.status}), the file has it "
            f"{'mapped' if op.index in mapped else 'on the CPU'}",
        )
        for op in wrong[:_SHOWN]
    )
    graph = Evidence(source="operators in order", excerpt=" ".join(operator.name for operator in operators))
    release = prediction.settings.compiler.release
    return finding(
        "prediction-differs", source.name, (*evidence, graph), count=len(wrong), total=len(operators), release=release
    )


def _differs(index: int, mapped: frozenset[int], prediction: EdgeTpuPrediction) -> bool:
    return (index in mapped) != (index in prediction.mapped)


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    for word, following in itertools.pairwise((*arguments, "")):
        name, equals, value = word.partition("=")
        if name in _WORDS:
            yield _WORDS[name], value if equals else following


def _compiler(version: str) -> Compiler:
    try:
        return find_compiler(version) if version else newest_compiler()
    except UsageProblem:
        return newest_compiler()


def _describe(model: Model, operator: Operator) -> str:
    """An operator by its number, name and version, and the types and shapes of what it takes and gives."""
    tensors = [
        " ".join(f"{tensor.dtype}{list(tensor.shape)}" for tensor in side)
        for side in (model.main.taken(operator), model.main.given(operator))
    ]
    return f"operator {operator.index}, {operator.label} version {operator.version}: {' -> '.join(tensors)}"
