"""What model a file or a folder is, told from its content alone, and what is the matter with one that is none.

No framework is loaded: a .keras file is a zip archive, an .h5 file and a SavedModel are read as far as needed.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from envdoctor import registry
from envdoctor.core.artifact import FOREIGN_OPERATOR, OPERATOR, OPSET, Artifact, ArtifactKind
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.pipeline.sources import bundle, keras, onnx, pt2, saved_model, tflite
from envdoctor.pipeline.sources.factory import check_factory, is_python, meant_factory, split_factory
from envdoctor.pipeline.sources.given_inputs import parse_inputs
from envdoctor.pipeline.sources.keras_config import size_traits
from envdoctor.pipeline.sources.unsupported import explain_file, explain_folder
from envdoctor.stages.foreseen import traits_of_calls
from envdoctor.stages.requirements import OWN_OPERATORS
from envdoctor.support.files import open_regular
from envdoctor.support.hashing import hash_path, hash_value
from envdoctor.tflite.containers import BUNDLE_SUFFIX, FileKind, read_models, sniff

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from envdoctor.stages.workers.arrays import InputSpec

#: How much of what a model would do is listed.
_SHOWN = 5
#: The trait of an ONNX model that computes in integers.
_QUANTIZED = frozenset({"quantized"})


def identify(path: Path, *, trust_code: bool = False, signature: str | None = None, given: str = "") -> Artifact:
    """Tell what model a path is.

    Args:
        path: a .keras, .h5, .pt2 or .tflite file or the folder of a SavedModel, whatever it is called; or
            `net.py:make_model`, a file of Python code and the function in it that makes a PyTorch model.
        trust_code: True if code that is stored in the model (a Lambda layer, an operator that writes files) may be run.
        signature: the one of a SavedModel that is meant, if it is named.
        given: what the user said that the model takes (`--inputs`).

    Raises:
        UsageProblem: it is no model that a build can start from; one sentence says what it is and what to do.
    """
    path, factory = split_factory(path)
    try:
        if not path.exists():
            hint = meant_factory(path) or "; name a model file or the folder of a SavedModel."
            raise UsageProblem(f"{path} does not exist{hint}")
        if factory or is_python(path):
            return _identify_factory(path, factory, given)
        _refuse_compiled(path)
        if onnx.looks_like_onnx(path):
            return _identify_onnx(path, given)
        if given:
            raise UsageProblem(f"--inputs: {path.name} says itself what it takes.")
        if not path.is_dir():
            open_regular(path).close()
        kind, traits = _read(path, signature, trust_code=trust_code)
        artifact = Artifact(kind=kind, path=path, sha256=hash_path(path), traits=traits)
        inputs = model_inputs(artifact, signature) or ()
        _refuse_text(path, inputs)
        sizes = size_traits(inputs) if kind in {ArtifactKind.SAVED_MODEL, ArtifactKind.PT2} else frozenset()
        return dataclasses.replace(artifact, inputs=tuple(spec.describe() for spec in inputs), traits=traits | sizes)
    except Unreadable as error:
        raise UsageProblem(f"{str(error).rstrip('.')}; get a whole copy of it.") from None
    except OSError as error:
        raise UsageProblem(f"{path} can't be read: {error.strerror or error}.") from None


def _refuse_compiled(path: Path) -> None:
    compiled = registry.identify_file(path)
    if compiled is not None:
        raise UsageProblem(f"{path} {compiled.sentence}")


def _identify_factory(path: Path, factory: str, given: str) -> Artifact:
    check_factory(path, factory)
    inputs = tuple(spec.describe() for spec in parse_inputs(given)) if given else ()
    return Artifact(
        kind=ArtifactKind.TORCH, path=path, sha256=hash_path(path), inputs=inputs, factory=factory, given=given
    )


def _identify_onnx(path: Path, given: str) -> Artifact:
    model = onnx.read_onnx(path, given)
    if not model.inputs:
        raise UsageProblem(f"{path} has no input, so that its output is constant: there is nothing to build.")
    _refuse_text(path, model.inputs)
    hashes = [hash_path(file) for file in (path, *sorted(model.external))]
    return Artifact(
        kind=ArtifactKind.ONNX,
        path=path,
        sha256=hash_value(hashes) if model.external else hashes[0],
        traits=size_traits(model.inputs)
        | {f"{OPSET}{model.opset}"}
        | {f"{OPERATOR}{name}" for name in model.operators}
        | {f"{FOREIGN_OPERATOR}{name}" for name in model.foreign}
        | traits_of_calls("onnx", model.operators)
        | (_QUANTIZED if "DequantizeLinear" in model.operators else frozenset()),
        inputs=tuple(spec.describe() for spec in model.inputs),
        given=given,
    )


def model_inputs(artifact: Artifact, signature: str | None = None) -> tuple[InputSpec, ...] | None:
    """The inputs that a source names, for a check of calibration samples before anything is started.

    Returns:
        The inputs; None where the file does not say (a subclassed Keras model): its worker will know.

    Raises:
        UsageProblem: it can't be told which signature of a SavedModel is meant, or it has none of that name.
    """
    if artifact.kind != ArtifactKind.SAVED_MODEL and signature is not None:
        raise UsageProblem(f"--signature: {artifact.path.name} is no SavedModel, and has no signatures to choose from.")
    read = _READ_INPUTS.get(artifact.kind)
    return None if read is None else read(artifact, signature)


def stored_code(artifact: Artifact) -> tuple[str, ...]:
    """What loading an exported program would do beyond computing, as it is now, a phrase each; none for other kinds."""
    if artifact.kind != ArtifactKind.PT2:
        return ()
    try:
        return pt2.read_pt2(artifact.path).code
    except Unreadable as error:
        return (str(error),)


_READ_INPUTS: Mapping[str, Callable[[Artifact, str | None], tuple[InputSpec, ...] | None]] = {
    ArtifactKind.KERAS: lambda artifact, _: keras.read_keras(artifact.path).inputs,
    ArtifactKind.TORCH: lambda artifact, _: parse_inputs(artifact.given) if artifact.given else None,
    ArtifactKind.ONNX: lambda artifact, _: onnx.read_onnx(artifact.path, artifact.given).inputs,
    ArtifactKind.PT2: lambda artifact, _: pt2.read_pt2(artifact.path).inputs,
    ArtifactKind.SAVED_MODEL: lambda artifact, name: saved_model.read_saved_model(artifact.path).inputs_of(name),
    **dict.fromkeys(
        (ArtifactKind.TFLITE_FLOAT, ArtifactKind.TFLITE_INT8, ArtifactKind.TFLITE_INT16X8),
        lambda artifact, _: tflite.inputs_of(artifact.path),
    ),
}


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


def class_count(artifact: Artifact) -> int | None:
    """How many classes a source's only output tells apart; None where its file does not say it plainly."""
    if artifact.kind == ArtifactKind.KERAS:
        return keras.read_keras(artifact.path).classes
    is_tflite = artifact.kind in {ArtifactKind.TFLITE_FLOAT, ArtifactKind.TFLITE_INT8, ArtifactKind.TFLITE_INT16X8}
    return tflite.class_count(artifact.path) if is_tflite else None


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
    if kind is FileKind.EXPORTED_PROGRAM:
        exported = pt2.read_pt2(path)
        _refuse_code(path, exported.code, trust_code=trust_code)
        own = frozenset({OWN_OPERATORS} if exported.custom_operators else ())
        return ArtifactKind.PT2, own | traits_of_calls("torch", exported.operators)
    if kind in {FileKind.TFLITE, FileKind.COMPILED}:
        return tflite.identify_tflite(path)
    if kind is FileKind.ZIP and path.suffix == BUNDLE_SUFFIX:
        read_models(path)  # says what it lacks
    if kind is FileKind.BUNDLE:
        return ArtifactKind.TASK_BUNDLE, bundle.traits_of(path)
    raise UsageProblem(explain_folder(path) if path.is_dir() else explain_file(path, kind))


def _refuse_code(path: Path, code: Sequence[str], *, trust_code: bool) -> None:
    if code and not trust_code:
        named = "; ".join(code[:_SHOWN]) + (" and more" if len(code) > _SHOWN else "")
        raise UsageProblem(
            f"{path} holds {named}: loading or running it would do that; `routes` and `build` take --trust-code, "
            "if you trust where it comes from."
        )
