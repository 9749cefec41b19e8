"""Finds import names that several distributions provide from different files, so that one hides the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.facts.records import ImportClash
from envdoctor.support.files import read_head

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.records import Record

#: Names that many projects install at the top by mistake and nobody imports from there.
CARELESS = frozenset(
    {"test", "tests", "doc", "docs", "example", "examples", "benchmark", "benchmarks", "setup", "conftest"}
)
#: Marks of a namespace package of the older kinds (PEP 420, "pkgutil-style" and "pkg_resources-style").
_NAMESPACE_MARKS = (b"extend_path", b"declare_namespace")


def find_clashes(records: Sequence[Record], extension_suffixes: Sequence[str]) -> tuple[ImportClash, ...]:
    """Every import name that distributions of different names provide from different files.

    A folder without `__init__.py` is a namespace and takes parts from everywhere, and so does one whose `__init__.py`
    says so: those are no clash. Nor is one file that two distributions claim (see `find_overlaps`).
    """
    claims: dict[str, list[tuple[Distribution, str]]] = {}
    for record in records:
        for name, path in _roots(record, tuple(extension_suffixes)):
            claims.setdefault(name, []).append((record.distribution, f"{record.distribution.root}/{path}"))
    found = []
    for name, claimed in claims.items():
        if len({one.key for one, _ in claimed}) > 1 and len({path for _, path in claimed}) > 1:
            regular = [(one, path) for one, path in claimed if not is_namespace(path)]
            if len({one.key for one, _ in regular}) > 1 and len({path for _, path in regular}) > 1:
                found.append(ImportClash(name=name, claims=tuple(_as_found(regular))))
    return tuple(found)


def _as_found(claims: Sequence[tuple[Distribution, str]]) -> list[tuple[Distribution, str]]:
    """In Python's order: folder by folder, in each a package before an extension module before a text (FileFinder)."""
    roots = list(dict.fromkeys(one.root for one, _ in claims))
    return sorted(
        claims,
        key=lambda claim: (roots.index(claim[0].root), not claim[1].endswith("/__init__.py"), claim[1].endswith(".py")),
    )


def _roots(record: Record, suffixes: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """(import name, path) of each top-level module and package."""
    for path in record.paths:
        if path.endswith("/__init__.py"):
            name = path[: -len("/__init__.py")]
        elif "/" in path:
            continue
        elif path.endswith(".py"):
            name = path[:-3]
        elif path.endswith(suffixes):
            name = path.partition(".")[0]
        else:
            continue
        if name.isidentifier() and name not in CARELESS:
            yield name, path


def is_namespace(path: str) -> bool:
    """Whether a file is an `__init__.py` that adds the folders of its name everywhere to its package (PEP 420)."""
    if not path.endswith("/__init__.py"):
        return False
    try:
        content = read_head(path, 16 << 10)
    except OSError:
        return False
    return any(mark in content for mark in _NAMESPACE_MARKS)
