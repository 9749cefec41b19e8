"""The hashes of a requirements file, held against the index as pip and uv do: what else would they take, or refuse?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.availability.candidates import best_wheel
from envdoctor.core.asked import SetVerdict
from envdoctor.core.availability import CellReason, CellVerdict, ReasonKind
from envdoctor.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.availability.catalogue import Catalogue
    from envdoctor.availability.soundness import WheelJudge
    from envdoctor.core.availability import Cell, Pin
    from envdoctor.core.target import Target
    from envdoctor.index.project import IndexFile

    Hashes = Mapping[str, frozenset[str]]


def held_to_hashes(
    cell: Cell, target: Target, hashes: Hashes, catalogue: Catalogue, judge: WheelJudge
) -> SetVerdict | None:
    """The verdict of a set whose files must have these hashes; None if they change nothing.

    Once one requirement has hashes, installers refuse every package that has none (pip, "Hash-checking Mode").

    Args:
        cell: the set that a resolver takes.
        target: where it is installed.
        hashes: of each package by its normalized name; SHA-256 in small letters.
        catalogue: the files that there are.
        judge: judges the files that are taken instead.
    """
    if not hashes or not cell.pins:
        return None
    taken: list[tuple[Pin, IndexFile]] = []
    refused: list[CellReason] = []
    for pin in cell.pins:
        file = _allowed(pin, target, hashes.get(pin.name, frozenset()), catalogue)
        if isinstance(file, str):
            refused.append(
                CellReason(kind=ReasonKind.NO_VERSION, severity=Severity.ERROR, subject=str(pin), message=file)
            )
        else:
            taken.append((replace(pin, filename=file.filename), file))
    pins = tuple(map(str, cell.pins))
    if refused:
        return SetVerdict(target=cell.target, verdict=CellVerdict.NO_VERSION, reasons=tuple(refused), pins=pins)
    if all(pin.filename == file.filename for pin, (_, file) in zip(cell.pins, taken, strict=True)):
        return None
    found = judge.judge_files(taken, target)
    return SetVerdict(target=cell.target, verdict=found.verdict, reasons=found.reasons, pins=pins)


def _allowed(pin: Pin, target: Target, hashes: frozenset[str], catalogue: Catalogue) -> IndexFile | str:
    """The file of a version that an installer takes, or why it refuses them all."""
    from packaging.version import Version

    if not hashes:
        return f"{pin} has no hash in the file, and others have: pip refuses to install it."
    files = catalogue.releases(pin.name).get(Version(pin.version), ())
    allowed = [file for file in files if file.sha256 is None or file.sha256.lower() in hashes]
    if not allowed:
        return f"{pin}: no file of it on the index has a hash that the file names."
    return best_wheel(allowed, target) or f"{pin}: the hashes that the file names are of no wheel for this target."
