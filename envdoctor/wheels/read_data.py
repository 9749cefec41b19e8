"""Which files a module's text reads that must lie beside it: `open(os.path.join(os.path.dirname(__file__), "x.json"))`.

Only what reads, by a path that is written out from the module's own place, and is not guarded by `try` or `if`, counts.
"""

from __future__ import annotations

import ast
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_READING = {"r", "rb", "rt", "br", "tr"}
_READERS = {"read_text", "read_bytes"}  # of pathlib
_RESOURCES = {"get_data", "resource_string", "resource_stream", "open_text", "read_text", "read_binary", "open_binary"}
_OF_FILES = {"exists", "isfile", "is_file", "makedirs", "mkdir", "open", "write", "write_text", "dump", "copy", "stat"}
_SAME_PLACE = {"abspath", "realpath", "resolve", "absolute", "Path", "PurePath", "str", "fspath", "normpath"}


@dataclass(frozen=True, slots=True)
class DataRead:
    """A file that is read.

    Attributes:
        path: from site-packages; relative to the working folder if `is_relative`.
        is_relative: whether it is looked for in the folder in which the user happens to be.
        on_import: whether it is read whenever the module is imported.
    """

    path: str
    is_relative: bool = False
    on_import: bool = False


def data_reads(tree: ast.Module, path: str, package: str) -> Iterator[DataRead]:
    """The files that a module reads, each once.

    Args:
        tree: the module.
        path: where it lies, from site-packages.
        package: the package that it is in, dotted.
    """
    folder = f"/{package.replace('.', '/')}"
    places = {"__file__": f"/{path}", "__package__": folder, "__name__": folder}
    yield from dict.fromkeys(_in_body(tree.body, places, on_import=True))


def _in_body(body: list[ast.stmt], places: dict[str, str], *, on_import: bool) -> Iterator[DataRead]:
    known = dict(places)
    for statement in body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.With)):
            runs = on_import and isinstance(statement, (ast.ClassDef, ast.With))
            for item in statement.items if isinstance(statement, ast.With) else ():
                yield from _in_expression(item.context_expr, known, on_import=on_import)
            yield from _in_body(statement.body, known, on_import=runs)
        elif isinstance(statement, (ast.Expr, ast.Assign, ast.AnnAssign, ast.Return)):
            yield from _in_expression(statement.value, known, on_import=on_import)
            _note(statement, known)
        elif not isinstance(statement, (ast.Import, ast.ImportFrom)) and not (on_import and _is_harmless(statement)):
            return  # from here on it may be guarded, or made


def _is_harmless(statement: ast.stmt) -> bool:
    """Whether a statement neither asks for files nor makes any, as far as its words tell."""
    return not any(_last_name(node) in _OF_FILES for node in ast.walk(statement) if isinstance(node, ast.expr))


def _note(statement: ast.stmt, known: dict[str, str]) -> None:
    """Names of paths."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        place = _place(statement.value, known)
        known.pop(statement.targets[0].id, None)
        if place:
            known[statement.targets[0].id] = place


def _in_expression(value: ast.expr | None, known: dict[str, str], *, on_import: bool) -> Iterator[DataRead]:
    nodes = list(ast.walk(value)) if value else []
    if any(isinstance(node, (ast.Lambda, ast.IfExp, ast.BoolOp)) for node in nodes):
        return
    for node in nodes:
        if isinstance(node, ast.Call) and (found := _read_by(node, known)):
            is_relative = not found.startswith("/")
            if on_import or not is_relative:  # who calls a function may have gone to the right folder
                yield DataRead(found.lstrip("/"), is_relative, on_import)


def _read_by(call: ast.Call, known: dict[str, str]) -> str:
    """The path that a call reads, absolute if it is the module's own place; "" for any other call."""
    name = _last_name(call.func)
    if name == "open" and isinstance(call.func, ast.Name) and call.args and _is_reading(call):
        first = call.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return "" if first.value.startswith(("/", "~")) or not posixpath.splitext(first.value)[1] else first.value
        return _file(_place(first, known))
    if name in _READERS and isinstance(call.func, ast.Attribute) and not call.args:
        return _file(_place(call.func.value, known))
    if name in _RESOURCES and len(call.args) == 2 and isinstance(call.args[1], ast.Constant):  # noqa: PLR2004
        of, resource = call.args[0], call.args[1].value
        folder = _dotted_place(of, known)
        if folder and isinstance(resource, str):
            return _file(f"{folder}/{resource}")
    return ""


def _is_reading(call: ast.Call) -> bool:
    named = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    mode = (call.args[1:2] or named or [ast.Constant("r")])[0]
    return isinstance(mode, ast.Constant) and mode.value in _READING


def _place(value: ast.expr, known: dict[str, str]) -> str:
    """The path that an expression is, from site-packages with a slash before it; "" if that is not written out."""
    if isinstance(value, ast.Name):
        return known.get(value.id, "")
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Div):
        return _joined(_place(value.left, known), [value.right])
    if isinstance(value, ast.Attribute) and value.attr == "parent":
        return _above(_place(value.value, known))
    if not isinstance(value, ast.Call):
        return ""
    return _called(value, known)


def _called(call: ast.Call, known: dict[str, str]) -> str:
    name = _last_name(call.func)
    if name == "dirname" and len(call.args) == 1:
        return _above(_place(call.args[0], known))
    if name == "join" and call.args and isinstance(call.func, ast.Attribute) and _last_name(call.func.value) == "path":
        return _joined(_place(call.args[0], known), call.args[1:])
    if name == "joinpath" and isinstance(call.func, ast.Attribute):
        return _joined(_place(call.func.value, known), call.args)
    if name == "files" and len(call.args) == 1:
        return _dotted_place(call.args[0], known)
    if name in _SAME_PLACE:
        inner = call.args[0] if call.args else call.func.value if isinstance(call.func, ast.Attribute) else None
        return _place(inner, known) if inner is not None else ""
    return ""


def _dotted_place(value: ast.expr, known: dict[str, str]) -> str:
    """Where a package lies that is given by its name."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return f"/{value.value.replace('.', '/')}"
    return _place(value, known) if isinstance(value, ast.Name) else ""


def _joined(place: str, parts: list[ast.expr]) -> str:
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    if not place or len(texts) != len(parts) or any(text.startswith("/") for text in texts):
        return ""
    return posixpath.normpath(posixpath.join(place, *texts))


def _above(place: str) -> str:
    return posixpath.dirname(place) if place.count("/") > 1 else ""


def _file(place: str) -> str:
    """A path if it is one of a file."""
    return place if posixpath.splitext(place)[1] else ""


def _last_name(value: ast.expr) -> str:
    if isinstance(value, ast.Attribute):
        return value.attr
    return value.id if isinstance(value, ast.Name) else ""
