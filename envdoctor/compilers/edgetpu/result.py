"""What the Edge TPU compiler says, as values. `log` reads them out of its texts."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class OpStatus(enum.Enum):
    """The status column of the operator table, in the compiler's own words (all that 402 logs of 1.0 to 16.0 show)."""

    MAPPED = "Mapped to Edge TPU"
    UNSUPPORTED_DATA_TYPE = "Operation is working on an unsupported data type"
    UNSPECIFIED_LIMITATION = "Operation is otherwise supported, but not mapped due to some unspecified limitation"
    TWO_DIMENSIONAL_OUTPUT = "For example, a fully-connected or softmax layer with 2D output"
    MORE_THAN_ONE_SUBGRAPH = "More than one subgraph is not supported"
    NOT_SUPPORTED = "Operation not supported"
    UNSUPPORTED_RANK = "Tensor has unsupported rank (up to 3 innermost dimensions mapped)"
    NOT_CONSTANT = "Filter, bias, or other param is not constant at compile-time"
    VERSION_NOT_SUPPORTED = "Operation version not supported"
    UNRECOGNIZED = ""


class FailureKind(enum.Enum):
    """What went wrong, the most telling first: of several in one log, the first here is the cause."""

    OP_VERSION_UNSUPPORTED = "op-version-unsupported"
    OP_CODE_OUT_OF_RANGE = "op-code-out-of-range"
    UNRESOLVED_CUSTOM_OP = "unresolved-custom-op"
    DYNAMIC_TENSORS = "dynamic-tensors"
    NOT_QUANTIZED = "not-quantized"
    EMPTY_SUBGRAPH = "empty-subgraph"
    CANNOT_OPEN = "cannot-open"
    LARGE_ACTIVATIONS = "large-activations"
    TIMEOUT = "timeout"
    UNCAUGHT_EXCEPTION = "uncaught-exception"
    CRASHED = "crashed"
    INTERNAL_COMPILER_ERROR = "internal-compiler-error"
    NODE_NOT_PREPARED = "node-not-prepared"
    OTHER_ERROR = "other-error"
    REGISTRATION_FAILED = "registration-failed"
    NOT_PARSED = "not-parsed"
    INTERPRETER_REFUSED = "interpreter-refused"
    DELEGATE_NOT_APPLIED = "delegate-not-applied"
    INVALID_MODEL = "invalid-model"
    COMPILATION_FAILED = "compilation-failed"


class Outcome(enum.Enum):
    """How the compilation ended, as far as the text tells."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpRow:
    """One row of the operator table. One operator may have several, with different statuses.

    Attributes:
        op: the builtin's name (`CONV_2D`), or `CUSTOM`.
        count: how many operations of the model the row stands for.
        status: what became of them.
        text: the status as it was printed; the only witness where `status` is UNRECOGNIZED.
    """

    op: str
    count: int
    status: OpStatus
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilerFailure:
    """One complaint of the compiler, its TFLite interpreter, its wrapper or the emulator under it.

    Attributes:
        line: the words, as printed.
        op: the operator named (`CONV_2D`, `Atan`), or an empty string.
        version: the operator's version that was asked for, if named.
        number: the opcode, node, subgraph or signal number, if one is named.
        file: the file named, or an empty string.
    """

    kind: FailureKind
    line: str
    op: str = ""
    version: int | None = None
    number: int | None = None
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The memory lines, in bytes, as exact as the two decimals printed. None: not printed by this version.

    Attributes:
        on_chip_available: before this model (compiler 1.0 only).
        on_chip_used: for caching this model's parameters.
        on_chip_remaining: after this model (compilers since 2.0).
        off_chip_used: parameters streamed from the host at each inference.
    """

    on_chip_available: int | None = None
    on_chip_used: int | None = None
    on_chip_remaining: int | None = None
    off_chip_used: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledModel:
    """The block about one model: a text has several when models are co-compiled, segmented or searched.

    Attributes:
        subgraphs: number of Edge TPU subgraphs; None if not printed.
        operations: the compiler's own total; None if not printed (log files never have it).
        on_edgetpu, on_cpu: the compiler's own counts, printed only if something stays on the CPU.
        rows: the operator table, in the order printed; empty if the text has none.
        table_elsewhere: True if the compiler pointed at its log file instead of printing the table.
    """

    input: str = ""
    output: str = ""
    log: str = ""
    input_size: int | None = None
    output_size: int | None = None
    memory: Memory = Memory()
    subgraphs: int | None = None
    operations: int | None = None
    on_edgetpu: int | None = None
    on_cpu: int | None = None
    rows: tuple[OpRow, ...] = ()
    table_elsewhere: bool = False

    @property
    def counted(self) -> int:
        """The sum of the table's rows."""
        return sum(row.count for row in self.rows)

    @property
    def adds_up(self) -> bool:
        """False if the compiler's counts and the table's rows contradict each other: a part of the text is lost."""
        counts = (self.operations, self.counted), (self.on_edgetpu, self.mapped)
        return not self.rows or all(said is None or said == shown for said, shown in counts)

    @property
    def mapped(self) -> int | None:
        """How many operations run on the Edge TPU; None if the text does not tell."""
        if self.rows:
            return sum(row.count for row in self.rows if row.status is OpStatus.MAPPED)
        if self.on_edgetpu is not None:
            return self.on_edgetpu
        # The two counts are printed only if something stays on the CPU; a text cut short does not tell.
        return self.operations if self.subgraphs and self.table_elsewhere else None

    @property
    def total(self) -> int | None:
        """How many operations the model has; None if the text does not tell."""
        return self.operations if self.operations is not None else (self.counted or None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchStep:
    """One attempt of `--search_delegate`: how many operations were tried, and up to which tensors."""

    operations: int
    intermediate_tensors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilerLog:
    """A log file or a console text of `edgetpu_compiler`, whole.

    Attributes:
        version: the first version named (`16.0.384591198`), or None.
        models: one for each model, segment or successful attempt, in the order printed.
        failures: every complaint, attempts that a later one made good included.
        search: the attempts of `--search_delegate`.
        commands: command lines of the compiler that the text echoes.
        milliseconds: the sum of the times printed, or None.
        time_limit: seconds of the compiler's own timer, or None.
        exit_status: what a program around it said about its exit status, or None.
        remarks: lines that are known and carry no value.
        unknown: lines that no rule knows, as they are; nothing is dropped.
    """

    version: str | None = None
    models: tuple[CompiledModel, ...] = ()
    failures: tuple[CompilerFailure, ...] = ()
    search: tuple[SearchStep, ...] = ()
    commands: tuple[str, ...] = ()
    milliseconds: int | None = None
    time_limit: int | None = None
    exit_status: int | None = None
    outcome: Outcome = Outcome.UNKNOWN
    remarks: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[OpRow, ...]:
        """The rows of all tables."""
        return tuple(row for model in self.models for row in model.rows)

    @property
    def cause(self) -> CompilerFailure | None:
        """The complaint that tells most, or None if there is none."""
        order = list(FailureKind)
        return min(self.failures, key=lambda failure: order.index(failure.kind), default=None)
