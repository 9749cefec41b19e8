"""What the wheels of a set do to each other, and to the numpy they are installed with, as reasons."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.availability.requiring import required_names
from envdoctor.binaries.numpy_build import NumpyBuild
from envdoctor.core.availability import Cause, CauseKind, CellReason, ReasonKind
from envdoctor.core.finding import Evidence, Severity
from envdoctor.support.requirement import normal_name
from envdoctor.support.text import plural
from envdoctor.wheels.conflicts import find_conflicts, shipment_of_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envdoctor.wheels.conflicts import Conflicts, ImportClash, KnownBadPair, SharedFiles
    from envdoctor.wheels.contents import WheelContents
    from envdoctor.wheels.numpy_use import NumpyUse

_OLD_NUMPY = "numpy<2"
# Names that many distributions put at the top by mistake; nobody imports them, so that it does not matter which wins.
_STRAY = re.compile(r"tests?|testing|docs?|examples?|benchmarks?|scripts?|tools?|samples?|conftest|setup")


def conflict_reasons(wheels: Sequence[WheelContents]) -> tuple[CellReason, ...]:
    """Shared files that differ, import names that two claim, and pairs known to clash.

    The subject of each is the labels of both wheels, joined by a comma.
    """
    found = find_conflicts([shipment_of_wheel(wheel) for wheel in wheels])
    shared = tuple(_shared(found, _meant(wheels)))
    told = {reason.subject for reason in shared if reason.severity is Severity.ERROR}
    clashes = (reason for reason in map(_clash, _serious(found)) if reason.subject not in told)
    return (*shared, *clashes, *map(_known, found.known))


def numpy_reason(wheel: str, use: NumpyUse, numpy: str) -> CellReason | None:
    """What follows for a wheel when `numpy` (its label, of version 2 or later) is in the set; None if all is well."""
    if use.build is NumpyBuild.NONE and not use.complete:
        message = f"{wheel}: not every module could be read to see whether it is for {numpy}; {_OLD_NUMPY} would do."
        return CellReason(kind=ReasonKind.NOT_LOOKED_AT, severity=Severity.ERROR, subject=wheel, message=message)
    if use.build not in {NumpyBuild.NUMPY_1, NumpyBuild.SUSPECT}:
        return None
    certain = use.build is NumpyBuild.NUMPY_1
    words = (
        "was compiled against numpy 1 and fails" if certain else "may have been compiled against numpy 1 and misread"
    )
    return CellReason(
        kind=ReasonKind.BROKEN if certain else ReasonKind.NOTE,
        severity=Severity.ERROR if certain else Severity.WARNING,
        subject=wheel,
        message=f"{wheel}: {use.file} {words} under {numpy}; {_OLD_NUMPY} would do.",
        remedies=(_OLD_NUMPY,),
        evidence=(Evidence(source=f"{use.file} of {wheel}", excerpt=f"names of numpy's C API: {use.build.value}"),),
        cause=Cause(kind=CauseKind.COMPILED, wheel=wheel, files=(use.file,), names=("numpy 1",), other=numpy)
        if certain
        else None,
    )


def _serious(found: Conflicts) -> list[ImportClash]:
    return [clash for clash in found.clashes if not _STRAY.fullmatch(clash.name)]


def _meant(wheels: Sequence[WheelContents]) -> set[frozenset[str]]:
    """The labels of each two wheels of which one requires the other: their authors know of both."""
    labels = {normal_name(wheel.metadata.name): wheel.label for wheel in wheels}
    return {
        frozenset({wheel.label, labels[name]}) for wheel in wheels for name in required_names(wheel) if name in labels
    }


def _shared(found: Conflicts, meant: set[frozenset[str]]) -> Iterator[CellReason]:
    """A pair that clashes on an import name overwrites what matters; other shared files are worth knowing at most."""
    clashing = {frozenset(clash.distributions) for clash in _serious(found)}
    for pair in found.shared:
        both = frozenset({pair.first, pair.second})
        is_serious = both not in meant and any(both <= labels for labels in clashing)
        yield CellReason(
            kind=ReasonKind.SHARED_FILES,
            severity=_gravity(pair, is_serious=is_serious),
            subject=f"{pair.first}, {pair.second}",
            message=_shared_words(pair),
            evidence=(Evidence(source="CRC-32 in both wheels' directories", excerpt=", ".join(pair.examples)),),
            cause=Cause(kind=CauseKind.SHARED, wheel=pair.first, files=tuple(pair.examples), other=pair.second),
        )


def _gravity(pair: SharedFiles, *, is_serious: bool) -> Severity:
    if is_serious and pair.differ:
        return Severity.ERROR
    return Severity.WARNING if any(not _is_stray(path) for path in pair.examples) else Severity.INFO


def _is_stray(path: str) -> bool:
    top = path.partition("/")[0].partition(".")[0]
    return bool(_STRAY.fullmatch(top)) or "/" not in path


def _shared_words(pair: SharedFiles) -> str:
    differ = f"{pair.differ} differ{'s' if pair.differ == 1 else ''}"
    files = [f"{plural(pair.shared, 'file')}, of which {differ}"] if pair.shared else []
    commands = [f"the commands {', '.join(pair.scripts)}"] if pair.scripts else []
    both = f"{pair.first} and {pair.second} both install {'; and '.join([*files, *commands])}"
    return f"{both}: whichever is installed last wins, and uninstalling one damages the other."


def _clash(clash: ImportClash) -> CellReason:
    return CellReason(
        kind=ReasonKind.CLASH,
        severity=Severity.WARNING,
        subject=", ".join(clash.distributions),
        message=f"`import {clash.name}` is claimed by {' and '.join(clash.distributions)}.",
    )


def _known(pair: KnownBadPair) -> CellReason:
    excerpt = f"{pair.seen} ({pair.source})" if pair.seen else pair.source
    return CellReason(
        kind=ReasonKind.CLASH,
        severity=Severity.ERROR,
        subject=f"{pair.first}, {pair.second}",
        message=f"{pair.first} and {pair.second}: {pair.message}; {pair.fix}.",
        evidence=(Evidence(source="data/known_bad_pairs.toml", excerpt=excerpt),),
    )
