"""What the functions of `os.path` make of paths that are known, or partly known."""

from __future__ import annotations

import posixpath
from typing import Any

from envdoctor.imports import operations
from envdoctor.imports.values import UNKNOWN, Ending, OwnPath, is_constant, is_short


def of_path(name: str, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401 - any value of Python
    """What a function of one path returns, by its full name."""
    value = arguments[0] if len(arguments) == 1 else UNKNOWN
    if name == "os.path.dirname" and isinstance(value, OwnPath):
        return OwnPath(posixpath.dirname(value.text))
    if name == "os.path.dirname" and isinstance(value, str):
        return posixpath.dirname(value)
    if not isinstance(value, Ending) or name in {"os.path.dirname", "os.path.basename", "os.path.expanduser"}:
        return UNKNOWN
    return Ending(value.text) if name == "os.path.realpath" else value  # a link may lead elsewhere


def joined_path(values: tuple[Any, ...]) -> Any:  # noqa: ANN401 - any value of Python
    """What `os.path.join` returns."""
    parts = values[1:]
    if values and is_constant(values) and all(isinstance(each, str) for each in values):
        return posixpath.join(*values)
    if values and isinstance(values[0], OwnPath) and all(isinstance(each, str) and each[:1] != "/" for each in parts):
        return OwnPath(posixpath.join(values[0].text, *parts))
    last = values[-1] if values else UNKNOWN
    return operations.tail([*("/" if len(values) > 1 else ()), last]) if isinstance(last, (str, Ending)) else UNKNOWN


def split_extension(values: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """A path's root and its extension, as `posixpath.splitext` tells them apart: by the last dot of its last part."""
    value = values[0] if len(values) == 1 else UNKNOWN
    if isinstance(value, str):
        return posixpath.splitext(value) if is_short(value) else UNKNOWN
    if not isinstance(value, Ending) or "/" not in value.text:
        return UNKNOWN
    root, extension = posixpath.splitext(value.text)
    return operations.tail([UNKNOWN, root]), extension
