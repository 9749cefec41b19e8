"""SavedModel folders: signatures and operators, read from saved_model.pb without TensorFlow.

The messages are those of tensorflow/core/protobuf/saved_model.proto and meta_graph.proto; the numbers here are their
field numbers. Wire format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.artifact import LACKS, STAYS_FLOAT
from envdoctor.core.data import load_table
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.pipeline.sources import checkpoint
from envdoctor.pipeline.sources.effects import asset_files, reached_in, run_by
from envdoctor.pipeline.sources.saved_functions import require_graph
from envdoctor.pipeline.sources.saved_messages import require_messages
from envdoctor.pipeline.sources.saved_objects import require_objects, require_references, require_variables, sizes_of
from envdoctor.stages.workers.arrays import InputSpec
from envdoctor.support.protobuf import read_message
from envdoctor.tflite.reader import map_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envdoctor.support.protobuf import Message

SIGNATURE = "serving_default"
#: The trait of a model that brings the ranges of its tensors along, and the operators that tell.
LEARNT = "learnt-ranges"
_LEARNT_RANGES = "FakeQuantWithMinMax"
_INTERNAL = "__saved_model"
_SERVE = "serve"
#: Other files that TensorFlow may take the program from.
_OTHER_FORMS = ("saved_model.pbtxt", "saved_model.cpb")
#: DataType of tensorflow/core/framework/types.proto.
_TYPES = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string", 9: "int64", 10: "bool",
    14: "bfloat16", 17: "uint16", 19: "float16", 22: "uint32", 23: "uint64",
}  # fmt: skip

_FLOAT32 = 1
#: Operators that give what a model stores; and how often its nodes are gone through for what depends on these alone.
_STORED, _PASSES = frozenset({"Const", "ReadVariableOp"}), 4
#: Element types that TensorFlow Lite hardly computes in, by the trait of a model that does.
_ODD = {"float16": frozenset({14, 19}), "float64": frozenset({2}), "complex": frozenset({8, 18})}


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedModel:
    """What a SavedModel says.

    Attributes:
        tensorflow: the version that wrote it, or an empty string.
        signatures: input specs by signature name.
        operators: the names of all operators, in functions too.
        running: the names of the operators that each signature runs.
        on_floats: the names of the operators that work on float32, or on what they do if a file says nothing of it.
        odd: element types that an operator computes in and TensorFlow Lite hardly does: float16, float64, complex.
        effects: what loading it or running a signature does beyond computing, a phrase each.
    """

    tensorflow: str
    signatures: dict[str, tuple[InputSpec, ...]]
    operators: frozenset[str]
    running: dict[str, frozenset[str]] = dataclasses.field(default_factory=dict)
    on_floats: frozenset[str] = frozenset()
    odd: frozenset[str] = frozenset()
    effects: tuple[str, ...] = ()

    def inputs_of(self, signature: str | None = None) -> tuple[InputSpec, ...]:
        """The inputs of the signature that a build takes: that of the name, else `serving_default`, else the only one.

        Raises:
            UsageProblem: there is none of the name, or it can't be told which is meant.
        """
        names = ", ".join(self.signatures)
        if signature is not None and signature not in self.signatures:
            raise UsageProblem(f"--signature: the SavedModel has no signature '{signature}'; it has {names}.")
        chosen = signature or (SIGNATURE if SIGNATURE in self.signatures or len(self.signatures) > 1 else names)
        if chosen not in self.signatures:
            raise UsageProblem(
                f"the SavedModel has the signatures {names}, and none is called {SIGNATURE}; choose one with "
                "--signature."
            )
        return self.signatures[chosen]

    def traits(self, signature: str | None = None) -> frozenset[str]:
        """See `Artifact`; those of random numbers and variables are the signature's, or any's if none is chosen."""
        table = load_table("saved-model")
        chosen = signature or (SIGNATURE if SIGNATURE in self.running else "")
        running = self.running.get(chosen, frozenset().union(*self.running.values()))
        recurrent = self.operators & set(table["recurrent"])
        marks = {
            "recurrent": recurrent,
            "control-flow": self.operators & set(table["control_flow"]) and not recurrent,
            "random": running & set(table["random"].split()),
            "stateful": running & set(table["changes_variables"].split()),
            LEARNT: any(name.startswith(_LEARNT_RANGES) for name in self.operators),
        }
        lacking = {f"{LACKS}{name}" for name in running & set(table["not_in_tflite"].split())}
        return self.odd | lacking | self._staying_float(running) | {name for name, present in marks.items() if present}

    def _staying_float(self, running: frozenset[str]) -> frozenset[str]:
        """Operators that some int8 conversion leaves in floats, unless another that is there takes them in."""
        table = load_table("stays-float")
        left = (name for name in running & self.on_floats if not running & set(table["folded"].get(name, "").split()))
        found = [one for name in left for one in table["operators"].get(name, "").split()]
        found += [one for names, one in table["together"].items() if running & self.on_floats >= set(names.split())]
        return frozenset(f"{STAYS_FLOAT}{one}" for one in found)


def read_saved_model(folder: Path) -> SavedModel:
    """Read a SavedModel.

    Raises:
        UsageProblem: it is not for serving, or has no signature.
        Unreadable: it is damaged, or parts of it are missing.
    """
    file = folder / "saved_model.pb"
    other = next((name for name in _OTHER_FORMS if (folder / name).exists()), None)
    if other is not None:
        raise UsageProblem(f"{folder} holds its program twice, in saved_model.pb and {other}; remove the wrong one.")
    try:
        data = map_file(file)
        require_messages(data)
        graphs = list(read_message(data).messages(2))
        serving = [graph for graph in graphs if _SERVE in graph.first(1).texts(4)]
        if not serving:
            raise UsageProblem(f"{folder} is a SavedModel without a graph for serving; save it with the tag 'serve'.")
        _require_own_tags(graphs)
        reached = [reached_in(graph) for graph in graphs]
        found = _read_graph(serving[0])
        running = {name: frozenset(run_by(serving[0], name)) for name in found.signatures}
        require_graph(serving[0])
        require_references(serving[0])
        require_objects(serving[0].first(7), serving[0].first(2).first(2).messages(1))
    except Unreadable as error:
        raise Unreadable(f"{file} is damaged or cut short: {error}") from None
    if not found.signatures:
        raise UsageProblem(
            f"{folder} has no serving signature; save it with tf.saved_model.save(model, folder, signatures=...) or "
            "export it from Keras with model.export(folder)."
        )
    missing = [name for part in reached for name in part.missing]
    if missing or not found.operators:
        raise Unreadable(f"{file} has lost parts: {', '.join(missing[:3]) or 'every operator'} is used and not there")
    _require_signatures(file, serving[0])
    _require_variables(folder, found, serving[0].first(7))
    outside = [phrase for graph in graphs for phrase in _assets(folder, graph)]
    effects = [phrase for part in reached for phrase in part.effects]
    return dataclasses.replace(found, running=running, effects=tuple(dict.fromkeys((*effects, *outside))))


def _require_own_tags(graphs: list[Message]) -> None:
    if len({frozenset(graph.first(1).texts(4)) for graph in graphs}) < len(graphs):
        raise Unreadable("two of its graphs have the same tags")


def _require_signatures(file: Path, graph: Message) -> None:
    for entry in graph.messages(5):
        gives = next(entry.first(2).messages(2), None)
        if gives is None and not entry.text(1).startswith(_INTERNAL):
            raise Unreadable(f"{file} has lost parts: its signature {entry.text(1)} gives nothing")


def _require_variables(folder: Path, model: SavedModel, objects: Message) -> None:
    if not model.operators & {"VarHandleOp", "VariableV2"}:
        return
    if not (folder / "variables" / "variables.index").is_file():
        raise Unreadable(f"{folder} is incomplete: the model has variables, but the folder variables/ is not there")
    stored = checkpoint.require_whole(folder / "variables")
    require_variables(objects, stored)


def _assets(folder: Path, graph: Message) -> Iterator[str]:
    """What the files that a graph calls its assets are beyond that: a phrase for each that lies elsewhere.

    Raises:
        Unreadable: one is not there.
    """
    for asset in asset_files(graph):
        path = folder / "assets" / asset.text(2)
        if not path.resolve().is_relative_to(folder.resolve()):
            yield f"an asset, which reads the file {asset.text(2)} outside of its folder"
        elif not path.is_file():
            raise Unreadable(f"{folder} is incomplete: {asset.text(2)} is not in its assets/")


def _read_graph(graph: Message) -> SavedModel:
    signatures = {}
    nodes = list(_nodes(graph.first(2)))
    for entry in graph.messages(5):
        name = entry.text(1)
        if not name.startswith(_INTERNAL):
            signatures[name] = tuple(_input(item) for item in entry.first(2).messages(1))
    return SavedModel(
        tensorflow=graph.first(1).text(5),
        signatures={name: tuple(sorted(specs, key=lambda spec: spec.name)) for name, specs in signatures.items()},
        operators=frozenset(node.text(2) for node in nodes),
        on_floats=frozenset(_on_floats(graph.first(2))),
        odd=frozenset(name for node in nodes for name in _odd_types(node)),
    )


def _on_floats(graph: Message) -> Iterator[str]:
    """The operators that compute on float32 from what is put in; what is made of constants alone becomes one."""
    for body in (graph.messages(1), *(function.messages(3) for function in graph.first(2).messages(1))):
        nodes = list(body)
        constant = _constants(nodes)
        for node in nodes:
            if node.text(1) not in constant and _FLOAT32 in (_types_of(node) or [_FLOAT32]):
                yield node.text(2)


def _constants(nodes: list[Message]) -> set[str]:
    """The names of the nodes that depend on constants and variables alone."""
    found = set[str]()
    for _ in range(_PASSES):  # nodes stand in any order, nearly always behind what they take
        before = len(found)
        for node in nodes:
            taken = [name.partition(":")[0] for name in node.texts(3) if not name.startswith("^")]
            if node.text(2) in _STORED or (taken and found.issuperset(taken)):
                found.add(node.text(1))
        if len(found) == before:
            break
    return found


def _input(entry: Message) -> InputSpec:
    """A map entry: argument name -> TensorInfo."""
    info = entry.first(2)
    dtype = _TYPES.get(info.number(2), f"type {info.number(2)}")
    shape = info.first(3)
    if shape.number(3):  # unknown_rank
        return InputSpec(entry.text(1), None, dtype)
    return InputSpec(entry.text(1), tuple(None if size < 0 else size for size in sizes_of(shape)), dtype)


def _nodes(graph: Message) -> Iterator[Message]:
    yield from graph.messages(1)
    for function in graph.first(2).messages(1):
        yield from function.messages(3)


def _odd_types(node: Message) -> Iterator[str]:
    """The odd element type that an operator works on, as its attribute T says (of an FFT, Tcomplex)."""
    if node.text(2) in load_table("saved-model")["any_type"]:
        return
    for number in _types_of(node):
        yield from (name for name, numbers in _ODD.items() if number in numbers)


def _types_of(node: Message) -> list[int]:
    """The element types that an operator works on, as its attributes T, and Treal and Tcomplex of an FFT, say."""
    return [entry.first(2).number(6) for entry in node.messages(5) if entry.text(1) in {"T", "Treal", "Tcomplex"}]
