"""The Python texts of a wheel, each parsed once: whether they compile, what they import and read in any case."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.support.syntax import UnknownEncoding, parse_python
from envdoctor.wheels.read_data import DataRead, data_reads

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Bytes of modules in one wheel.
MOST_TEXT = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleText:
    """What the text of a module says.

    Attributes:
        name: dotted.
        path: from site-packages.
        problem: why this Python can't compile it; "" if it can.
        imports: modules, absolute, of `import` statements that run whenever it is imported.
        names: what such statements take from packages, dotted: a module or another name.
        reads: the files beside it that it reads and surely expects.
        libraries: the names of shared libraries among its texts.
    """

    name: str
    path: str
    problem: str = ""
    imports: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    reads: tuple[DataRead, ...] = ()
    libraries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleTexts:
    """The modules that were parsed, and the path of the first that was not, for there was too much; "" if all were."""

    modules: tuple[ModuleText, ...] = ()
    cut_at: str = ""


def module_texts(sources: Iterator[tuple[str, str, int, bytes]]) -> ModuleTexts:
    """Parses modules.

    Args:
        sources: name, path, size and content of each; the content is asked for one by one.
    """
    found: list[ModuleText] = []
    left = MOST_TEXT
    for name, path, size, content in sources:
        left -= size
        if left < 0:
            return ModuleTexts(modules=tuple(found), cut_at=path)
        found.append(_parsed(name, path, content))
    return ModuleTexts(modules=tuple(found))


def _parsed(name: str, path: str, content: bytes) -> ModuleText:
    try:
        text = content.decode("utf-8-sig")
        if "\0" in text or "coding" in text[:200]:
            text = content.decode("ascii")  # what is in another encoding is not looked at
        tree = parse_python(text)
    except (UnicodeDecodeError, Unreadable) as error:
        problem = "" if b"coding" in content[:200] and not isinstance(error, UnknownEncoding) else str(error)
        return ModuleText(name=name, path=path, problem=problem)
    package = name if path.endswith("/__init__.py") else name.rpartition(".")[0]
    return ModuleText(
        name=name,
        path=path,
        imports=tuple(dict.fromkeys(each for statement in tree.body for each in _imported(statement, package))),
        names=tuple(dict.fromkeys(each for statement in tree.body for each in _taken(statement, package))),
        reads=tuple(data_reads(tree, path, package)) if "open" in text or "read" in text or "get_data" in text else (),
        libraries=tuple(_libraries(tree)) if "ctypes" in text or "cffi" in text else (),
    )


def _taken(statement: ast.stmt, package: str) -> Iterator[str]:
    if isinstance(statement, ast.ImportFrom):
        above = package.split(".")
        base = above[: len(above) - statement.level + 1] if statement.level else []
        parts = [*base, *([statement.module] if statement.module else [])]
        yield from (".".join([*parts, alias.name]) for alias in statement.names)


def _imported(statement: ast.stmt, package: str) -> Iterator[str]:
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom):
        above = package.split(".")
        base = above[: len(above) - statement.level + 1] if statement.level else []
        if statement.module and (base or not statement.level):
            yield ".".join([*base, statement.module])


def _libraries(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 100:  # noqa: PLR2004
            name = node.value.replace("\\", "/").rpartition("/")[2]
            if name.endswith((".so", ".dll", ".dylib", ".pyd")) and " " not in name:
                yield name
