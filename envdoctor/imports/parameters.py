"""Where the arguments of Python's own functions belong that are often given by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.imports.enumerated import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The parameters of functions that are often given by name; what is not given is None, or 0 for a level.
_PARAMETERS = {
    "builtins.__import__": ("name", "globals", "locals", "fromlist", "level"),
    "importlib.import_module": ("name", "package"),
    "importlib.util.find_spec": ("name", "package"),
    "os.getenv": ("key", "default"),
    **PARAMETERS,
}


def placed(
    function: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a function by their places, as far as it is known where they belong, and the others."""
    names, left = _PARAMETERS.get(function, ()), dict(keywords)
    values = list(arguments)
    for name in names[len(values) :]:
        if not left.keys() & set(names):
            break
        values.append(left.pop(name, None))
    return tuple(values), left
