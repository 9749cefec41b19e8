"""ops.toml as values: what is known of the compiler, and from whom."""

from __future__ import annotations

import functools
from collections.abc import Mapping  # noqa: TC003  (the dataclass below is read by tools that resolve annotations)
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from envdoctor.core.data import load_file
from envdoctor.core.errors import UsageProblem
from envdoctor.support.text import version_tuple

_TABLE = Path(__file__).with_name("ops.toml")
Sources = tuple[str, ...]
_OF_REPOSITORIES = ("pair", "log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """A release of edgetpu_compiler.

    Attributes:
        release: the first two numbers of its version, `16.0`.
        runtime: the Edge TPU runtime version in what it writes, unless `-m` lowers it.
        int8: whether it maps int8 and not only uint8.
        all_subgraphs: whether it has `-a`.
    """

    release: str
    runtime: int
    int8: bool
    all_subgraphs: bool = False

    def is_before(self, release: str) -> bool:
        """Whether it is older than `release`."""
        return version_tuple(self.release) < version_tuple(release)

    def is_after(self, release: str) -> bool:
        """Whether it is newer than `release`."""
        return version_tuple(self.release) > version_tuple(release)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeLimit:
    """The largest size that is known to be mapped and the smallest that is known to be refused, None for never."""

    mapped: int
    refused: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeEvidence:
    """Sizes that were seen mapped and refused, each with the compiler release that did so."""

    mapped: tuple[tuple[int, str], ...] = ()
    refused: tuple[tuple[int, str], ...] = ()

    def limit(self, used: Compiler) -> SizeLimit:
        """What follows for a compiler: it takes what an older one took, and refuses what a newer one refuses."""
        mapped = [size for size, release in self.mapped if not used.is_before(release)]
        refused = [size for size, release in self.refused if not used.is_after(release)]
        return SizeLimit(mapped=max(mapped, default=0), refused=min(refused, default=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A way to use an operator, or an operator that the documentation does not list.

    Attributes:
        taken: the first compiler release that is known to take it, None for none.
        until: the last release that takes it, where a newer one was seen not to.
        refused: the last release that is known to refuse it, None for none.
    """

    taken: str | None = None
    until: str | None = None
    refused: str | None = None

    def known(self, used: Compiler) -> bool | None:
        """Whether a compiler takes it; None where no source speaks of this release."""
        if self.taken is not None and not used.is_before(self.taken):
            return None if self.until is not None and used.is_after(self.until) else True
        return False if self.refused is not None and not used.is_after(self.refused) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRule:
    """What is known of one operator.

    Attributes:
        version: the highest operator version that is known to be mapped.
        since: the first compiler release that is known to take it, None for all.
        absent: the last release that is known not to; between the two nothing is known.
        input: which input holds the activation that it works on.
        constants: positions of the inputs that must be constants.
        limits: names of functions in `limits`.
    """

    version: int
    since: str | None = None
    absent: str | None = None
    input: int = 0
    constants: tuple[int, ...] = ()
    limits: tuple[str, ...] = ()
    source: Sources

    def known(self, used: Compiler) -> bool | None:
        """Whether a compiler takes the operator at all; None where no source speaks of this release."""
        return True if self.since is None else Form(taken=self.since, refused=self.absent).known(used)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedVersion:
    """Operator versions from `first` on that stay on the CPU, with compilers up to `until`."""

    first: int
    until: str
    source: Sources

    def covers(self, used: Compiler) -> bool:
        """Whether that is known of a compiler."""
        return not used.is_after(self.until)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rulebook:
    """All that is known, or all that would be without the models and logs of one repository."""

    operators: Mapping[str, OperatorRule]
    refused: Mapping[str, Form]
    sizes: Mapping[str, SizeEvidence]
    forms: Mapping[str, Form]
    refused_versions: Mapping[str, RefusedVersion]


def find_compiler(version: str) -> Compiler:
    """The compiler of a version as its log gives it (`16.0.384591198`) or as a person does (`16`, `15.0`).

    Raises:
        UsageProblem: no release of that number is known.
    """
    releases = load_file(_TABLE)["compilers"]
    for release, row in releases.items():
        if version == release or version.startswith(f"{release}.") or f"{version}.0" == release:
            return Compiler(release=release, **row)
    raise UsageProblem(
        f"'{version}' is no known release of edgetpu_compiler; the known ones are {', '.join(releases)}."
    )


def newest_compiler() -> Compiler:
    """The last release, 16.0."""
    return find_compiler(max(load_file(_TABLE)["compilers"], key=version_tuple))


def status_words(name: str) -> str:
    """The compiler's own words for an outcome (`mapped`, `data-type`, `limit` ...)."""
    words: str = load_file(_TABLE)["statuses"][name]
    return words


@functools.cache
def rulebook(without: str | None = None) -> Rulebook:
    """The rule book, read once.

    Args:
        without: a repository, `owner/name`, whose models and logs must not count: what only they show is forgotten.
    """
    table = load_file(_TABLE)
    return Rulebook(
        operators={name: OperatorRule(**row) for name, row in _known(table["ops"], without)},
        refused={name: Form(refused=row["until"]) for name, row in _known(table["refused"], without)},
        sizes={name: _size(row, without) for name, row in table["sizes"].items()},
        forms={name: _form(row, without) for name, row in table["forms"].items()},
        refused_versions={name: RefusedVersion(**row) for name, row in _known(table["refused_versions"], without)},
    )


def _known(rows: Mapping[str, Mapping[str, Any]], without: str | None) -> list[tuple[str, dict[str, Any]]]:
    """The rows that still have a source, with lists made tuples."""
    return [
        (name, {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()})
        for name, row in rows.items()
        if _counting(row["source"], without)
    ]


def _size(row: Mapping[str, list[Mapping[str, Any]]], without: str | None) -> SizeEvidence:
    mapped, refused = (
        tuple((item["size"], item["release"]) for item in row[outcome] if _counting([item["source"]], without))
        for outcome in ("mapped", "refused")
    )
    return SizeEvidence(mapped=mapped, refused=refused)


def _form(row: Mapping[str, Mapping[str, Any]], without: str | None) -> Form:
    known = dict(_known(row, without))
    return Form(
        taken=known["taken"]["since"] if "taken" in known else None,
        until=known["taken"].get("until") if "taken" in known else None,
        refused=known["refused"]["until"] if "refused" in known else None,
    )


def _counting(sources: list[str], without: str | None) -> list[str]:
    gone = {f"{kind} {without}" for kind in _OF_REPOSITORIES}
    return [source for source in sources if source not in gone]
