"""Whether folders that nobody installed take import names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.packages.metadata import normalize
from envdoctor.facts.strays import Content
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

#: Packages of toolchains, which nobody copies by hand: a folder of that name was installed once.
_TOOLCHAIN = frozenset(
    (
        "ai_edge_litert",
        "ai_edge_quantizer",
        "ai_edge_torch",
        "cv2",
        "executorch",
        "flatbuffers",
        "h5py",
        "jax",
        "jaxlib",
        "keras",
        "litert_torch",
        "mediapipe",
        "ml_dtypes",
        "numpy",
        "onnx",
        "onnxruntime",
        "onnx2tf",
        "pandas",
        "PIL",
        "pycoral",
        "scipy",
        "sklearn",
        "tensorboard",
        "tensorflow",
        "tensorflow_hub",
        "tf_keras",
        "tflite_runtime",
        "tflite_support",
        "torch",
        "torchvision",
        "transformers",
    )
)
_WORDS = {
    Content.PACKAGE: "'import {0}' takes it for the package",
    Content.CODE: "'import {0}' makes a package without '__init__' of it",
    Content.NOTHING: "'import {0}' succeeds and gives an empty package",
}


@probe("PKG018")
def check(facts: Facts) -> Iterator[Finding]:
    """A folder among the packages takes an import name, and no distribution owns it.

    Uninstalling leaves what was written later: caches, models, notes. Python makes an empty package of any folder
    (PEP 420), so `import tensorflow` succeeds and `tensorflow.__version__` does not exist, and programs that look for
    a package are misled. A package with its `__init__`, whose metadata is gone, is unknown to pip, which
    neither updates nor removes it; and it hides an installed module of that name beside it. Move the folder away, then
    install what you need.
    """
    for one in facts.strays.leftovers:
        distribution = facts.packages.find(one.name)
        wanted = facts.requirements.wanted.get(normalize(one.name))
        is_missing = bool(wanted) and distribution is None
        suspicious = one.hidden or is_missing or one.content is Content.NOTHING or one.name in _TOOLCHAIN
        words = _WORDS[one.content].format(one.name) + (f", and not {one.hidden.title}" if one.hidden else "")
        yield Finding(
            severity=Severity.WARNING if suspicious else Severity.INFO,
            subject=one.name,
            message=f"No distribution owns the folder {one.path}; {words}.",
            evidence=(Evidence(source=one.path, excerpt=f"{one.example}, in no RECORD"),),
            fix=Fix(text="Move the folder away; then install what you need of that name.") if suspicious else None,
        )
