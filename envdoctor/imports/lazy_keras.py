"""TensorFlow's `keras`, a package of another distribution (tensorflow.python.util.lazy_loader.KerasLazyLoader)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.imports.site import Presence
from envdoctor.imports.variables import may_be_set

if TYPE_CHECKING:
    from envdoctor.imports.machine import Machine

_NAME, KERAS = "tensorflow.keras", "keras._tf_keras.keras"
_LEGACY = "TF_USE_LEGACY_KERAS"  # by which it is tf_keras
_TRUE = ("1", "true", "True", "")  # the last for a value that is not known


def real_name(module: str, machine: Machine) -> str:
    """The module that one is, by its full name: below `tensorflow.keras` that of Keras 3, where it is certainly that.

    A TensorFlow from before 2.15 has no `keras` at all beside Keras 3, so that nothing is in there either.
    """
    if module != _NAME and not module.startswith(f"{_NAME}."):
        return module
    site, find = machine.site, machine.imports.find
    is_other = any(find(each).presence is not Presence.ELSEWHERE for each in ("tensorflow", KERAS))
    if is_other or may_be_set(_LEGACY, machine) or any(site.may_set(f"{_LEGACY}={value}") for value in _TRUE):
        return module
    return KERAS + module.removeprefix(_NAME)
