"""A Python file with a function that makes a PyTorch model, named `net.py:make_model`: read as text, never run."""

from __future__ import annotations

import ast
import difflib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.errors import UsageProblem
from envdoctor.support.files import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SUFFIX = ".py"
_LARGEST = 4 << 20
_SHOWN = 6
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def split_factory(path: Path) -> tuple[Path, str]:
    """The file and the name in `net.py:make_model`; a path that is there, or names no Python file, is all path."""
    file, colon, name = str(path).rpartition(":")
    return (Path(file), name) if colon and file.endswith(_SUFFIX) and not path.exists() else (path, "")


def meant_factory(path: Path) -> str:
    """The factory that a path which is not there may mean (`package.net:make`, `package/net:make`), as a question."""
    file, colon, name = str(path).rpartition(":")
    file = file.removesuffix(":")
    guesses = (file, f"{file}{_SUFFIX}", f"{file.replace('.', '/')}{_SUFFIX}", f"{file}/__init__{_SUFFIX}")
    found = next((Path(guess) for guess in guesses if file and is_python(Path(guess))), None)
    return f"; did you mean {found}:{name}?" if colon and name and found else ""


def is_python(path: Path) -> bool:
    """True for a file of Python code, by its name."""
    return path.suffix == _SUFFIX and path.is_file()


def check_factory(path: Path, name: str) -> None:
    """Hold the name of a factory against the file's text.

    What the text leaves open (`from blocks import *`, a name made by a call) is left to the stage that calls it.

    Raises:
        UsageProblem: the file is no Python, has no such name at its top level, or it needs arguments.
    """
    tree = _parse(path)
    defined = dict(_defined(tree.body))
    if not name:
        raise UsageProblem(f"{path} is Python code; {_example(path, defined)}.")
    if name not in defined:
        if name.isidentifier() and _is_open(tree):
            return
        callables = [each for each, node in defined.items() if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
        near = difflib.get_close_matches(name, callables, n=1) or [
            each for each in callables if each.casefold() == name.casefold()
        ]
        known = ", ".join(callables[:_SHOWN]) or "no function"
        hint = f"did you mean {path}:{near[0]}?" if near else f"it defines {known}."
        raise UsageProblem(f"{path} defines no '{name}' at its top level; {hint}")
    node = defined[name]
    if isinstance(node, ast.AsyncFunctionDef):
        raise UsageProblem(f"{name} in {path} is a coroutine; name a plain function that returns the model.")
    needed = _needed(node)
    if needed:
        raise UsageProblem(
            f"{name} in {path} needs arguments ({', '.join(needed)}); name a function without any that calls it."
        )


def _parse(path: Path) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the user's code, such as an invalid escape
            return ast.parse(read_regular(path, _LARGEST))
    except SyntaxError as error:
        raise UsageProblem(f"{path} is no valid Python: line {error.lineno}: {error.msg}.") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise UsageProblem(f"{path} is no valid Python: {error}.") from None


def _defined(body: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """Names that the top level binds, also under a condition, with what binds them."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, node
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from ((alias.asname or alias.name.partition(".")[0], node) for alias in node.names)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = (each for target in targets for each in ast.walk(target))
            yield from ((each.id, node) for each in names if isinstance(each, ast.Name))
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            handlers = [each for handler in getattr(node, "handlers", ()) for each in handler.body]
            more = (getattr(node, "orelse", ()), getattr(node, "finalbody", ()))
            yield from _defined([*node.body, *handlers, *more[0], *more[1]])


def _is_open(tree: ast.Module) -> bool:
    """True for code that may bind names at its top level which the text does not show."""
    if any(_calls(node, "globals", "exec") for node in ast.walk(tree)):
        return True
    nodes: list[ast.AST] = list(tree.body)
    for node in nodes:  # grows: what runs at the top level is looked into, and no function or class
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            return True
        if isinstance(node, (ast.For, ast.Match)) or _calls(node, "setattr"):
            return True
        if isinstance(node, ast.FunctionDef) and node.name == "__getattr__":
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            nodes += ast.iter_child_nodes(node)
    return False


def _calls(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def _needed(node: ast.stmt) -> list[str]:
    """The arguments that a factory can't be called without; none where that is not certain."""
    if isinstance(node, ast.ClassDef):
        inits = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
        return [] if not inits or node.decorator_list else _required(inits[-1])[1:]
    return _required(node) if isinstance(node, ast.FunctionDef) and not node.decorator_list else []


def _required(function: _Function) -> list[str]:
    spec = function.args
    plain = [*spec.posonlyargs, *spec.args]
    without = plain[: len(plain) - len(spec.defaults)]
    named = [each for each, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if default is None]
    return [each.arg for each in (*without, *named)]


def _example(path: Path, defined: dict[str, ast.stmt]) -> str:
    """What to name, or to write, where no function was named."""
    callables = [name for name, node in defined.items() if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    fitting = [name for name in reversed(callables) if not _needed(defined[name]) and not name.startswith("_")]
    if not fitting:
        return f"write a function without arguments that returns the model, and name it: {path}:make_model"
    likely = next((name for name in fitting if "model" in name.casefold()), fitting[0])
    return f"name the function in it that makes the model: {path}:{likely}"
