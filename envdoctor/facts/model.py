"""One .tflite model, and what can be said of it for the program that is to read it."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  (a field's type, resolved by tools that read dataclasses)
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.core.errors import FactUnavailable
from envdoctor.core.prediction import Disagreement, Estimate, Guidance, Prediction
from envdoctor.tflite.kernels import unfit_operators, untold_operators
from envdoctor.tflite.quantization import FLOATS, Scheme, classify, float_islands, io_types, per_channel_dense
from envdoctor.tflite.reader import read_model
from envdoctor.tflite.readers import ModelReader, find_reader
from envdoctor.tflite.structure import (
    Compiled,
    called_subgraphs,
    compiled_contents,
    dynamic_tensors,
    lost_variables,
    resizable_inputs,
    unfed_tensors,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.core.compiler import Compiler
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor
    from envdoctor.tflite.model import Model

#: The reader of a model without a goal: the interpreter of today.
_READER = "litert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An operator of a version that the reader refuses, or of which nobody knows whether it does."""

    op: str
    version: int
    known: bool
    any_version: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What was found out about a model.

    Attributes:
        name: its file, or the bundle and the member.
        reader: the program that is to read it.
        scheme: how it is quantized.
        inputs, outputs: the data types of each.
        islands: for each group of operators that computes in floats within an integer model: its first operator.
        dynamic: for each place where shapes become dynamic: operator, tensor and where the shape comes from.
        resizable: inputs whose signature has a -1, with it.
        refusals: operators that the reader does not read, or may not.
        unresolved: custom operators that it does not bring along.
        unfit: operators whose element types or parameters its kernels refuse, in words.
        untold: operators of whose element types nothing tells whether its kernels take them, in words.
        dense, hybrid: dense layers with a scale for each output, with integer and with float inputs.
        control_flow: how many subgraphs there are that operators run, beside the first and the bodies of composites.
        signatures: the signatures whose subgraph is another than the first.
        lost: names of variables whose weights are gone.
        operators: how many operators there are, in all graphs.
        unfed: tensors that are taken or given, and that nothing makes.
        data_outside: whether constants lie behind the flatbuffer.
        deprecated_codes_only: whether operators are numbered the old way alone.
        compiled: what a compiler left in it, None for none.
        placement: what the reader will do, predicted or tried; None if it is no compiler, or did not answer.
        unplaced: why what a compiler would do could not be found out, where only it knows; empty if it answered.
        guidance: what to do about what it leaves to the CPU.
        disagreements: where a compiler's log says otherwise than the placement; None if no log was given.
        estimate: what a device that runs it will make of it; None if the reader is for none.
    """

    name: str = "model.tflite"
    reader: ModelReader
    scheme: Scheme = Scheme.INT8
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    islands: tuple[str, ...] = ()
    dynamic: tuple[str, ...] = ()
    resizable: Mapping[str, str] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    unresolved: tuple[str, ...] = ()
    unfit: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    dense: tuple[str, ...] = ()
    hybrid: tuple[str, ...] = ()
    control_flow: int = 0
    signatures: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    operators: int = 1
    unfed: tuple[str, ...] = ()
    data_outside: bool = False
    deprecated_codes_only: bool = False
    compiled: Compiled | None = None
    placement: Prediction | None = None
    unplaced: str = ""
    guidance: Guidance = field(default_factory=Guidance)
    disagreements: tuple[Disagreement, ...] | None = None
    estimate: Estimate | None = None

    @property
    def short_name(self) -> str:
        """The file's name without its folder, and the bundle's member."""
        return self.name.replace("\\", "/").rpartition("/")[2]

    @property
    def refused(self) -> tuple[str, ...]:
        """Why the reader refuses the model as a whole, so that nothing of it is compiled or run."""
        if not self.operators or self.unfed:
            return ("its operators are lost",)
        if self.estimate is not None:
            return self.estimate.refused
        if not self.reader.interprets:
            return ()
        versions = (f"{one.op} version {one.version}" for one in self.refusals if one.known)
        customs = (f"the custom operator {code}" for code in self.unresolved)
        dynamic = ("dynamic shapes",) if self.dynamic and self.reader.static_shapes else ()
        return (*dynamic, *versions, *customs, *self.unfit)


def collect(request: Request, executor: Executor) -> ModelFacts:
    """The model that a request starts from, for the compiler of its goal or else for LiteRT.

    Raises:
        FactUnavailable: the request names no model.
        Unreadable: it can't be read.
    """
    del executor  # a model is read here, wherever the rest runs
    if request.source is None:
        raise FactUnavailable("model", "no model was given")
    reader = find_reader(_READER if request.goal is None else request.goal.name)
    return examine(read_model(request.source.path), reader, request.compiler)


def examine(
    model: Model, reader: ModelReader, compiler: Compiler | None = None, arguments: Sequence[str] = ()
) -> ModelFacts:
    """All that can be said of a model for a reader.

    Args:
        model: the model.
        reader: what is to read it.
        compiler: the reader's, if it is one.
        arguments: what that one is called with.

    Raises:
        Unreadable: a constant that decides the placement is not in the file.
    """
    predict = None if compiler is None else compiler.predict
    placement = None if predict is None else predict(model, reader.release, arguments)
    inputs, outputs = io_types(model)
    return ModelFacts(
        name=model.name,
        reader=reader,
        scheme=classify(model),
        inputs=inputs,
        outputs=outputs,
        islands=tuple(
            f"operator {island.first.index}, {island.first.label}, and {len(island.operators) - 1} around it"
            for island in float_islands(model)
        ),
        dynamic=tuple(
            f"operator {found.operator.index}, {found.operator.name}: its shape comes from {found.origin}"
            for found in dynamic_tensors(model.main)
        ),
        resizable={tensor.name: str(list(tensor.shape_signature or ())) for tensor in resizable_inputs(model)},
        refusals=_refusals(model, reader),
        unresolved=_unresolved(model, reader),
        unfit=unfit_operators(model, reader),
        untold=untold_operators(model, reader),
        lost=lost_variables(model),
        operators=sum(len(subgraph.operators) for subgraph in model.subgraphs),
        unfed=unfed_tensors(model),
        data_outside=model.external_buffers,
        deprecated_codes_only=model.deprecated_codes_only,
        compiled=compiled_contents(model),
        placement=placement,
        estimate=None if compiler is None or compiler.estimate is None else compiler.estimate(model),
        guidance=_guidance(model, compiler, placement),
        dense=_dense(model, float_input=False),
        hybrid=_dense(model, float_input=True),
        control_flow=_control_flow(model),
        signatures=tuple(signature.key for signature in model.signatures if signature.subgraph),
    )


def _guidance(model: Model, compiler: Compiler | None, placement: Prediction | None) -> Guidance:
    if compiler is None or compiler.advise is None or placement is None:
        return Guidance()
    return compiler.advise(model, placement)


def _refusals(model: Model, reader: ModelReader) -> tuple[Refusal, ...]:
    """Interpreters look up every entry of the operator table, used or not."""
    if not reader.interprets:
        return ()
    found = []
    for code in model.operator_codes:
        reads = True if code.custom_code is not None else reader.reads(code.name, code.version)
        if reads is not True:
            none = reader.reads(code.name, 1) is False
            found.append(Refusal(op=code.name, version=code.version, known=reads is False, any_version=none))
    return tuple(found)


def _unresolved(model: Model, reader: ModelReader) -> tuple[str, ...]:
    """Custom operators that are used: an interpreter asks for their code when it comes to one, not for the entry.

    Vela hands what it does not know to the interpreter, and asks for nothing.
    """
    if not reader.interprets:
        return ()
    operators = (operator for subgraph in model.subgraphs for operator in subgraph.operators)
    customs = {operator.custom_code for operator in operators if operator.custom_code is not None}
    return tuple(sorted(customs - set(reader.custom_ops)))


def _dense(model: Model, *, float_input: bool) -> tuple[str, ...]:
    return tuple(
        f"operator {operator.index}, FULLY_CONNECTED to {subgraph.given(operator)[0].name}"
        for subgraph, operator in per_channel_dense(model)
        if any(tensor.dtype in FLOATS for tensor in subgraph.taken(operator)[:1]) == float_input
    )


def _control_flow(model: Model) -> int:
    return len({*called_subgraphs(model)} - {0, *(signature.subgraph for signature in model.signatures)})
