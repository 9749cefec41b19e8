"""What the stored configuration of a Keras model says: whose code it needs, what goes in, what loops. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from envdoctor.core.data import load_table
from envdoctor.pipeline.workers.arrays import InputSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    #: A serialized object: it has a `class_name`, mostly a `config`, and since Keras 2.13 a `module`.
    Node = Mapping[str, Any]


def nodes_of(config: object) -> tuple[Node, ...]:
    """Every serialized object in a configuration, in order; what the model was compiled with is left out."""
    found, stack = [], [config]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if "class_name" in item:
                found.append(item)
            stack.extend(part for key, part in reversed(item.items()) if key != "compile_config")
        elif isinstance(item, list):
            stack.extend(reversed(item))
    return tuple(found)


def config_of(node: Node) -> Mapping[str, Any]:
    """The configuration of a serialized object; empty where it has none."""
    config = node.get("config")
    return config if isinstance(config, dict) else {}


def lambda_layers(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """Names of the layers that hold Python code."""
    return tuple(str(config_of(node).get("name", "lambda")) for node in nodes if node["class_name"] == "Lambda")


def custom_objects(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """Names of classes and functions that Keras does not have."""
    return tuple(dict.fromkeys((*filter(None, map(_custom_class, nodes)), *_custom_activations(nodes))))


def _custom_class(node: Node) -> str:
    """What a node needs that Keras does not have; empty if nothing."""
    name, module = str(node["class_name"]), node.get("module")
    if name == "function" and module == "builtins":
        return "" if str(node.get("config")) in _words("functions") else f"the function {node.get('config')}"
    if name.startswith("__") or module == "builtins":
        return ""
    if "module" not in node:  # an old file: what has a name of its own is a layer
        known = _words("layers") | _words("keras_2_layers")
        return "" if name in known or "name" not in config_of(node) else name
    if module is None:
        return str(node.get("registered_name") or name).rpartition(">")[2]
    return "" if module.partition(".")[0] == "keras" else f"{module}.{name}"


def _custom_activations(nodes: tuple[Node, ...]) -> Iterator[str]:
    for node in nodes:
        activation = config_of(node).get("activation")
        named = isinstance(activation, str) and node["class_name"] in _words("layers")
        if named and activation not in _words("functions"):
            yield f"the function {activation}"


def _words(key: str) -> frozenset[str]:
    return frozenset(load_table("keras")[key].split())


def traits_of(nodes: tuple[Node, ...], inputs: tuple[InputSpec, ...] | None) -> Iterator[str]:
    """What a route may have to know; see `Artifact`."""
    if any(node["class_name"] in _words("recurrent") and not config_of(node).get("unroll") for node in nodes):
        yield "recurrent"
    if lambda_layers(nodes):
        yield "lambda"
    if any(_needs_keras_2(node) for node in nodes):
        yield "keras-2-only"
    yield from size_traits(inputs or ())


def _needs_keras_2(node: Node) -> bool:
    kind, module = node["class_name"], str(node.get("module"))
    refused = load_table("keras")["keras_2_arguments"].get(kind, ())
    gone = any(module == name or module.startswith(f"{name}.") for name in _words("keras_2_modules"))
    return gone or kind in _words("keras_2_layers") or any(name in config_of(node) for name in refused)


def size_traits(inputs: Iterable[InputSpec]) -> Iterator[str]:
    """`dynamic-batch` if an input takes any number of samples, `open-sizes` if another size is open."""
    shapes = [spec.shape for spec in inputs]
    if any(shape is None or shape[:1] == (None,) for shape in shapes):
        yield "dynamic-batch"
    if any(shape is None or None in shape[1:] for shape in shapes):
        yield "open-sizes"


def inputs_of(model: Node) -> tuple[InputSpec, ...] | None:
    """The inputs of a Functional or Sequential model, in the order of its call; None if it is neither."""
    config = config_of(model)
    layers = model.get("config") if isinstance(model.get("config"), list) else config.get("layers")
    if not isinstance(layers, list) or not layers:
        return None
    if "input_layers" in config:
        named = {str(config_of(layer).get("name")): layer for layer in layers if isinstance(layer, dict)}
        specs = [_input(named.get(name, {})) for name in _names(config["input_layers"])]
        return tuple(spec for spec in specs if spec is not None) if specs and all(specs) else None
    first = layers[0] if isinstance(layers[0], dict) else {}
    spec = _input(first)
    if spec is not None:
        return (spec,)
    return inputs_of(first) if "layers" in config_of(first) else None


def _names(layers: object) -> Iterator[str]:
    """Layer names in `[["a", 0, 0], ["b", 0, 0]]`, `["a", 0, 0]` or a dictionary of such."""
    if isinstance(layers, dict):
        for item in layers.values():
            yield from _names(item)
    elif isinstance(layers, list) and layers and isinstance(layers[0], str):
        yield layers[0]
    elif isinstance(layers, list):
        for item in layers:
            yield from _names(item)


def _input(layer: Node) -> InputSpec | None:
    config = config_of(layer)
    shape = config.get("batch_shape", config.get("batch_input_shape"))
    if not isinstance(shape, list) or not all(size is None or isinstance(size, int) for size in shape):
        return None
    dtype = config.get("dtype") or "float32"
    name = config_of(dtype).get("name", "float32") if isinstance(dtype, Mapping) else dtype
    return InputSpec(str(config.get("name", "input")), tuple(shape), str(name))
