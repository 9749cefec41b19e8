"""What model a file or a folder is, told from its content alone, and what is the matter with one that is none.

No framework is loaded: a .keras file is a zip archive, an .h5 file and a SavedModel are read as far as needed.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.pipeline.sources import keras, saved_model, tflite
from envdoctor.pipeline.sources.keras_config import size_traits
from envdoctor.pipeline.sources.unsupported import explain_file, explain_folder
from envdoctor.support.files import open_regular
from envdoctor.support.hashing import hash_path
from envdoctor.tflite.containers import FileKind, sniff

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from envdoctor.stages.workers.arrays import InputSpec

#: How much of what a model would do is listed.
_SHOWN = 5


def identify(path: Path, *, trust_code: bool = False, signature: str | None = None) -> Artifact:
    """Tell what model a path is.

    Args:
        path: a .keras, .h5 or .tflite file or the folder of a SavedModel, whatever it is called.
        trust_code: True if code that is stored in the model (a Lambda layer, an operator that writes files) may be run.
        signature: the one of a SavedModel that is meant, if it is named.

    Raises:
        UsageProblem: it is no model that a build can start from; one sentence says what it is and what to do.
    """
    try:
        if not path.exists():
            raise UsageProblem(f"{path} does not exist; name a model file or the folder of a SavedModel.")
        if not path.is_dir():
            open_regular(path).close()
        kind, traits = _read(path, signature, trust_code=trust_code)
        artifact = Artifact(kind=kind, path=path, sha256=hash_path(path), traits=traits)
        inputs = model_inputs(artifact, signature) or ()
        _refuse_text(path, inputs)
        sizes = size_traits(inputs) if kind == ArtifactKind.SAVED_MODEL else frozenset()
        return dataclasses.replace(artifact, inputs=tuple(spec.describe() for spec in inputs), traits=traits | sizes)
    except Unreadable as error:
        raise UsageProblem(f"{str(error).rstrip('.')}; get a whole copy of it.") from None
    except OSError as error:
        raise UsageProblem(f"{path} can't be read: {error.strerror or error}.") from None


def model_inputs(artifact: Artifact, signature: str | None = None) -> tuple[InputSpec, ...] | None:
    """The inputs that a source names, for a check of calibration samples before anything is started.

    Returns:
        The inputs; None where the file does not say (a subclassed Keras model): its worker will know.

    Raises:
        UsageProblem: it can't be told which signature of a SavedModel is meant, or it has none of that name.
    """
    if artifact.kind != ArtifactKind.SAVED_MODEL and signature is not None:
        raise UsageProblem(f"--signature: {artifact.path.name} is no SavedModel, and has no signatures to choose from.")
    if artifact.kind == ArtifactKind.KERAS:
        return keras.read_keras(artifact.path).inputs
    if artifact.kind == ArtifactKind.SAVED_MODEL:
        return saved_model.read_saved_model(artifact.path).inputs_of(signature)
    if artifact.kind in {ArtifactKind.TFLITE_FLOAT, ArtifactKind.TFLITE_INT8, ArtifactKind.TFLITE_INT16X8}:
        return tflite.inputs_of(artifact.path)
    return None


def _refuse_text(path: Path, inputs: Sequence[InputSpec]) -> None:
    for spec in inputs:
        if spec.dtype == "string":
            raise UsageProblem(
                f"the input {spec.describe()} of {path.name} takes text, which no accelerator computes with; export "
                "the part behind it, which takes numbers (the ids that TextVectorization or StringLookup gives)."
            )


def input_scale(artifact: Artifact) -> float | None:
    """What a Keras model's own layers take its input times; None where that is not known."""
    return keras.read_keras(artifact.path).input_scale if artifact.kind == ArtifactKind.KERAS else None


def _read(path: Path, signature: str | None, *, trust_code: bool) -> tuple[str, frozenset[str]]:
    kind = sniff(path)
    if kind in {FileKind.KERAS, FileKind.HDF5}:
        model = keras.read_keras(path)
        keras.refuse_custom(model)
        _refuse_code(path, model.code, trust_code=trust_code)
        return ArtifactKind.KERAS, model.traits
    if kind is FileKind.SAVED_MODEL:
        program = saved_model.read_saved_model(path)
        _refuse_code(path, program.effects, trust_code=trust_code)
        return ArtifactKind.SAVED_MODEL, program.traits(signature)
    if kind in {FileKind.TFLITE, FileKind.COMPILED}:
        return tflite.identify_tflite(path)
    raise UsageProblem(explain_folder(path) if path.is_dir() else explain_file(path, kind))


def _refuse_code(path: Path, code: Sequence[str], *, trust_code: bool) -> None:
    if code and not trust_code:
        named = "; ".join(code[:_SHOWN]) + (" and more" if len(code) > _SHOWN else "")
        raise UsageProblem(
            f"{path} holds {named}: loading or running it would do that; pass --trust-code if you trust where it comes "
            "from."
        )
