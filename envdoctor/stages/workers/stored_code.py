"""What in a Keras configuration is, or names, code that loading would run. Pure; the doctor and the stages share it.

Loading a configuration looks up every `class_name` in the `module` that it names, and calls what it finds with the
`config` (keras/src/saving/serialization_lib.py of 2.15 and 3.15, keras/src/legacy/saving/serialization.py). So a name
is harmless if it is known to be, never because nothing is known against it.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .untyped import Json

    #: A serialized object: it has a `class_name`, mostly a `config`, and since Keras 2.13 a `module`.
    Node = Mapping[str, Any]
    #: The tables that know Keras' names: data/keras.toml, and the operators of data/tensorflow-effects.toml.
    Names = Mapping[str, Any]

_TEXTS = ("class_name", "module", "registered_name")
_OP = re.compile(r'^\s*op:\s*"([^"]*)"', re.MULTILINE)


class Malformed(ValueError):
    """A configuration that no Keras wrote; the message says where."""


def nodes_of(config: Json) -> tuple[Node, ...]:
    """Every serialized object in a configuration, in order.

    What the model itself was compiled with is left out: nothing here loads that. A model inside it brings its own
    `compile_config`, which Keras does load.

    Raises:
        Malformed: one has a name that is no text.
    """
    found: list[Node] = []
    stack: list[Json] = [config]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if "class_name" in item:
                _require_texts(item)
                found.append(item)
            skipped = "compile_config" if item is config else None
            stack.extend(part for key, part in reversed(item.items()) if key != skipped)
        elif isinstance(item, list):
            stack.extend(reversed(item))
    return tuple(found)


def _require_texts(node: Node) -> None:
    for key in _TEXTS:
        value = node.get(key, "")
        if not isinstance(value, str) and (value is not None or key == "class_name"):
            raise Malformed(f"{key} is {json.dumps(value)[:40]}, no text")


def config_of(node: Node) -> Mapping[str, Any]:
    """The configuration of a serialized object; empty where it has none."""
    config = node.get("config")
    return config if isinstance(config, dict) else {}


def code_in(nodes: Sequence[Node], names: Names) -> tuple[str, ...]:
    """What loading would run or read beyond the model's layers and weights: one phrase each, for a person."""
    return tuple(dict.fromkeys(phrase for node in nodes for phrase in _phrases(node, names)))


def foreign_in(nodes: Sequence[Node], names: Names) -> tuple[str, ...]:
    """Names of classes and functions that Keras does not have, so that loading needs somebody's code."""
    named = (*(_foreign_class(node, names) for node in nodes), *(_foreign_activation(node, names) for node in nodes))
    return tuple(dict.fromkeys(filter(None, named)))


def _phrases(node: Node, names: Names) -> Iterator[str]:
    kind, own = str(node["class_name"]), config_of(node)
    label = f"the {kind} layer {own.get('name', kind.lower())}"
    if "Lambda" in {kind, _registered(node)}:
        yield f"Python code in the Lambda layer {own.get('name', 'lambda')}"
    elif kind == "__lambda__":
        yield "the Python code of a function"
    elif kind in _words(names, "running_layers"):
        yield f"{label}, which loads a program of another framework"
    elif kind in _words(names, "vocabulary_layers") and isinstance(own.get("vocabulary"), str):
        yield f"{label}, which reads the file {own['vocabulary']}"
    elif kind in _words(names, "keras_2_layers"):
        yield from (f"{label}, which calls {name}" for name in _called(kind, own) if not _is_harmless(name, names))
    elif not _is_model_part(node, names):
        name = own.get("name") if kind != "function" else node.get("config")
        yield f"{node.get('module')}.{name if kind == 'function' else kind}, which is no part of a model"


def _called(kind: str, own: Mapping[str, Any]) -> Iterator[str]:
    """The TensorFlow function or operator that a layer of Keras 2 calls; `?` where it can't be told."""
    if kind == "TensorFlowOpLayer":
        definition = own.get("node_def")
        text = definition if isinstance(definition, str) else json.dumps(definition)
        found = _OP.search(text) or re.search(r'"op":\s*"([^"]*)"', text)
        yield f"raw_ops.{found[1]}" if found else "?"
    elif kind == "ClassMethod":
        yield f"{own.get('cls_symbol', '?')}.{own.get('method_name', '?')}"
    elif kind in {"InstanceMethod", "InstanceProperty"}:
        yield f"tensor.{own.get('method_name', own.get('attr_name', '?'))}"
    else:
        yield str(own.get("function", "?"))


def _is_harmless(name: str, names: Names) -> bool:
    """True if a TensorFlow function only computes."""
    name = name.removeprefix("compat.v1.")
    module, _, last = name.rpartition(".")
    if module == "raw_ops":
        return last.isidentifier() and last not in names["effects"]
    if not module:
        return name in _words(names, "tensorflow_functions")
    return _within(module, _words(names, "tensorflow_modules")) and last.isidentifier() and not last.startswith("_")


def _is_model_part(node: Node, names: Names) -> bool:
    """True if Keras would look an object up where only layers and their parts are, or nowhere."""
    kind, module = str(node["class_name"]), node.get("module")
    if kind.startswith("__") or not module or module == "builtins" or not _is_keras(module):
        return True  # a plain value, an old file's name, or what `foreign_in` tells
    if kind == "function":  # Keras 2 and 3 read `outer.inner` as an attribute, of an imported module too
        return _within(module, _words(names, "function_modules")) and str(node.get("config")).isidentifier()
    if _registered(node) not in {"", kind}:
        return False  # Keras 2 looks that name up where it does not find the first
    in_place = module == "keras" or _within(module, _words(names, "class_modules"))
    return in_place and kind[:1].isupper() and kind.isidentifier()


def _foreign_class(node: Node, names: Names) -> str:
    """What a node needs that Keras does not have; empty if nothing."""
    kind, module = str(node["class_name"]), node.get("module")
    if kind == "function" and module == "builtins":
        return "" if str(node.get("config")) in _words(names, "functions") else f"the function {node.get('config')}"
    if kind == "__typespec__":
        return "" if _within(str(module), {"tensorflow"}) else f"{module}.{node.get('spec_name')}"
    if kind.startswith("__") or (module is not None and _is_keras(module)):
        return ""
    if "module" not in node:  # an old file: what has a name of its own is a layer
        known = _words(names, "layers") | _words(names, "keras_2_layers")
        return "" if kind in known or ("name" not in config_of(node) and kind[:1].isupper()) else kind
    if module is None:
        return _registered(node) or kind or "a class without a name"
    return f"{module}.{node.get('config') if kind == 'function' else kind}"


def _foreign_activation(node: Node, names: Names) -> str:
    activation = config_of(node).get("activation")
    named = isinstance(activation, str) and node["class_name"] in _words(names, "layers")
    return f"the function {activation}" if named and activation not in _words(names, "functions") else ""


def _registered(node: Node) -> str:
    return str(node.get("registered_name") or "").rpartition(">")[2]


def _is_keras(module: str) -> bool:
    return _within(module, {"keras"})


def _within(module: str, packages: frozenset[str] | set[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def _words(names: Names, key: str) -> frozenset[str]:
    return frozenset(names[key].split())
