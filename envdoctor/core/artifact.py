"""Models and what becomes of them: a kind, a path and a hash.

Kinds are open names: those below are what sources can be, and every compiler has names of its own for what it makes.
"""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  (msgspec resolves the annotation when it builds the schema)

from envdoctor.core.frozen import frozen

#: How a trait begins that names an operator which TensorFlow Lite has no form of.
LACKS = "lacks "
#: How a trait begins that names an operator which some int8 conversion leaves in floats, or writes in a form that not
#: all readers know; see data/stays-float.toml.
STAYS_FLOAT = "stays float "
#: How a trait begins that tells the opset of an ONNX model.
OPSET = "opset "
#: What the traits begin with that name operators of ONNX from domains that ONNX Runtime does not have.
FOREIGN_OPERATOR = "foreign operator "
#: How a trait begins that names an operator of an ONNX model.
OPERATOR = "operator "


class ArtifactKind:
    """The kinds of what a build can start from, told from a file's content."""

    KERAS = "keras"
    SAVED_MODEL = "saved-model"
    TORCH = "torch"
    PT2 = "pt2"
    ONNX = "onnx"
    TFLITE_FLOAT = "tflite-float"
    TASK_BUNDLE = "task-bundle"
    TFLITE_INT8 = "tflite-int8"
    TFLITE_INT16X8 = "tflite-int16x8"


@frozen
class Artifact:
    """A model on disk.

    Attributes:
        kind: one of `ArtifactKind`, or a compiler's own name.
        path: a file, or a folder for a SavedModel.
        sha256: of the file; of a folder, the hash over its sorted relative paths and file hashes.
        traits: what reading it showed that a requirement may ask for (`recurrent`, `dynamic-batch`, `float16`,
            `lambda`, `custom-objects`), each told from the file alone.
        inputs: of a source, what each of its inputs takes, in words; empty if that is not known.
        factory: of a file of Python code, the function in it that makes the model.
        given: what the user said that the model takes (`--inputs`), of a source that does not say it itself.
    """

    kind: str
    path: Path
    sha256: str
    traits: frozenset[str] = frozenset()
    inputs: tuple[str, ...] = ()
    factory: str = ""
    given: str = ""
