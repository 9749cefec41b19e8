"""What a SavedModel would do to the machine beyond computing: the operators that loading it, or a signature, reaches.

Loading (tensorflow/python/saved_model/load.py, load_v1_in_v2.py) runs the functions that make, fill and drop resources
and those that restore objects, the saver's restore operator, and the init operator; a conversion runs the signatures.
What nothing of these reaches does not run. The saver's own reading of variables/, and tables that are read from the
model's assets/, stay within the model's folder.
Fields: tensorflow/core/protobuf/meta_graph.proto, saved_object_graph.proto; core/framework/graph.proto, function.proto.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from envdoctor.core.data import load_table
from envdoctor.core.errors import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from envdoctor.support.protobuf import Message

#: Names under which a resource keeps what loading, or the end of the process, calls.
_CALLED = frozenset({"_initialize", "_create_resource", "_destroy_resource"})
_SIGNATURES = "signatures"
_INIT_COLLECTIONS = frozenset({"saved_model_main_op", "legacy_init_op"})
_PASSED_ON = frozenset({"Identity", "StopGradient", "Snapshot", "ReadVariableOp"})
_CALLS = frozenset({"PartitionedCall", "StatefulPartitionedCall"})
_RESTORES = frozenset({"RestoreV2", "Restore", "RestoreSlice"})
_ASSIGNS = "AssignVariableOp"
_DEEPEST, _MOST_CALLS = 200, 100_000


@functools.cache
def operator_effects() -> Mapping[str, Mapping[str, Any]]:
    """The rows of data/tensorflow-effects.toml by operator."""
    return {name: row for row in load_table("tensorflow-effects")["effect"] for name in row["operators"].split()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What loading a model, or a signature of it, comes to.

    Attributes:
        effects: what it does beyond computing, a phrase for each operator that acts.
        missing: names of operators and functions that are used and not there.
    """

    effects: tuple[str, ...]
    missing: tuple[str, ...]


def reached_in(graph: Message) -> Reached:
    """Walk a MetaGraphDef.

    Raises:
        Unreadable: the graph is damaged.
    """
    walk = _Walk(graph)
    walk.from_nodes(_signature_nodes(graph))
    walk.from_nodes(_init_nodes(graph))
    walk.from_objects(graph.first(7))
    walk.from_nodes([graph.first(3).text(3)], restoring=True)
    return Reached(effects=tuple(walk.found), missing=tuple(walk.missing))


def run_by(graph: Message, signature: str) -> Iterable[str]:
    """The operators that a signature runs, in functions too.

    Raises:
        Unreadable: the graph is damaged.
    """
    walk = _Walk(graph)
    walk.from_nodes(_signature_nodes(graph, signature))
    return walk.kinds


def _signature_nodes(graph: Message, name: str | None = None) -> Iterator[str]:
    for entry in graph.messages(5):
        if name not in {None, entry.text(1)}:
            continue
        signature = entry.first(2)
        for outputs in (*signature.messages(2), *signature.messages(1)):
            yield from tensor_names(outputs.first(2))


def tensor_names(info: Message) -> Iterator[str]:
    """The tensors of a TensorInfo: a dense one, or the parts of a sparse or composite one."""
    yield from filter(None, (info.text(1), *(info.first(4).text(number) for number in (1, 2, 3))))
    for component in info.first(5).messages(2):
        yield from tensor_names(component)


def _init_nodes(graph: Message) -> Iterator[str]:
    for entry in graph.messages(4):
        if entry.text(1) in _INIT_COLLECTIONS:
            yield from entry.first(2).first(1).texts(1)


@dataclass(slots=True)
class _Walk:
    """Goes from what runs to all that it runs, each function once for each way in which its arguments are known."""

    graph: Message
    found: dict[str, None] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)
    kinds: set[str] = field(default_factory=set)
    nodes: dict[str, Message] = field(init=False)
    functions: dict[str, Message] = field(init=False)
    assets: frozenset[str] = field(init=False)
    _seen: set[tuple[str, frozenset[str], bool]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.nodes = {node.text(1): node for node in self.graph.first(2).messages(1)}
        self.functions = {function.first(1).text(1): function for function in self.graph.first(2).first(2).messages(1)}
        named = (name for asset in asset_files(self.graph) for name in tensor_names(asset.first(1)))
        self.assets = _with_variables(self.nodes, frozenset(map(node_name, named)))

    def from_nodes(self, names: Iterable[str], *, restoring: bool = False) -> None:
        """From nodes of the main graph back to all that they need."""
        waiting, seen = [node_name(name) for name in names if name], set[str]()
        while waiting:
            name = waiting.pop()
            node = self.nodes.get(name)
            if node is None:
                self.missing[name] = None
            if node is None or name in seen:
                continue
            seen.add(name)
            waiting.extend(node_name(taken) for taken in node.texts(3))
            self._look(node, self.nodes, self.assets, restoring=restoring)

    def from_objects(self, objects: Message) -> None:
        """From the functions of the object graph that loading or a signature calls, with what they have captured."""
        nodes = list(objects.messages(1))
        captures = {entry.text(1): list(entry.first(2).numbers(2)) for entry in objects.messages(2)}
        for number in _called_objects(nodes):
            node = nodes[number] if number < len(nodes) else None
            for name in () if node is None else (*node.first(6).texts(1), *node.first(8).texts(1)):
                self._from_function(name, self._captured(name, captures.get(name, []), nodes))

    def _captured(self, name: str, bound: list[int], nodes: list[Message]) -> frozenset[str]:
        """The arguments of a function, its last, that are files among the model's assets."""
        arguments = self._arguments(name)
        behind = arguments[len(arguments) - len(bound) :] if bound else []
        return frozenset(
            argument
            for argument, number in zip(behind, bound, strict=False)
            if number < len(nodes) and nodes[number].has(5)
        )

    def _from_function(self, name: str, assets: frozenset[str], *, restoring: bool = False) -> None:
        function, key = self.functions.get(name), (name, assets, restoring)
        if function is None:
            self.missing[name] = None
        if function is None or key in self._seen:
            return
        if len(self._seen) > _MOST_CALLS:
            raise Unreadable(f"its functions call each other in more than {_MOST_CALLS} ways")
        self._seen.add(key)
        inside = {node.text(1): node for node in function.messages(3)}
        for node in inside.values():
            self._look(node, inside, assets, restoring=restoring)

    def _look(self, node: Message, around: Mapping[str, Message], assets: frozenset[str], *, restoring: bool) -> None:
        """One operator: what it does itself, and the functions that it calls."""
        kind = node.text(2)
        self.kinds.add(kind)
        row = operator_effects().get(kind)
        own = restoring and kind in _RESTORES
        if row is not None and not own and not _is_harmless(node, row, around, assets):
            self.found.setdefault(f"the operator {kind}, which {row['does']}")
        given = node.texts(3)
        for name in (*((kind,) if kind in self.functions else ()), *filter(None, _functions_named(node))):
            handed = self._arguments(name) if kind in {*_CALLS, name} else []
            pairs = zip(handed, given, strict=False)
            known = frozenset(argument for argument, taken in pairs if _is_asset(taken, around, assets))
            self._from_function(name, known, restoring=restoring)

    def _arguments(self, name: str) -> list[str]:
        function = self.functions.get(name)
        return [] if function is None else [argument.text(1) for argument in function.first(1).messages(2)]


def _is_harmless(node: Message, row: Mapping[str, Any], around: Mapping[str, Message], assets: frozenset[str]) -> bool:
    """True if what the operator would act on is its own model's, or nothing."""
    if "attribute" in row:
        values = [entry.first(2).text(2) for entry in node.messages(5) if entry.text(1) == row["attribute"]]
        return all(value in row["harmless"] for value in values)
    place, given = load_table("tensorflow-effects")["file_input"].get(node.text(2)), node.texts(3)
    return place is not None and place < len(given) and _is_asset(given[place], around, assets)


def _is_asset(name: str, around: Mapping[str, Message], assets: frozenset[str]) -> bool:
    """True if a tensor is the path of one of the model's assets."""
    for _ in range(_DEEPEST):
        name = node_name(name)
        if name in assets:
            return True
        node = around.get(name)
        if node is None or node.text(2) not in _PASSED_ON or not node.texts(3):
            return False
        name = node.texts(3)[0]
    return False


def _with_variables(nodes: Mapping[str, Message], assets: frozenset[str]) -> frozenset[str]:
    """The assets, and the variables of the main graph that hold the path of one and get no other value."""
    users: dict[str, list[Message]] = {}
    for node in nodes.values():
        for taken in node.texts(3):
            users.setdefault(node_name(taken), []).append(node)
    return assets | {
        name
        for name, node in nodes.items()
        if node.text(2) == "VarHandleOp" and _holds_asset(users.get(name, []), assets)
    }


def _holds_asset(users: list[Message], assets: frozenset[str]) -> bool:
    assigned = [[node_name(taken) for taken in user.texts(3)][1:2] for user in users if user.text(2) == _ASSIGNS]
    others = any(user.text(2) not in {_ASSIGNS, "ReadVariableOp", "VarIsInitializedOp"} for user in users)
    return bool(assigned) and not others and all(set(values) <= assets for values in assigned)


def asset_files(graph: Message) -> Iterator[Message]:
    """The AssetFileDefs of a MetaGraphDef; TensorFlow 1 keeps them in a collection, each within an Any."""
    yield from graph.messages(6)
    for entry in graph.messages(4):
        if entry.text(1) == "saved_model_assets":
            yield from (item.first(2) for item in entry.first(2).first(5).messages(1))


def _functions_named(node: Message) -> Iterator[str]:
    """The functions in an operator's attributes (AttrValue: func 10, list 1 with func 9)."""
    for entry in node.messages(5):
        value = entry.first(2)
        yield from (called.text(1) for called in (*value.messages(10), *value.first(1).messages(9)))


def _called_objects(nodes: list[Message]) -> Iterator[int]:
    """The numbers of the objects that hold functions which loading or a signature calls."""
    for number, node in enumerate(nodes):
        for child in node.messages(1):
            target = child.number(1)
            if child.text(2) in _CALLED:
                yield target
            if child.text(2) == _SIGNATURES and number == 0 and target < len(nodes):
                yield from (signature.number(1) for signature in nodes[target].messages(1))
        for entry in node.messages(11):
            yield from (entry.first(2).number(2), entry.first(2).number(3))


def node_name(tensor: str) -> str:
    """The node of a tensor (`name:0`), or of what must run before (`^name`)."""
    return tensor.removeprefix("^").partition(":")[0]
