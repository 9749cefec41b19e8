"""What newer systems would take: a bare name such as ``linux-aarch64`` stands for an old one, to promise little."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.availability.wording import describe_platform, describe_python
from envdoctor.core.availability import CellVerdict
from envdoctor.core.data import load_table
from envdoctor.core.target import Libc
from envdoctor.support.target_names import default_platform, platform_name, target_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.availability.cells import Asked, Cells
    from envdoctor.core.availability import Cell
    from envdoctor.core.target import Platform, Target

#: What a newer system may take away: files that ask for more than the old one has, and wheels tagged for newer ones.
OF_THE_SYSTEM = frozenset({CellVerdict.BROKEN, CellVerdict.NO_WHEEL})
_GOOD = {
    CellVerdict.RESOLVES: "resolves",
    CellVerdict.SOUND: "is sound",
    CellVerdict.SOUND_IF: "is sound under a condition",
    CellVerdict.PROVEN: "is proven to work",
}


def newer_systems(cells: Cells, asked: Sequence[Asked], table: Sequence[Cell]) -> Iterator[str]:
    """A sentence for each platform in its default version whose newest row is good in a newer version only.

    Args:
        cells: who fills the few more cells that this takes.
        asked: the questions of the table, newest version first.
        table: their answers.
    """
    answers = dict(zip(((one.version, one.question.target) for one in asked), table, strict=True))
    newest = [one for one in asked if one.version == asked[0].version]
    for platform in dict.fromkeys(one.question.target.platform for one in newest):
        column = [one for one in newest if one.question.target.platform == platform]
        verdicts = {answers[one.version, one.question.target].verdict for one in column}
        versions = _newer_versions(platform)
        if versions and verdicts <= OF_THE_SYSTEM:
            yield from _said(cells, column, versions)


def newer_targets(target: Target) -> list[Target]:
    """The same on newer systems, oldest first; nothing for a target whose system was named."""
    return [_raised(target, version) for version in _newer_versions(target.platform)]


def in_words(bare: Target, raised: Target, what: str) -> str:
    """That something holds on a newer system than a bare name stands for."""
    return (
        f"{what} on {describe_platform(raised.platform)}, {describe_python(raised)}: {platform_name(bare.platform)} "
        f"stands for {_version_words(bare.platform)}, an old one; name yours: --platform {target_name(raised)}."
    )


def _newer_versions(platform: Platform) -> list[tuple[int, int]]:
    """Of a platform in its default version, the later ones, oldest first; nothing for any other."""
    if platform.version is None or platform != default_platform(platform.system, platform.arch, platform.libc):
        return []
    key = Libc.GLIBC.value if platform.libc is Libc.GLIBC else platform.system.value
    texts: list[str] = load_table("targets")["newer"].get(key, [])
    versions = [(int(major), int(minor)) for major, _, minor in (text.partition(".") for text in texts)]
    return [version for version in versions if version > platform.version]


def _said(cells: Cells, column: Sequence[Asked], versions: Sequence[tuple[int, int]]) -> Iterator[str]:
    """The oldest version that is enough, for the newest Python that any version is enough for."""
    for one in reversed(column):
        if not cells.one(_on(one, versions[-1])).verdict.is_good:
            continue
        raised, good = next(found for found in _each(cells, one, versions) if found[1].is_good)
        yield in_words(one.question.target, raised, f"{one.question.requirements[0]} {_GOOD[good]}")
        return


def _each(cells: Cells, asked: Asked, versions: Sequence[tuple[int, int]]) -> Iterator[tuple[Target, CellVerdict]]:
    for version in versions:
        raised = _on(asked, version)
        yield raised.question.target, cells.one(raised).verdict


def _on(asked: Asked, version: tuple[int, int]) -> Asked:
    return replace(asked, question=replace(asked.question, target=_raised(asked.question.target, version)))


def _raised(target: Target, version: tuple[int, int]) -> Target:
    return replace(target, platform=replace(target.platform, version=version))


def _version_words(platform: Platform) -> str:
    major, minor = platform.version or (0, 0)
    return f"{platform.libc.value if platform.libc else 'macOS'} {major}.{minor}"
