"""SavedModels: the signature to build, made again with a fixed batch of one where it is not fixed yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arrays import InputSpec
from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from .untyped import Array, ConcreteFunction, SavedModel, Structure, Tensor

SIGNATURE = "serving_default"
#: Signatures that TensorFlow adds for itself.
_INTERNAL = "__saved_model"


def load(folder: Path) -> SavedModel:
    """Load a SavedModel."""
    import tensorflow as tf

    return tf.saved_model.load(str(folder))


def signature_of(loaded: SavedModel, wanted: str | None = None) -> tuple[str, ConcreteFunction]:
    """The name and the function of the signature to build: the one that is wanted, `serving_default`, or the only one.

    Raises:
        Problem: there is none, or it can't be told which.
    """
    signatures = {name: each for name, each in loaded.signatures.items() if not name.startswith(_INTERNAL)}
    name = wanted or SIGNATURE
    if name in signatures:
        return name, signatures[name]
    if len(signatures) == 1 and wanted is None:
        return next(iter(signatures.items()))
    if not signatures:
        raise Problem(
            "no-signature",
            "the SavedModel has no serving signature; save it with tf.saved_model.save(model, folder, signatures=...) "
            "or export it from Keras with model.export(folder).",
        )
    raise Problem(
        "no-signature",
        f"the SavedModel has the signatures {', '.join(signatures)} and none is called {name}; choose one with "
        "--signature.",
    )


def inputs_of(function: ConcreteFunction) -> tuple[InputSpec, ...]:
    """The inputs of a signature, by name."""
    specs = function.structured_input_signature[1]
    return tuple(
        InputSpec(name, None if spec.shape.rank is None else tuple(spec.shape.as_list()), spec.dtype.name)
        for name, spec in sorted(specs.items())
    )


def is_static(inputs: Sequence[InputSpec]) -> bool:
    """True if every size is fixed, and the batch is one."""
    return all(spec.shape is not None and spec.shape[:1] == (1,) and None not in spec.shape for spec in inputs)


def owns_variables(loaded: SavedModel, function: ConcreteFunction) -> bool:
    """True if the model itself lists what a signature reads, as what Keras exports does.

    The converter loses the weights of others: of a Keras model that is an attribute of a tf.Module, say.
    """
    owned = {id(variable) for variable in getattr(loaded, "variables", ())}
    return owned.issuperset(map(id, function.variables))


def fix(loaded: SavedModel, name: str, inputs: Sequence[InputSpec], folder: Path) -> None:
    """Save the model again with one signature that takes exactly these inputs."""
    import tensorflow as tf

    function = loaded.signatures[name]
    module = tf.Module()
    module.source = loaded  # keeps the variables: a function without their owner loses them
    module.variables_read = list(function.variables)  # the owner may not list all of them
    specs = {spec.name: tf.TensorSpec(spec.shape, spec.dtype, name=spec.name) for spec in inputs}

    def serve(**arguments: Tensor) -> Structure:
        return function(**arguments)

    concrete = tf.function(serve, autograph=False).get_concrete_function(**specs)
    tf.saved_model.save(module, str(folder), signatures={SIGNATURE: concrete})


def answers(function: ConcreteFunction, sample: Mapping[str, Array]) -> Mapping[str, Array]:
    """The outputs of a signature for a batch, both by name."""
    import tensorflow as tf

    return {key: value.numpy() for key, value in function(**{k: tf.constant(v) for k, v in sample.items()}).items()}
