"""Whether a version without a wheel for a target needs a compiler to be built, told from its files; nothing is run."""

from __future__ import annotations

import ast
import enum
import re
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import NetworkProblem, Unreadable
from envdoctor.index.places import local_path
from envdoctor.index.project import FileKind
from envdoctor.net.urls import is_remote
from envdoctor.support.bounded import Inflated, open_zip
from envdoctor.support.syntax import parse_python

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.index.client import IndexClient
    from envdoctor.index.project import IndexFile

#: Bytes of an archive, of what it unpacks to, and of one text in it; members.
_LARGEST, _MOST_UNPACKED, _LARGEST_TEXT = 16 << 20, 256 << 20, 1 << 20
_MOST_MEMBERS = 50_000
_NATIVE = frozenset({".c", ".cc", ".cpp", ".cxx", ".pyx", ".rs", ".cu", ".f90", ".m", ".mm", ".go"})
#: Folders of a source distribution that are not what is built.
_ASIDE = frozenset({"test", "tests", "testing", "example", "examples", "doc", "docs", "benchmark", "benchmarks"})
_SETUP_WORDS = frozenset({"ext_modules", "cffi_modules", "rust_extensions", "cmake_source_dir", "libraries"})
#: Build backends that compile, and those that only copy (their own documentation).
_COMPILING = re.compile(r"\b(?:mesonpy|scikit_build_core|skbuild|maturin|sipbuild|py_build_cmake|setuptools_rust)\b")
_COPYING = re.compile(r"\b(?:flit_core|flit_scm|hatchling|pdm\.backend|poetry\.core|poetry_core|whey|uv_build)\b")
_BACKEND = re.compile(r"^\s*build-backend\s*=\s*[\"']([\w.:-]+)[\"']", re.MULTILINE)
_PROGRAMS = re.compile(r"\b(?:subprocess|os\.system|urlretrieve|urlopen|requests\.get)\b")
_HELPERS = re.compile(r"(?i)[\"'](cython|pybind11|nanobind|cffi|setuptools[-_]rust|scikit-build|meson|cmake)\b")


class BuildKind(enum.Enum):
    """What building a version takes."""

    PURE = "pure"  # Python only: whoever can install can build it
    COMPILER = "compiler"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceBuild:
    """What building takes, and the words that say why.

    Attributes:
        kind: what it takes.
        why: a clause; where the kind is UNKNOWN, why it is.
    """

    kind: BuildKind
    why: str

    @property
    def words(self) -> str:
        """As the end of a sentence about something that must be built."""
        if self.kind is BuildKind.PURE:
            return f"without a compiler ({self.why})"
        if self.kind is BuildKind.COMPILER:
            return f"with a compiler ({self.why})"
        return f"and whether that takes a compiler is not known ({self.why})"


@dataclass(slots=True)
class _Content:
    """What of a source distribution tells how it is built."""

    native: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)


class SourceBuilds:
    """Looks into source distributions; each is fetched once."""

    def __init__(self, client: IndexClient) -> None:
        self._client = client

    def of(self, files: Sequence[IndexFile]) -> SourceBuild:
        """What building one version takes, by its wheels for other machines, else by its source.

        Args:
            files: of one version.
        """
        platforms = sorted({tag.platform for file in files for tag in file.tags} - {"any"})
        if platforms:
            return SourceBuild(kind=BuildKind.COMPILER, why="its wheels hold native code")
        source = next((file for file in files if file.kind is FileKind.SDIST), None)
        if source is None:
            return SourceBuild(kind=BuildKind.UNKNOWN, why="there is no source")
        key = f"build {source.sha256 or source.url}"
        cache = self._client.cache if is_remote(source.url) else None
        known = cache.get_value(key, SourceBuild) if cache else None
        if known is None:
            try:
                known = _judged(self._content(source))
            except (Unreadable, NetworkProblem, OSError) as error:
                return SourceBuild(kind=BuildKind.UNKNOWN, why=str(error).rstrip("."))
            if cache:
                cache.put_value(key, known)
        return known

    def _content(self, file: IndexFile) -> _Content:
        if file.size is not None and file.size > _LARGEST:
            raise Unreadable(f"{file.filename} has {file.size:,} bytes, and up to {_LARGEST:,} are looked into")
        if not is_remote(file.url):
            return _read(Path(local_path(file.url)), file.filename)
        with tempfile.TemporaryDirectory(prefix="envdoctor-") as folder:
            archive = Path(folder) / "source"
            self._client.session.download(file.url, archive, sha256=file.sha256, limit=_LARGEST)
            return _read(archive, file.filename)


def _read(archive: Path, name: str) -> _Content:
    content = _Content()
    if name.endswith(".zip"):
        with open_zip(archive) as members:
            for number, member in enumerate(members.members):
                if _is_told(content, member.filename, number):
                    content.texts[_inner(member.filename)] = _decoded(members.read(member.filename, _LARGEST_TEXT))
        return content
    with archive.open("rb") as packed:
        stream: Any = Inflated(packed, _MOST_UNPACKED)
        try:
            with tarfile.open(fileobj=stream, mode="r|") as members:
                for number, entry in enumerate(members):
                    if entry.isreg() and _is_told(content, entry.name, number) and entry.size <= _LARGEST_TEXT:
                        text = members.extractfile(entry)
                        content.texts[_inner(entry.name)] = _decoded(text.read() if text else b"")
        except (tarfile.TarError, ValueError, EOFError) as error:
            raise Unreadable(f"{name} is damaged: {error}") from None
    return content


def _is_told(content: _Content, name: str, number: int) -> bool:
    """Notes a member's name; whether its text is wanted.

    Raises:
        Unreadable: there are too many.
    """
    if number > _MOST_MEMBERS:
        raise Unreadable(f"it has more than {_MOST_MEMBERS:,} members")
    inner = Path(_inner(name))
    if inner.suffix in _NATIVE and _ASIDE.isdisjoint(inner.parts):
        content.native.append(str(inner))
    return str(inner) in {"pyproject.toml", "setup.py", "setup.cfg"}


def _inner(name: str) -> str:
    """A member's path below the folder NAME-VERSION that every source distribution has (PEP 625)."""
    return name.removeprefix("./").partition("/")[2]


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _judged(content: _Content) -> SourceBuild:
    project, setup = content.texts.get("pyproject.toml", ""), content.texts.get("setup.py", "")
    found = _BACKEND.search(project)
    backend = found[1] if found else "setuptools"  # PEP 517: where none is named
    files = f"{len(content.native)} native sources, such as {content.native[0]}" if content.native else ""
    said = _compiling(project, setup, backend)
    if said and (files or _COMPILING.search(backend)):
        return SourceBuild(kind=BuildKind.COMPILER, why=f"{said}, and it has {files}" if files else said)
    doubt = said or (f"it has {files}" if files else "") or _doubt(setup, backend)
    if doubt:
        return SourceBuild(kind=BuildKind.UNKNOWN, why=doubt)
    return SourceBuild(kind=BuildKind.PURE, why=f"{backend}, no native sources")


def _compiling(project: str, setup: str, backend: str) -> str:
    """What says that something is compiled, if there are native sources; a clause."""
    if _COMPILING.search(backend):
        return f"its build backend is {backend}"
    if helper := _HELPERS.search(project):
        return f"it is built with {helper[1]}"
    word = next(_extension_words(setup), "")
    return f"its setup.py has {word}" if word else ""


def _doubt(setup: str, backend: str) -> str:
    """Why no native source is no proof; a clause."""
    if _PROGRAMS.search(setup):
        return "its setup.py starts programs or fetches files"
    is_plain = backend.startswith("setuptools") or _COPYING.search(backend)
    return "" if is_plain else f"its build backend is {backend}"


def _extension_words(setup: str) -> Iterator[str]:
    """What in a setup.py says that something is compiled."""
    try:
        tree = parse_python(setup)
    except Unreadable:
        if setup:
            yield "text that can't be read as Python 3"
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in _SETUP_WORDS:
            yield node.arg
        elif isinstance(node, ast.Name) and node.id in {"Extension", "CMakeExtension", "cythonize", "RustExtension"}:
            yield node.id
