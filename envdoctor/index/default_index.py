"""pip's built-in default index, read from pip's own source without running it.

No registry's name stands in envdoctor: whoever distributes a patched pip, with another default, gets that default.
"""

from __future__ import annotations

import ast
import contextlib
import sys
import sysconfig
import zipfile
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from envdoctor.core.errors import Unreadable
from envdoctor.support.syntax import parse_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SOURCE = "pip/_internal/models/index.py"
_NAME = "PyPI"
_SIMPLE = "simple"


@lru_cache(maxsize=1)
def default_index_url() -> str | None:
    """The simple API's URL that pip uses when nothing is configured; None where no pip can be found."""
    return first_default(pip_sources())


def first_default(sources: Iterable[str]) -> str | None:
    """The default index that the first understandable one of pip's ``models/index.py`` texts declares."""
    return next((url for url in map(parse_default, sources) if url), None)


def parse_default(source: str) -> str | None:
    """The simple API's URL in one text of ``pip/_internal/models/index.py``; None if it is not declared as known."""
    try:
        tree = parse_python(source)
    except Unreadable:
        return None
    for statement in tree.body:
        if (
            isinstance(statement, ast.Assign)
            and any(isinstance(target, ast.Name) and target.id == _NAME for target in statement.targets)
            and isinstance(statement.value, ast.Call)
            and statement.value.args
            and isinstance(statement.value.args[0], ast.Constant)
            and isinstance(statement.value.args[0].value, str)
        ):
            return urljoin(statement.value.args[0].value, _SIMPLE)
    return None


def pip_sources() -> Iterator[str]:
    """``models/index.py`` of every pip near this interpreter: installed, the base's, or in ensurepip's wheel."""
    for folder in _site_folders():
        file = folder / _SOURCE
        if file.is_file():
            yield file.read_text(encoding="utf-8", errors="replace")
    for wheel in _bundled_wheels():
        with contextlib.suppress(OSError, KeyError, zipfile.BadZipFile), zipfile.ZipFile(wheel) as archive:
            yield archive.read(_SOURCE).decode(errors="replace")


def _site_folders() -> Iterator[Path]:
    pip = find_spec("pip")
    if pip is not None and pip.origin:
        yield Path(pip.origin).parent.parent
    base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix}
    yield Path(sysconfig.get_path("purelib", vars=base))


def _bundled_wheels() -> Iterator[Path]:
    ensurepip = find_spec("ensurepip")
    folders = [Path(ensurepip.origin).parent / "_bundled"] if ensurepip is not None and ensurepip.origin else []
    distributor = sysconfig.get_config_var("WHEEL_PKG_DIR")
    folders += [Path(str(distributor))] if distributor else []
    for folder in folders:
        yield from sorted(folder.glob("pip-*.whl"), reverse=True)
