"""Log files and console texts of `edgetpu_compiler`, versions 1.0 to 16.0 -> CompilerLog.

The layouts were read off 402 logs of real runs. A line that no rule knows is kept in `CompilerLog.unknown`.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field, replace
from typing import Any

from envdoctor.compilers.edgetpu.result import (
    CompiledModel,
    CompilerFailure,
    CompilerLog,
    FailureKind,
    Memory,
    OpRow,
    OpStatus,
    Outcome,
    SearchStep,
)
from envdoctor.compilers.edgetpu.text import STATUSES, TABLE, compiler_lines
from envdoctor.core.data import load_file

_UNITS = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,6})?) ?(B|KiB|MiB|GiB)$")
# The name column is 31 wide and the count column 11; documents squeeze them or put bars between.
_ROW = re.compile(
    r"^\|?\s*([A-Z][A-Z0-9_]*)[ \t|]+(\d{1,9})[ \t|]+"
    rf"(?:\"?({'|'.join(re.escape(s) for s in STATUSES)})[ \t|\"]*(.*)|(\S.*))$",
)
_HEADER = re.compile(r"^\|?\s*Operator[ \t|]+Count[ \t|]+Status\s*\|?$")
_VERSION = re.compile(r"Edge TPU [Cc]ompiler (?:version )?(\d+(?:\.\d+)+)")
_COMMAND = re.compile(r"^(?:[^\n]{0,200}?[$#%!>] ?)?((?:sudo )?(?:[\w./~-]*/)?edgetpu_compiler(?: .*)?)$")
_EXIT = re.compile(r"returned non-zero exit status (\d{1,3})")

_MODEL_TEXT = {
    "Input model: ": "input",
    "Input: ": "input",
    "Output model: ": "output",
    "Output: ": "output",
    "Operation log: ": "log",
}
_MODEL_SIZE = {"Input size: ": "input_size", "Output size: ": "output_size"}
_MODEL_COUNT = {
    "Number of Edge TPU subgraphs: ": "subgraphs",
    "Total number of operations: ": "operations",
    "Number of operations that will run on Edge TPU: ": "on_edgetpu",
    "Number of operations that will run on CPU: ": "on_cpu",
}
_MEMORY = {
    "On-chip memory available for caching model parameters: ": "on_chip_available",
    "On-chip memory used for caching model parameters: ": "on_chip_used",
    "On-chip memory remaining for caching model parameters: ": "on_chip_remaining",
    "Off-chip memory used for streaming uncached model parameters: ": "off_chip_used",
}

_FATAL = frozenset(FailureKind) - {FailureKind.DELEGATE_NOT_APPLIED, FailureKind.OTHER_ERROR}


@functools.lru_cache(maxsize=1)
def _failure_patterns() -> tuple[tuple[FailureKind, re.Pattern[str]], ...]:
    return tuple((FailureKind(kind), re.compile(pattern)) for kind, pattern in load_file(TABLE)["failures"])


def parse_log(text: str) -> CompilerLog:
    """Read a log file, a console text, or a document that quotes either.

    Args:
        text: any text; a notebook's JSON too. Never raises: what it can't read is in `unknown`.
    """
    reader = _Reader()
    for line in compiler_lines(text):
        reader.read(line)
    return reader.result()


def parse_size(text: str) -> int | None:
    """`8.01MiB` -> bytes; None if it is not a size."""
    match = _SIZE.match(text.strip())
    return round(float(match.group(1)) * _UNITS[match.group(2)]) if match else None


def _failure(kind: FailureKind, line: str, found: dict[str, str]) -> CompilerFailure:
    version, number = found.get("version"), found.get("number")
    return CompilerFailure(
        kind=kind,
        line=line,
        op=found.get("op", ""),
        file=found.get("file", ""),
        version=int(version) if version else None,
        number=int(number) if number else None,
    )


@dataclass(slots=True)
class _Reader:
    """The state while lines go by."""

    log: dict[str, Any] = field(default_factory=dict)
    models: list[CompiledModel] = field(default_factory=list)
    failures: list[CompilerFailure] = field(default_factory=list)
    search: list[SearchStep] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    model: dict[str, Any] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)
    rows: list[OpRow] = field(default_factory=list)
    verdict: Outcome = Outcome.UNKNOWN
    compiled: bool = False
    headed: bool = False

    def read(self, line: str) -> None:
        """Give the line to the first rule that takes it."""
        rules = (self._row, self._field, self._verdict, self._search, self._remark, self._failure, self._frame)
        if not any(rule(line) for rule in rules):
            self.unknown.append(line)

    def result(self) -> CompilerLog:
        self._close_model()
        return CompilerLog(
            models=tuple(self.models),
            failures=tuple(self.failures),
            search=tuple(self.search),
            commands=tuple(self.commands),
            remarks=tuple(self.remarks),
            unknown=tuple(self.unknown),
            outcome=self._outcome(),
            **self.log,
        )

    def _outcome(self) -> Outcome:
        if self.verdict is not Outcome.FAILED and not all(model.adds_up for model in self.models):
            return Outcome.UNKNOWN
        # Standard error may come after standard output, so the order of lines does not tell; the last verdict does.
        if self.verdict is not Outcome.UNKNOWN:
            return self.verdict
        if any(failure.kind in _FATAL for failure in self.failures):
            return Outcome.FAILED
        written = self.compiled or (self.headed and any(model.output and model.rows for model in self.models))
        return Outcome.SUCCEEDED if written else Outcome.UNKNOWN

    def _close_model(self) -> None:
        if self.model or self.memory or self.rows:
            self.models.append(CompiledModel(memory=Memory(**self.memory), rows=tuple(self.rows), **self.model))
        self.model, self.memory, self.rows = {}, {}, []

    def _set(self, name: str, value: str | int | None) -> None:
        if name == "input" or name in self.model:
            self._close_model()
        self.model[name] = value

    def _row(self, line: str) -> bool:
        match = _ROW.match(line)
        if not match:
            header = bool(_HEADER.match(line))
            self.headed |= header
            return header
        op, count, status, rest, other = match.groups()
        if other is not None and not re.search(r"\s{2,}|\||\t", line):
            return False  # prose that happens to begin with a capital word and a number
        known = OpStatus(status) if status else OpStatus.UNRECOGNIZED
        self.rows.append(OpRow(op=op, count=int(count), status=known, text=status or other.rstrip(" |")))
        if rest:
            self.unknown.append(rest)
        return True

    def _field(self, line: str) -> bool:
        label, colon, value = line.partition(": ")
        label, value = label + colon, value.strip()
        size = parse_size(value)
        if label in _MODEL_TEXT:
            self._set(_MODEL_TEXT[label], value)
        elif label in _MODEL_SIZE and size is not None:
            self._set(_MODEL_SIZE[label], size)
        elif label in _MODEL_COUNT and value.isdecimal():
            self._set(_MODEL_COUNT[label], int(value[:12]))
        elif label in _MEMORY and size is not None:
            self.memory[_MEMORY[label]] = size
        else:
            return False
        return True

    def _failure(self, line: str) -> bool:
        for kind, pattern in _failure_patterns():
            match = pattern.search(line)
            if match:
                self.failures.append(_failure(kind, line, match.groupdict(default="")))
                if line.startswith("Compilation failed!"):
                    self.verdict = Outcome.FAILED
                return True
        return False

    def _verdict(self, line: str) -> bool:
        if line.startswith("Compilation succeeded!"):
            self.verdict = Outcome.SUCCEEDED
        elif match := re.match(r"Models? compiled successfully in (\d{1,9}) ms", line):
            self._close_model()
            self.compiled = True
            self.log["milliseconds"] = self.log.get("milliseconds", 0) + int(match.group(1))
        else:
            return False
        return True

    def _search(self, line: str) -> bool:
        if match := re.match(r"Try to compile segment with (\d{1,9}) ops", line):
            self._close_model()
            self.search.append(SearchStep(operations=int(match.group(1))))
        elif line.startswith("Intermediate tensors: ") and self.search:
            tensors = tuple(line.partition(": ")[2].split(","))
            self.search[-1] = replace(self.search[-1], intermediate_tensors=tensors)
        else:
            return False
        return True

    def _frame(self, line: str) -> bool:
        """What stands around the compiler's own blocks: its version, the command line, the caller's words."""
        if match := re.match(r"Started a compilation timeout timer of (\d{1,9}) seconds", line):
            self.log["time_limit"] = int(match.group(1))
        elif match := _EXIT.search(line):
            self.log["exit_status"] = int(match.group(1))
        elif match := _VERSION.search(line):
            self.log.setdefault("version", match.group(1))
        elif match := _COMMAND.match(line):
            self.commands.append(match.group(1))
        else:
            return False
        return True

    def _remark(self, line: str) -> bool:
        if not line.startswith(tuple(load_file(TABLE)["remarks"])):
            return False
        if line.startswith("See the operation log file"):
            self.model["table_elsewhere"] = True
        self.remarks.append(line)
        return True
