"""Whether a .tflite file is the int8 model that was asked for, by its own tables. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.data import load_table
from envdoctor.core.finding import Evidence
from envdoctor.core.request import BuildOptions
from envdoctor.stages.problems import finding
from envdoctor.support.text import short_name
from envdoctor.tflite.quantization import Scheme, classify, float_islands, per_channel_dense
from envdoctor.tflite.readers import find_reader
from envdoctor.tflite.structure import RANDOM, VARIABLES, dynamic_tensors, lost_variables, resizable_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.finding import Finding
    from envdoctor.core.request import Request
    from envdoctor.tflite.model import Model, Subgraph
    from envdoctor.tflite.quantization import FloatIsland

_QUANTIZED = frozenset({Scheme.INT8, Scheme.PARTIAL})
_WIDE = frozenset({Scheme.INT16, Scheme.PARTIAL})
_CONVERSIONS = frozenset({"QUANTIZE", "DEQUANTIZE"})
#: What is left in floats for a reason that has a name: the problem, and its operators with the words for them.
_NAMED: tuple[tuple[str, dict[str, str]], ...] = (
    ("control-flow-left", {"IF": "branch (tf.cond)", "WHILE": "loop (tf.while_loop)"}),
    ("variables-left", {name: name for name in VARIABLES}),
    ("random-numbers-left", {name: name for name in RANDOM}),
)
#: Element types of inputs and outputs that are no quantized numbers: indexes, counts, truth values.
_COUNTS = frozenset({"INT32", "INT64", "UINT32", "BOOL"})
_LISTED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an int8 product has to be.

    Attributes:
        io_type: the element type of inputs and outputs (`INT8`); empty for what the user's own file had, unless
            another than the default is asked for.
        per_tensor_dense: True if dense weights must have a single scale.
        allow_float: True if operators that compute in floats are accepted.
        one_graph: True if all routes begin with the same operators: those of a TensorFlow model.
        reader: the program that reads it next, by the name that `find_reader` takes.
        schemes: how it may be quantized.
    """

    io_type: str = "INT8"
    per_tensor_dense: bool = False
    allow_float: bool = False
    one_graph: bool = False
    reader: str = "litert"
    schemes: frozenset[Scheme] = _QUANTIZED

    @classmethod
    def of(cls, request: Request) -> Wanted:
        """What a request asks for."""
        goal, options = request.goal, request.options
        given = None if request.source is None else request.source.kind
        wide = ArtifactKind.TFLITE_INT16X8 in {given, goal and goal.kind}
        is_mended = given in {ArtifactKind.TFLITE_INT8, ArtifactKind.TFLITE_INT16X8}
        io_type = "INT16" if wide and options.io_type != "float32" else options.io_type.upper()
        return cls(
            io_type="" if is_mended and options.io_type == BuildOptions().io_type else io_type,
            schemes=_WIDE if wide else _QUANTIZED,
            per_tensor_dense=goal is not None and goal.per_tensor_dense,
            allow_float=options.allow_float or is_mended,
            one_graph=given in {ArtifactKind.KERAS, ArtifactKind.SAVED_MODEL, ArtifactKind.TFLITE_FLOAT},
            reader=(goal.compiler if goal else None) or "litert",
        )


def judge_float(model: Model) -> Iterator[Finding]:
    """What is wrong with a float model."""
    for name in lost_variables(model)[:1]:
        yield finding("variables-lost", model.name, (_evidence(model, f"READ_VARIABLE {name}"),), words=name)


def judge_small(model: Model, scheme: Scheme) -> Iterator[Finding]:
    """What is wrong with a model that computes in floats with weights stored otherwise."""
    yield from judge_float(model)
    found = classify(model)
    if found is not scheme:
        yield finding("not-quantized", model.name, (_evidence(model, found.value),), scheme=found.value)


def judge_mixed(model: Model) -> Iterator[Finding]:
    """What is wrong with a model that a recipe was to quantize, in whatever way."""
    yield from judge_float(model)
    if classify(model) is Scheme.FLOAT:
        yield finding("not-quantized", model.name, (_evidence(model, Scheme.FLOAT.value),), scheme=Scheme.FLOAT.value)


def judge_int8(model: Model, wanted: Wanted) -> Iterator[Finding]:
    """What is wrong with an int8 model, the gravest first."""
    yield from judge_float(model)
    scheme = classify(model)
    if scheme not in wanted.schemes:
        yield finding("not-quantized", model.name, (_evidence(model, scheme.value),), scheme=scheme.value)
        return
    yield from _floats(model, wanted)
    yield from _edges(model, wanted)
    yield from _shapes(model)
    if wanted.per_tensor_dense:
        yield from _dense(model)
    if model.external_buffers:
        yield finding("weights-outside", model.name, (_evidence(model, "Buffer.offset is set"),))
    yield from _versions(model, wanted)


def _floats(model: Model, wanted: Wanted) -> Iterator[Finding]:
    islands = float_islands(model)
    if not islands:
        return
    for problem, words in () if wanted.allow_float else _NAMED:
        found = [one for island in islands for one in island.operators if one.name in words]
        if found:
            tensor = _place(model, next(island for island in islands if found[0] in island.operators))
            said = " and ".join(dict.fromkeys(words[one.name] for one in found))
            proof = tuple(_evidence(model, f"{one.label} {one.index}") for one in found[:_LISTED])
            yield finding(problem, model.name, proof, words=said, tensor=tensor)
            return
    computing = sum(operator.name not in _CONVERSIONS for island in islands for operator in island.operators)
    only = {one.name for island in islands for one in island.operators} & _never_quantized()
    left = "operators-only-float" if only and wanted.one_graph else "float-operators-left"
    yield finding(
        "float-operators-accepted" if wanted.allow_float else left,
        model.name,
        tuple(_evidence(model, _describe(model, island)) for island in islands[:_LISTED]),
        words=_computing(computing),
        only=", ".join(sorted(only)),
        op=islands[0].first.label,
        tensor=_place(model, islands[0]),
        islands=f"in {len(islands)} place{'s' if len(islands) > 1 else ''}",
    )


def _never_quantized() -> frozenset[str]:
    """Operators that each conversion leaves in floats. A CAST says nothing: it stands at an edge, or beside others."""
    table = load_table("stays-float")
    each = frozenset.intersection(*(frozenset(names.split()) for names in table["left"].values()))
    return each - set(table["afterwards"]["int8"].split()) - {"CAST"}


def _computing(count: int) -> str:
    """What floats are there for; an island can hold conversions alone."""
    if not count:
        return "the model passes through floats, though nothing computes in them"
    return f"{count} of the model's operators {'computes' if count == 1 else 'compute'} in floats"


def _place(model: Model, island: FloatIsland) -> str:
    """The tensor that an island's first operator gives; operators such as ASSIGN_VARIABLE give none."""
    given = model.subgraphs[island.subgraph].given(island.first)
    return short_name(given[0].name) if given else "none"


def _describe(model: Model, island: FloatIsland) -> str:
    names = " ".join(operator.label for operator in island.operators[:_LISTED])
    first, last = island.operators[0].index, island.operators[-1].index
    return f"operators {first} to {last}: {names} -> {_place(model, island)}"


def _edges(model: Model, wanted: Wanted) -> Iterator[Finding]:
    main = model.main
    used = {*main.outputs, *(index for operator in main.operators for index in operator.inputs)}
    for which, indexes in (("input", main.inputs), ("output", main.outputs)):
        for index in indexes:
            tensor = main.tensors[index]
            is_count = tensor.dtype in _COUNTS and tensor.quantization is None
            if which == "input" and index not in used:
                yield finding(
                    "input-unused", model.name, (_evidence(model, f"input tensor {index}"),), tensor=tensor.name
                )
                continue
            if wanted.io_type not in {"", tensor.dtype} and not is_count:
                words = f"the {which} {tensor.name} is {tensor.dtype.lower()}"
                evidence = (_evidence(model, f"{which} tensor {index}: {tensor.dtype}"),)
                yield finding("wrong-io-type", model.name, evidence, words=words, wanted=wanted.io_type.lower())


def _shapes(model: Model) -> Iterator[Finding]:
    for tensor in resizable_inputs(model)[:1]:
        words = f"the input {tensor.name} has the shape {tensor.shape_signature}; -1 stands for any size."
        yield finding("batch-not-fixed", model.name, (_evidence(model, words),), words=words)
    found = [one for subgraph in model.subgraphs for one in dynamic_tensors(subgraph)]
    for one in found[:1]:
        operators = ", ".join(f"{each.operator.label} {each.operator.index}" for each in found[:_LISTED])
        evidence = (_evidence(model, f"dynamic from {operators} on"),)
        yield finding(
            "dynamic-tensors",
            model.name,
            evidence,
            tensor=short_name(one.tensor.name),
            op=one.operator.label,
            origin=one.origin,
        )


def _dense(model: Model) -> Iterator[Finding]:
    found = per_channel_dense(model)
    if found:
        subgraph, operator = found[0]
        weights = subgraph.taken(operator)[1]
        scales = len(weights.quantization.scales) if weights.quantization else 0
        yield finding(
            "per-channel-dense",
            model.name,
            (_evidence(model, f"weights {weights.name}: {scales} scales"),),
            count=len(found),
            tensor=_name(subgraph, operator.outputs[0]),
        )


def _versions(model: Model, wanted: Wanted) -> Iterator[Finding]:
    reader = find_reader(wanted.reader)
    used = {(code.name, code.version) for code in model.operator_codes if code.name != "CUSTOM"}
    for name, version in sorted(used):
        if reader.interprets and reader.reads(name, version) is False:
            evidence = (
                _evidence(model, f"{name} version {version}"),
                Evidence(source=reader.evidence, excerpt=f"{reader.title} refuses it"),
            )
            yield finding("operator-version-too-new", model.name, evidence, op=name, version=version)


def _name(subgraph: Subgraph, index: int) -> str:
    return short_name(subgraph.tensors[index].name)


def _evidence(model: Model, excerpt: str) -> Evidence:
    return Evidence(source=model.name, excerpt=excerpt)
