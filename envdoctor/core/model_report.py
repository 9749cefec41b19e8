"""What a model is, operator by operator, and what will become of it: what `envdoctor model` adds to a report."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (msgspec resolves the annotation when it builds the schema)
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorReport:
    """One operator of a model.

    Attributes:
        index: its place in its subgraph's execution order.
        op: its name, with the custom code where it has one.
        placement: `MAPPED` (on the accelerator), `CPU` or `UNKNOWN`; empty where no accelerator was asked about.
        status: the compiler's words; empty where nothing is known.
        reason: why it is not mapped.
        cause: what in the operator itself speaks against it, one word; empty for nothing.
        blocked_by: the operator that keeps it off the accelerator, if it is not itself the reason.
        macs: its multiply-adds.
        model: the member of a bundle that it belongs to; empty for a file that is one model.
        subgraph: the subgraph that it is in.
    """

    index: int
    op: str
    placement: str = ""
    status: str = ""
    reason: str = ""
    cause: str = ""
    blocked_by: int | None = None
    macs: int = 0
    model: str = ""
    subgraph: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceReport:
    """One thing to change.

    Attributes:
        operators: indexes of the operators it is about.
        gained_ops: how many more operators would be mapped.
        gained_macs: which share of the multiply-adds that would move to the accelerator, from 0 to 1.
        source: where it is known from.
        link: a page that says more; None for none.
    """

    name: str
    text: str
    operators: tuple[int, ...] = ()
    gained_ops: int = 0
    gained_macs: float = 0.0
    source: str = ""
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReport:
    """One model.

    Attributes:
        name: its file, or the bundle and the member.
        reader: what it is judged for, in words (`edgetpu_compiler 16.0`).
        scheme: how it is quantized (`int8`, `float`, `partial` ...).
        inputs, outputs: data type and shape of each, `INT8 [1, 224, 224, 3]`.
        operators: how many it has, in all subgraphs.
        refused: why the reader refuses the model as a whole; empty if it is not known to.
        mapped: how many operators of the first subgraph are predicted to run on the accelerator; None if not predicted.
        unknown: how many operators nothing is known of.
        mapped_macs: the share of the multiply-adds that is predicted to run there, from 0 to 1; None if not predicted.
        all_subgraphs: how many operators `-a` would map; None where that makes no difference.
        cut: tensors to name with `-i`, so that nothing behind them is compiled.
        advice: what to change, the most gain first.
        needs: what it takes of a device, by name: bytes, and words; empty where that is not told.
        compiled: what a compiler put in and what it left, in words; empty for a model that none compiled.
    """

    name: str
    reader: str
    scheme: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    operators: int
    refused: tuple[str, ...] = ()
    mapped: int | None = None
    unknown: int = 0
    mapped_macs: float | None = None
    all_subgraphs: int | None = None
    cut: tuple[str, ...] = ()
    advice: tuple[AdviceReport, ...] = ()
    needs: Mapping[str, int | str] = field(default_factory=dict)
    compiled: str = ""
