"""How much of a model runs on the accelerator, and whether that is enough. Pure."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.stages.problems import finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envdoctor.core.finding import Evidence, Finding
    from envdoctor.tflite.model import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a gate found out: values for the stage's summary, and findings."""

    summary: Mapping[str, object] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What a compiler made of a model.

    Attributes:
        packages: operators of the compiled file that run on the accelerator, each standing for many of the model's.
        on_cpu: names and counts of those that run on the CPU.
        total: operators of the model before.
        left: how many of those run on the CPU (`left_to_cpu`); None for as many as `on_cpu` has.
        reasons: why some run on the CPU, with where that is said.
    """

    packages: int
    on_cpu: Mapping[str, int]
    total: int
    left: int | None = None
    reasons: tuple[Evidence, ...] = ()

    @property
    def share(self) -> float:
        """The share of the model's operators that run on the accelerator."""
        left = min(sum(self.on_cpu.values()) if self.left is None else self.left, self.total)
        return (self.total - left) / self.total if self.total and self.packages else 0.0


def left_to_cpu(source: Model, compiled: Model, package: str) -> frozenset[int]:
    """The operators of a model that run on the CPU, told from the compiled file's own operators.

    A compiled file keeps the tensor names of the operators that it leaves to the CPU. For one that gives another
    tensor the first operator of its name is taken that is not known to be left. An operator that gives nothing
    (CALL_ONCE, ASSIGN_VARIABLE) acts on the interpreter's state, which no accelerator has.

    Args:
        source: the model before.
        compiled: the file.
        package: the operator that holds what runs on the accelerator.

    Returns:
        Indexes of the source's operators.
    """
    rest = [operator for operator in compiled.main.operators if operator.custom_code != package]
    if len(rest) == len(compiled.main.operators):
        return frozenset(operator.index for operator in source.main.operators)
    left = {operator.index for operator in source.main.operators if not operator.outputs}
    givers = {tensor.name: one.index for one in source.main.operators for tensor in source.main.given(one)}
    renamed = []
    for operator in rest:
        found = [givers[tensor.name] for tensor in compiled.main.given(operator) if tensor.name in givers]
        left.update(found[:1])
        if operator.outputs and not found:
            renamed.append(operator.label)
    for label in renamed:
        alike = (one.index for one in source.main.operators if one.label == label and one.index not in left)
        left.update(itertools.islice(alike, 1))
    return frozenset(left)


def judge_mapping(mapped: Mapped, subject: str, required: float | None) -> Judged:
    """Judge how much runs on the accelerator: nothing is a failure, and so is less than what is required."""
    summary = {
        "accelerator_packages": mapped.packages,
        "operators": mapped.total,
        "operators_on_cpu": dict(mapped.on_cpu),
        "mapped_share": round(mapped.share, 4),
    }
    return Judged(summary=summary, findings=tuple(_findings(mapped, subject, required)))


def _findings(mapped: Mapped, subject: str, required: float | None) -> Iterator[Finding]:
    ops = ", ".join(f"{count} {name}" for name, count in sorted(mapped.on_cpu.items())) or "none"
    count = sum(mapped.on_cpu.values())
    if not mapped.packages:
        yield finding("nothing-on-accelerator", subject, mapped.reasons, count=count, ops=ops)
    elif required is not None and mapped.share < required:
        share, wanted = f"{mapped.share:.1%}", f"{required:.1%}"
        yield finding("too-few-on-accelerator", subject, mapped.reasons, share=share, wanted=wanted, ops=ops)
    elif count:
        yield finding("operators-on-cpu", subject, mapped.reasons, count=count, ops=ops)
