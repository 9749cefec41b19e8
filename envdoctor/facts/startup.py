"""What acts on every start of this Python: lines of .pth files, sitecustomize, and variables that packages heed."""

from __future__ import annotations

import ast
import contextlib
import functools
import json
import locale
import os
import sys
import warnings
from typing import TYPE_CHECKING

from envdoctor.core.errors import FactUnavailable
from envdoctor.core.frozen import frozen
from envdoctor.core.request import LEFT_OUT
from envdoctor.facts.python.search_path import Origin, is_import_line, lines_of_pth
from envdoctor.support.files import read_head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envdoctor.core.request import Request
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts
    from envdoctor.facts.importing.start_code import StartCode
    from envdoctor.facts.python import Python

#: TensorFlow 2.16 and newer compare the variable with these (`tensorflow/__init__.py`).
_LEGACY_KERAS, _TRUE = "TF_USE_LEGACY_KERAS", frozenset({"1", "true", "True"})
_MOST_BYTES = 1 << 20
#: What `site` does not catch (CPython's Lib/site.py takes every Exception).
_EXITS = "it raises SystemExit"


@frozen
class StartupProblem:
    """A line or a file that Python reads when it starts and that does not do what it is there for.

    Attributes:
        path: of the file.
        excerpt: the line, or the text around the fault.
        reason: what is wrong, in words.
        raises: True if Python prints an error for it at every start; else it passes over it.
        stops: True if Python does not start at all.
    """

    path: str
    excerpt: str
    reason: str
    raises: bool = True
    stops: bool = False


@frozen
class Startup:
    """All of it.

    Attributes:
        problems: what does not work.
        legacy_keras: `VARIABLE=value` if the environment asks TensorFlow for Keras 2; else empty.
        keras_backend: what Keras 3 computes with, such as "torch".
        keras_backend_source: what says so: a variable, a file, or that nothing does.
    """

    problems: tuple[StartupProblem, ...] = ()
    legacy_keras: str = ""
    keras_backend: str = "tensorflow"
    keras_backend_source: str = "Keras's default"


def ask(facts: Facts, request: Request, executor: Executor) -> Startup:  # noqa: ARG001 - files tell all
    """Read the files; none is run.

    Raises:
        FactUnavailable: the interpreter could not be described.
    """
    asked = f"{_LEGACY_KERAS}={os.environ.get(_LEGACY_KERAS, '')}"
    code = functools.cache(lambda: None if LEFT_OUT in request.topics else _code_of(facts))
    problems = [*_line_problems(facts, code), *_customization_problems(facts.python, code)]
    backend, source = _keras_backend()
    return Startup(
        problems=tuple(problems),
        legacy_keras=asked if asks_for_legacy_keras(asked) else "",
        keras_backend=backend,
        keras_backend_source=source,
    )


def asks_for_legacy_keras(variable: str) -> bool:
    """Whether a variable, as NAME=VALUE, asks TensorFlow for Keras 2."""
    name, _, value = variable.partition("=")
    return name == _LEGACY_KERAS and value in _TRUE


def keras_settings() -> str:
    """The file in which Keras keeps the name of its backend, whether it is there or not."""
    return os.path.expanduser(os.path.join(os.environ.get("KERAS_HOME", os.path.join("~", ".keras")), "keras.json"))


def _keras_backend() -> tuple[str, str]:
    """As `keras/src/backend/config.py` finds it: the variable, else keras.json, else TensorFlow."""
    if named := os.environ.get("KERAS_BACKEND", ""):
        return named, f"KERAS_BACKEND={named}"
    file = keras_settings()
    try:
        settings = json.loads(_content(file))
    except (ValueError, RecursionError):
        settings = None
    backend = settings.get("backend") if isinstance(settings, dict) else None
    return (backend, file) if isinstance(backend, str) else ("tensorflow", "Keras's default")


def _code_of(facts: Facts) -> StartCode | None:
    """What follows code; None where imports can't be followed."""
    try:
        from envdoctor.facts.importing.start_code import StartCode  # the interpreter, which --fast does not need

        return StartCode(facts)
    except FactUnavailable:
        return None


def _line_problems(facts: Facts, code: Callable[[], StartCode | None]) -> Iterator[StartupProblem]:
    gone = [one.editable for one in facts.packages.distributions if one.project_missing]
    for folder in facts.python.search_path:
        if folder.origin in {Origin.PYTHONPATH, Origin.PTH}:
            continue
        for file in _pth_files(folder.path):
            content = _content(file)
            if len(content) < _MOST_BYTES and not _is_text(content):
                reason = "it is no text in UTF-8"
                yield StartupProblem(path=file, excerpt=repr(content[:60])[2:-1], reason=reason, stops=True)
                continue
            for line in lines_of_pth(content):
                if is_import_line(line):
                    reason, raises = _why_it_raises(line, facts.python) or _why_line_raises(line, code()), True
                else:
                    reason, raises = _why_it_is_dead(folder.path, line, gone), False
                if reason:
                    stops = reason == _EXITS
                    yield StartupProblem(path=file, excerpt=line[:200], reason=reason, raises=raises, stops=stops)


def _pth_files(folder: str) -> list[str]:
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [os.path.join(folder, name) for name in sorted(names) if name.endswith(".pth") and name[0] != "."]


def _content(file: str) -> bytes:
    try:
        return read_head(file, _MOST_BYTES)
    except OSError:
        return b""


def _is_text(content: bytes) -> bool:
    """Whether `site` can decode a .pth file: as UTF-8, or as the locale has it."""
    for encoding in ("utf-8", locale.getpreferredencoding(do_setlocale=False)):
        with contextlib.suppress(UnicodeDecodeError, LookupError):
            content.decode(encoding)
            return True
    return False


def _why_it_is_dead(folder: str, line: str, gone: list[str]) -> str:
    """Why a line that names a folder adds none; empty if it does, or if the missing project is told elsewhere."""
    path = os.path.normpath(os.path.join(folder, line))
    if os.path.lexists(path) or any(path.startswith(project) for project in gone):
        return ""
    return f"the folder {path} does not exist"


def _why_it_raises(line: str, python: Python) -> str:
    """Why an import line is certain to raise; empty if it may work."""
    tree, problem = _parse(line.encode("utf-8", "surrogateescape"), python)
    if tree is None:
        return problem
    names = [name.name for one in tree.body if isinstance(one, ast.Import) for name in one.names]
    names += [one.module for one in tree.body if isinstance(one, ast.ImportFrom) and one.module and not one.level]
    missing = [name for name in names if not _is_there(name.partition(".")[0], python)]
    return f"there is no module {missing[0]}" if missing else ""


def _why_line_raises(line: str, code: StartCode | None) -> str:
    return code.why_line_raises(line) if code else ""


def _is_there(name: str, python: Python) -> bool:
    """Whether a module of that name may be found; an archive on the search path may hold anything."""
    if name in standard_names(python):
        return True
    folders = [one.path for one in python.search_path] + [library_of(python)]
    if any(os.path.isfile(folder) for folder in folders):
        return True
    endings = ("", ".py", ".pyc", *python.extension_suffixes)
    return any(os.path.exists(f"{folder}/{name}{ending}") for folder in folders for ending in endings)


def standard_names(python: Python) -> frozenset[str]:
    """The top-level modules of the examined Python's own library, on any system."""
    if python.minor == sys.version_info[:2]:
        return sys.stdlib_module_names
    from envdoctor.imports.standard_library import modules_of_version

    return modules_of_version(python.minor)


def library_of(python: Python) -> str:
    """The folder of the standard library on POSIX; on Windows it holds no start-up files of others."""
    return "{}/lib/python{}.{}".format(python.base_prefix, *python.minor)


def _customization_problems(python: Python, code: Callable[[], StartCode | None]) -> Iterator[StartupProblem]:
    """Texts that do not compile or certainly raise, of the modules that `site` imports last."""
    folders = [one.path for one in python.search_path if one.origin is Origin.PYTHONPATH] + [library_of(python)]
    folders += [one.path for one in python.search_path if one.origin is not Origin.PYTHONPATH]
    sees_user = any(one.origin is Origin.USER for one in python.search_path)
    for name in ("sitecustomize", *(("usercustomize",) if sees_user else ())):
        path = next((f"{one}/{name}.py" for one in folders if os.path.isfile(f"{one}/{name}.py")), "")
        if path:
            tree, problem = _parse(_content(path), python)
            followed = None if tree is None else code()
            reason = (
                f"{name} does not compile" if problem else followed.why_module_raises(name, path) if followed else ""
            )
            if reason:
                excerpt = problem or f"import {name}"
                yield StartupProblem(path=path, excerpt=excerpt, reason=reason, stops=reason == _EXITS)


def _parse(text: bytes, python: Python) -> tuple[ast.Module | None, str]:
    """A text's tree; or None, with the reason if it is certain that the examined Python can't compile it either."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text), ""
    except SyntaxError as error:
        certain = python.minor == sys.version_info[:2] and len(text) < _MOST_BYTES
        return None, f"{error.msg} (line {error.lineno})" if certain else ""
    except (ValueError, RecursionError, MemoryError):
        return None, ""
