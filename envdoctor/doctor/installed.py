"""`inspect --installed`: the same analysis for a distribution that is installed, from the files that are there."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.availability.here import target_here
from envdoctor.availability.native_view import native_view
from envdoctor.availability.soundness import problem_reason
from envdoctor.binaries.python_abi import module_abi
from envdoctor.core.availability import CellVerdict, ReasonKind
from envdoctor.core.errors import UsageProblem
from envdoctor.core.finding import Severity
from envdoctor.core.inspection import Inspection
from envdoctor.core.request import Request
from envdoctor.core.target import Interpreter, Target
from envdoctor.core.target_names import target_name
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.wheels.contents import Effort, NativeFile, WheelContents, import_names
from envdoctor.wheels.directory import STORED, Member
from envdoctor.wheels.judgment import judge_wheel
from envdoctor.wheels.loading import LoadJudge
from envdoctor.wheels.metadata import WheelMetadata

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.core.availability import CellReason
    from envdoctor.facts.natives import NativeFile as InstalledFile
    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.python import Python


def inspect_installed(name: str, python: Path | None = None) -> Inspection:
    """Looks into one installed distribution, and judges it beside all others of its environment.

    Args:
        name: of the distribution.
        python: the interpreter or environment folder to examine; None for the one that runs this.

    Raises:
        UsageProblem: it is not installed there, or the interpreter is none.
        FactUnavailable: the environment can't be read.
    """
    from packaging.utils import canonicalize_name

    facts = Facts(Request(python=python), LocalExecutor())
    target = _target(facts.python)
    contents = {key: _contents(facts, one) for key, one in facts.packages.active().items()}
    key = canonicalize_name(name)
    if key not in contents:
        raise UsageProblem(f"{name} is not installed in {facts.python.prefix}; leave --installed out to ask the index.")
    own, root = contents[key], facts.packages.active()[key].root
    roots = {each.label: facts.packages.active()[one].root for one, each in contents.items()}
    judge = LoadJudge(tuple(contents.values()), target, lambda wheel, member: _text(roots[wheel.label], member))
    reasons = tuple(map(problem_reason, judge_wheel(own, judge.analyse(own), target)))
    return Inspection(
        subject=name,
        label=own.label,
        source=root,
        target=target_name(target),
        verdict=_verdict(reasons),
        reasons=reasons,
        natives=tuple(map(native_view, own.natives)),
        imports=own.imports,
        requires=own.metadata.requires,
    )


def _verdict(reasons: Iterable[CellReason]) -> CellVerdict:
    reasons = tuple(reasons)
    if any(reason.severity is Severity.ERROR for reason in reasons):
        return CellVerdict.BROKEN
    return CellVerdict.UNKNOWN if any(one.kind is ReasonKind.UNREADABLE for one in reasons) else CellVerdict.SOUND


def _target(python: Python) -> Target:
    """The examined interpreter on this machine."""
    release = "".join(character for character in python.version.split(".")[2] if character.isdecimal())
    interpreter = Interpreter(
        implementation="pp" if python.implementation == "pypy" else "cp",
        version=python.minor,
        patch=int(release or 0),
        free_threaded=python.free_threaded,
    )
    return Target(platform=target_here().platform, interpreter=interpreter)


def _contents(facts: Facts, distribution: Distribution) -> WheelContents:
    """An installed distribution as what its wheel would be, from site-packages; CRCs and offsets are not known."""
    records = [one for one in facts.records.records if one.distribution.metadata == distribution.metadata]
    paths = [posixpath.normpath(path) for record in records for path in record.paths]
    natives = [one for one in facts.natives.files if one.distribution.metadata == distribution.metadata]
    files = tuple(_native(one, distribution.root) for one in natives)
    tags = next((tags for one, tags in facts.natives.wheel_tags if one.metadata == distribution.metadata), ())
    members = {path: _member(path) for path in dict.fromkeys([*paths, *(one.path for one in files)])}
    metadata = WheelMetadata(
        folder="", name=distribution.name, version=distribution.version, requires=distribution.requires, tags=tags
    )
    return WheelContents(
        metadata=metadata,
        members=members,
        imports=import_names(members),
        natives=files,
        effort=Effort(size=0, bytes_read=0, reads=0),
    )


def _native(file: InstalledFile, root: str) -> NativeFile:
    path = Path(os.path.relpath(file.path, root)).as_posix()
    return NativeFile(
        member=path,
        path=path,
        size=file.size,
        library=file.library,
        problem="" if file.library else file.problem,
        python=module_abi(posixpath.basename(path), file.library),
    )


def _member(path: str) -> Member:
    return Member(name=path, crc=0, size=0, compressed_size=0, method=STORED, offset=0, mode=0)


def _text(root: str, member: str) -> str:
    return (Path(root) / member).read_text(encoding="utf-8", errors="surrogateescape")
