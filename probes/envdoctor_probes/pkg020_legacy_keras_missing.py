"""Whether TensorFlow is asked for a Keras that is not installed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.errors import FactUnavailable
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.packages.installers import installer_for
from envdoctor.facts.startup import asks_for_legacy_keras
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

#: The distributions that bring the package `tensorflow`.
_TENSORFLOW = (
    "tensorflow",
    "tensorflow-cpu",
    "tensorflow-intel",
    "tensorflow-macos",
    "tf-nightly",
    "ai-edge-tensorflow",
)
_KERAS = ("tf-keras", "tf-keras-nightly")
#: TensorFlow before it has Keras 2 inside.
_SINCE = (2, 16)


@probe("PKG020", timeout=180)
def check(facts: Facts) -> Iterator[Finding]:
    """TF_USE_LEGACY_KERAS asks TensorFlow for Keras 2, and tf_keras is not installed.

    TensorFlow 2.16 and newer take `tf.keras` from the distribution tf_keras where the environment variable
    TF_USE_LEGACY_KERAS is 1 or true, and no metadata asks for it: `import tensorflow` works, and `tf.keras` fails.
    Packages such as tensorflow-model-optimization set it themselves. Install the tf_keras of TensorFlow's own minor
    version, or unset the variable to use Keras 3.
    """
    asked, source = facts.startup.legacy_keras, "environment variable"
    if not asked:
        asked, source = _asked_by_package(facts)
    found = next((one for one in map(facts.packages.find, _TENSORFLOW) if one is not None), None)
    version = None if found is None else re.match(r"(\d{1,6})\.(\d{1,6})", found.version)
    if not asked or found is None or version is None or any(map(facts.packages.find, _KERAS)):
        return
    minor = int(version[1]), int(version[2])
    if minor >= _SINCE:
        versions = "~={}.{}.0".format(*minor)
        installer = installer_for(facts.python, facts.packages, found)
        yield Finding(
            severity=Severity.ERROR,
            subject="tf_keras",
            message=f"{asked} asks {found.title} for Keras 2, which is not installed: 'tf.keras' fails.",
            evidence=(
                Evidence(source=source, excerpt=asked),
                Evidence(source=found.metadata, excerpt=f"{found.title}; no tf_keras beside it"),
            ),
            fix=Fix(
                text=f"Install tf_keras{versions}"
                + (", or unset the variable to use Keras 3." if facts.startup.legacy_keras else "."),
                commands=() if installer is None else installer.install("tf_keras", versions),
            ),
        )


def _asked_by_package(facts: Facts) -> tuple[str, str]:
    """NAME=VALUE that a package sets when it is imported, and where; "" for none, or where nobody looked."""
    try:
        variables = facts.importing.variables
    except FactUnavailable:
        return "", ""
    return next(((variable, path) for _, path, variable in variables if asks_for_legacy_keras(variable)), ("", ""))
