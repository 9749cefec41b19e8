"""Whether a compiler takes an operator by itself, whatever stands around it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.limits import Objection, Question, limitation, too_many_dimensions
from envdoctor.tflite.quantization import FLOATS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.compilers.edgetpu.rulebook import OperatorRule


def objection(question: Question, *, int8: bool) -> Objection | None:
    """Why the compiler leaves an operator to the CPU, or None if it takes it.

    The compiler judges the data type first, then the operator, its limitations, its version, its constants and its
    rank, and reports the first that fails. A certain objection goes before an uncertain one.

    Args:
        question: the operator and the compiler.
        int8: whether int8 is taken, and not only uint8.
    """
    uncertain = None
    for found in _objections(question, int8=int8):
        if found.certain:
            return found
        uncertain = uncertain or found
    return uncertain


def _objections(question: Question, *, int8: bool) -> Iterator[Objection]:
    mistyped = _data_type(question, int8=int8)
    if mistyped:
        yield mistyped
        return
    rule = question.rules.operators.get(question.operator.name)
    unsupported = _unsupported(question, rule)
    if unsupported:
        yield unsupported
    if rule is None:
        return
    for limit in rule.limits:
        found = limitation(limit)(question)
        if found:
            yield replace(found, limit=limit)
    for check in (_version(question, rule), _constants(question, rule), too_many_dimensions(question)):
        if check:
            yield check


def _unsupported(question: Question, rule: OperatorRule | None) -> Objection | None:
    """What speaks against the operator as such: certain only where a source says that this release refuses it."""
    label, release = question.operator.label, question.compiler.release
    if rule is None:
        refused = question.rules.refused.get(question.operator.name)
        taken = None if refused is None else refused.known(question.compiler)
    else:
        taken = rule.known(question.compiler)
    if taken:
        return None
    if taken is None:
        reason = f"no source tells whether edgetpu_compiler {release} takes {label}"
        return Objection(status="unsupported", reason=reason, certain=False)
    return Objection(status="unsupported", reason=f"edgetpu_compiler {release} does not take {label}")


def _data_type(question: Question, *, int8: bool) -> Objection | None:
    """The type of what goes in and of what comes out; parameters such as indexes are not looked at."""
    rule = question.rules.operators.get(question.operator.name)
    source = question.input(rule.input if rule else 0)
    if question.operator.name == "QUANTIZE" and source is not None and source.dtype in FLOATS:
        return Objection(status="limit", reason="it turns floats into integers", limit="float_input")
    taken = {"INT8", "UINT8"} if int8 else {"UINT8"}
    tensors = (*([source] if source is not None else []), *question.subgraph.given(question.operator))
    foreign = next((tensor.dtype for tensor in tensors if tensor.dtype not in taken), None)
    if foreign is None:
        return None
    sort = "floats" if foreign in FLOATS else "other_types"
    reason = f"it works on {foreign}, not on {' or '.join(sorted(taken))}"
    return Objection(status="data-type", reason=reason, limit=sort)


def _version(question: Question, rule: OperatorRule) -> Objection | None:
    operator = question.operator
    refused = question.rules.refused_versions.get(operator.name)
    if refused and operator.version >= refused.first and refused.covers(question.compiler):
        return Objection(status="version", reason=f"its version, {operator.version}, is newer than what is taken")
    if operator.version <= rule.version:
        return None
    return Objection(
        status="version",
        reason=f"version {operator.version}; up to {rule.version} is known to be mapped",
        certain=False,
    )


def _constants(question: Question, rule: OperatorRule) -> Objection | None:
    for position in rule.constants:
        tensor = question.input(position)
        if tensor is not None and not tensor.constant:
            return Objection(status="constant", reason=f"its input {position} is computed, not constant")
    return None
