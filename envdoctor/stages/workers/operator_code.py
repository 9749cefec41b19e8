"""The code that registers the operators which an exported program calls: an archive keeps their names alone."""

from __future__ import annotations

import importlib
import importlib.util
import re
import traceback
import zipfile
from typing import TYPE_CHECKING

from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CALL = re.compile(rb'"torch\.ops\.(?!higher_order\.)(\w+)\.(\w+)[."]')
_PROGRAM = re.compile(r"[^/]+/models/[^/]+\.json")
_MOST_FILES, _LARGEST = 200, 1 << 20


def require_operators(path: Path, load: Callable[[Path], object], *, trusted: bool) -> None:
    """Import what registers an archive's operators, where that is found and trusted.

    Args:
        path: the archive.
        load: imports a Python file.
        trusted: False to import nothing.

    Raises:
        Problem: operators stay that PyTorch does not know.
    """
    missing = _unknown(path)
    places: dict[str, None] = {}
    failed = ""
    for namespace in dict.fromkeys(name.partition(".")[0] for name in missing):
        for place, register in _code_of(namespace, path.parent, load):
            places[place] = None
            try:
                if trusted:
                    register()
            except Exception as error:  # noqa: BLE001  (whatever a library raises)
                traceback.print_exception(error)  # the log has it whole
                failed = f" (importing it failed: {type(error).__name__}: {error})"
    left = _unknown(path)
    if left:
        found = f"{' and '.join(places)} may register" if places else "nothing here registers"
        then = failed or ("" if trusted or not places else ": that is code, which runs with --trust-code alone")
        raise Problem("torch-operator-unregistered", f"{path.name} calls {', '.join(left)}, which {found}{then}")


def _unknown(path: Path) -> list[str]:
    """The operators that an archive calls, and PyTorch does not know."""
    import torch

    with zipfile.ZipFile(path) as archive:
        texts = [archive.read(name) for name in archive.namelist() if _PROGRAM.fullmatch(name)]
    calls = dict.fromkeys(match for text in texts for match in _CALL.findall(text))
    names = [(space.decode(), name.decode()) for space, name in calls]
    return [f"{space}.{name}" for space, name in names if not hasattr(getattr(torch.ops, space), name)]


def _code_of(
    namespace: str, folder: Path, load: Callable[[Path], object]
) -> Iterator[tuple[str, Callable[[], object]]]:
    """What may register a library's operators: the package of its name, and files beside the model that say so."""
    if importlib.util.find_spec(namespace) is not None:
        yield f"the package {namespace}", lambda: importlib.import_module(namespace)
    registers = re.compile(rf"""["']{namespace}(::\w+)?["']""".encode())
    for file in sorted(folder.glob("*.py"))[:_MOST_FILES]:
        if file.is_file() and file.stat().st_size <= _LARGEST and registers.search(file.read_bytes()):
            yield f"{file.name} beside it", lambda file=file: load(file)  # type: ignore[misc]  # bound at once
