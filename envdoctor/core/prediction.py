"""Where a compiler will run each operator of a model, what to change, and where the compiler itself says otherwise."""

from __future__ import annotations

import enum
from collections.abc import Mapping  # noqa: TC003  (a field's type, resolved by tools that read dataclasses)
from dataclasses import dataclass, field


class Placement(enum.Enum):
    """Where an operator will run."""

    MAPPED = "MAPPED"
    CPU = "CPU"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorPlacement:
    """What will become of one operator.

    Attributes:
        status: the compiler's words, empty where nothing is known.
        reason: why it stays on the CPU, or why nothing is known; empty for a mapped one.
        cause: what in the operator itself speaks against it: a limitation's name or else a status's, empty for nothing.
        blocked_by: the operator that keeps it off the accelerator though it could run there, None if it is itself the
            reason.
        macs: its multiply-adds.
    """

    index: int
    op: str
    placement: Placement
    status: str
    reason: str = ""
    cause: str = ""
    blocked_by: int | None = None
    macs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a compiler will make of the first subgraph.

    Attributes:
        ops: its operators.
        others: why those of other subgraphs stay on the CPU; empty if nothing is known of them.
    """

    ops: tuple[OperatorPlacement, ...]
    others: str = ""

    @property
    def mapped(self) -> frozenset[int]:
        """Indexes of the operators that will run on the accelerator."""
        return frozenset(op.index for op in self.ops if op.placement is Placement.MAPPED)

    @property
    def certain(self) -> bool:
        """No operator's placement is unknown."""
        return all(op.placement is not Placement.UNKNOWN for op in self.ops)

    @property
    def mapped_macs(self) -> float:
        """The share of the multiply-adds that will run on the accelerator, from 0 to 1; 1 for a model without any."""
        total = sum(op.macs for op in self.ops)
        return sum(op.macs for op in self.ops if op.placement is Placement.MAPPED) / total if total else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One thing to do, for some operators.

    Attributes:
        name: of the compiler's entry for it.
        text: what to do.
        operators: the indexes of the operators it is about.
        gained_ops: how many more operators would be mapped if these were.
        gained_macs: which share of all multiply-adds would move to the accelerator, from 0 to 1.
        source: where it is known from.
        link: a page that says more; None for none.
    """

    name: str
    text: str
    operators: tuple[int, ...]
    gained_ops: int
    gained_macs: float
    source: str
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """What can be done about a prediction.

    Attributes:
        advice: what to change in the model, the most gain first.
        all_subgraphs: how many operators would be mapped with the compiler's option for all subgraphs; None where that
            makes no difference.
        cut: tensors to name to the compiler, so that nothing behind them is compiled.
    """

    advice: tuple[Advice, ...] = ()
    all_subgraphs: int | None = None
    cut: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """An operator and a status that the compiler's log, or its file, counts otherwise than the prediction does."""

    op: str
    status: str
    predicted: int
    logged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a program that runs a model on a device will make of it, told from the file.

    Attributes:
        refused: what it does not run, with its words.
        unknown: what nobody knows whether it runs.
        needs: what the model takes of the device, by name: numbers of bytes, and words.
        fix: what to do about the first that is refused.
    """

    refused: tuple[str, ...] = ()
    fix: str = ""
    unknown: tuple[str, ...] = ()
    needs: Mapping[str, int | str] = field(default_factory=dict)
