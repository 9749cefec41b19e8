"""What `os.path` and `pathlib` make of paths that are known, or partly known.

Links are taken to lead to files beside which the same others lie, as installers make them.
"""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from envdoctor.imports import operations
from envdoctor.imports.values import UNKNOWN, Ending, Made, OwnPath, is_constant, is_short

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "pathlib.Path"
PATHS_MADE = frozenset(f"pathlib.{name}" for name in ("Path", "PurePath", "PosixPath", "PurePosixPath", "WindowsPath"))
_MOST_ABOVE = 16  # folders above those that are known
_WHOLE = frozenset({"resolve", "absolute", "expanduser"})


def text_of(value: Any) -> Any:  # noqa: ANN401 - any value of Python
    """A path as a text, or as much of it as is known; any other value as it is."""
    return value.arguments[0] if isinstance(value, Made) and value.maker == PATH else value


def path_object(values: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """What `pathlib.Path` makes of some parts; UNKNOWN where not even the end is known."""
    text = joined_path(values)
    if isinstance(text, str):
        return Made(PATH, (str(PurePosixPath(text)),))
    if isinstance(text, OwnPath):
        parts = (part for part in text.text.split("/") if part not in {"", "."})
        return Made(PATH, (OwnPath(_head(text) + "/".join(parts)),))
    return Made(PATH, (Ending(text.text.rstrip("/")),)) if isinstance(text, Ending) else UNKNOWN


def of_path(name: str, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """What a function of `os.path` with one path returns, by its full name."""
    value = text_of(arguments[0]) if len(arguments) == 1 else UNKNOWN
    kind = name.rpartition(".")[2]
    if kind == "dirname":
        return _folder(value)
    if kind == "basename":
        return _last(value)
    if kind == "split":
        return _folder(value), _last(value)
    if not isinstance(value, Ending) or kind == "expanduser":
        return UNKNOWN
    return _plain(value) if isinstance(value, OwnPath) else Ending(value.text) if kind == "realpath" else value


def joined_path(values: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """What `os.path.join` returns."""
    values = tuple(map(text_of, values))
    parts = values[1:]
    if values and is_constant(values) and all(isinstance(each, str) for each in values):
        return posixpath.join(*values)
    if values and isinstance(values[0], OwnPath) and all(isinstance(each, str) and _is_below(each) for each in parts):
        return OwnPath(posixpath.join(values[0].text, *parts))
    last = values[-1] if values else UNKNOWN
    return operations.tail([*("/" if len(values) > 1 else ()), last]) if isinstance(last, (str, Ending)) else UNKNOWN


def split_extension(values: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """A path's root and its extension, as `posixpath.splitext` tells them apart: by the last dot of its last part."""
    value = text_of(values[0]) if len(values) == 1 else UNKNOWN
    if isinstance(value, str):
        return posixpath.splitext(value) if is_short(value) else UNKNOWN
    if not isinstance(value, Ending) or "/" not in value.text:
        return UNKNOWN
    root, extension = posixpath.splitext(value.text)
    return OwnPath(root) if isinstance(value, OwnPath) else operations.tail([UNKNOWN, root]), extension


def path_attribute(text: Any, name: str) -> Any:  # noqa: ANN401
    """An attribute of a path; None for a method."""
    if name == "parent":
        return path_object((_folder(text),))
    if name == "parents":
        return tuple(path_object((each,)) for each in _above(text))
    if name in {"name", "stem", "suffix"}:
        last = _last(text)
        if name == "name":
            return last
        if not isinstance(last, str):
            return UNKNOWN
        return posixpath.splitext(last)[name == "suffix"]
    return None


def path_method(text: Any, name: str, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """What a method returns that asks nothing of the disk; None for any other."""
    if name in _WHOLE:
        return path_object((of_path(f"os.path.{'realpath' if name == 'resolve' else 'abspath'}", (text,)),))
    if name == "joinpath":
        return path_object((text, *arguments))
    if name == "with_name":
        return path_object((_folder(text), *arguments))
    if name == "with_suffix" and all(isinstance(each, str) for each in arguments):
        root = split_extension((text,))
        return path_object((operations.tail([root[0], *arguments]),)) if isinstance(root, tuple) else UNKNOWN
    return text if name in {"as_posix", "__str__", "__fspath__"} else None


def inside(path: str) -> str | None:
    """A path from site-packages without what leads up or nowhere; None where it leads out of there."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and not parts:
            return None
        if part == "..":
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _plain(path: OwnPath) -> Any:  # noqa: ANN401
    plain = inside(path.text)
    return UNKNOWN if plain is None else OwnPath(_head(path) + plain)


def _head(path: OwnPath) -> str:
    """The slashes that a path begins with."""
    return path.text[: len(path.text) - len(path.text.lstrip("/"))]


def _is_below(part: str) -> bool:
    """Whether joining a part does not begin anew, on any system."""
    return part[:1] not in {"/", "\\"} and ":" not in part


def _folder(value: Any) -> Any:  # noqa: ANN401
    """The folder; what is above site-packages is not known."""
    if isinstance(value, OwnPath):
        return OwnPath(posixpath.dirname(value.text)) if value.text.strip("/") else UNKNOWN
    return posixpath.dirname(value) if isinstance(value, str) else UNKNOWN


def _last(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Ending) and "/" not in value.text:
        return value
    return posixpath.basename(value.text if isinstance(value, Ending) else value) if _is_text(value) else UNKNOWN


def _is_text(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, (str, Ending))


def _above(text: Any) -> Iterator[Any]:  # noqa: ANN401
    """The folders that a path lies in, as far as they are known."""
    while isinstance(text, OwnPath) and text.text.strip("/"):
        text = _folder(text)
        yield text
    yield from (UNKNOWN,) * _MOST_ABOVE
