"""What onnxruntime-qnn made of a model, by the file itself: for which chip, by which SDK, what is left to the CPU."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from envdoctor.action import StageContext, StageFailed, StageOutput
from envdoctor.compilers.qualcomm.context import EDGES, ContextModel, read_contexts
from envdoctor.compilers.qualcomm.socs import Soc, name_of, soc_of
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Evidence
from envdoctor.stages.gates.compiled import accept, judge_numbers, not_whole
from envdoctor.stages.gates.mapping import Mapped, judge_mapping
from envdoctor.stages.problems import finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.core.finding import Finding


def judge_context(context: StageContext, output: StageOutput) -> StageOutput:
    """Judge an ONNX file with contexts in it.

    Raises:
        StageFailed: the product must not be used; the finding says why.
    """
    subject, options = output.path.name, context.request.options
    try:
        made = read_contexts(output.path)
    except Unreadable as error:
        raise StageFailed(not_whole(output.path, str(error))) from None
    summary = output.summary
    mapped = judge_mapping(_mapped(made, summary), subject, options.require_mapped)
    found = [
        *mapped.findings,
        *_of_chip(made, soc_of(context.request.accelerator), subject),
        *_of_version(made, str(summary.get("sdk", "")), subject),
        *judge_numbers(summary, options, subject, "emulator"),
    ]
    told = {"vendor": "Qualcomm"} | (
        {"chip": name_of(first.soc), "hexagon": f"v{first.arch}", "context_sdk": first.sdk}
        if (first := next(iter(made.contexts), None)) is not None
        else {}
    )
    hidden = {"operators", "said"}
    kept = {key: value for key, value in summary.items() if key not in hidden}
    return accept(output, {**told, **kept, **mapped.summary}, found)


def _mapped(made: ContextModel, summary: Mapping[str, Any]) -> Mapped:
    operators: Mapping[str, int] = summary.get("operators", {})
    on_cpu = Counter({name: count for name, count in made.on_cpu.items() if name not in EDGES})
    return Mapped(
        packages=len(made.contexts),
        on_cpu=on_cpu,
        total=sum(operators.values()) or sum(on_cpu.values()) + len(made.contexts),
        reasons=tuple(Evidence(source="onnxruntime-qnn", excerpt=line) for line in summary.get("said", ())),
    )


def _of_chip(made: ContextModel, wanted: Soc, subject: str) -> Iterator[Finding]:
    for one in made.contexts:
        if (one.soc, one.arch) != (wanted.model, wanted.arch):
            words = f"{name_of(one.soc)}, Hexagon v{one.arch}"
            evidence = (Evidence(source=subject, excerpt=words),)
            yield finding(
                "qualcomm-other-chip", subject, evidence, made=words, wanted=f"{wanted.name}, Hexagon v{wanted.arch}"
            )


def _of_version(made: ContextModel, plugin: str, subject: str) -> Iterator[Finding]:
    for sdk in sorted({one.sdk for one in made.contexts}):
        if plugin and not sdk.removeprefix("v").startswith(f"{plugin}."):
            evidence = (Evidence(source=subject, excerpt=f"SDK {sdk}"),)
            yield finding("qualcomm-version-differs", subject, evidence, made=sdk, plugin=plugin)
