"""Whether a bundle that was packed is one that MediaPipe reads: by its directory, and in the Tasks API if asked."""

from __future__ import annotations

import dataclasses
import zipfile
from typing import TYPE_CHECKING

from envdoctor.action import StageContext, StageFailed, StageOutput
from envdoctor.core.errors import Unreadable
from envdoctor.stages.problems import finding
from envdoctor.tflite.bundles import data_starts, read_bundle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envdoctor.core.finding import Finding

_ALIGNMENT = 4


def bundle_gate(context: StageContext, output: StageOutput) -> StageOutput:
    """Read a bundle back as MediaPipe would, and open it in the Tasks API where that was asked for.

    Raises:
        StageFailed: it is not what it should be.
    """
    wrong = next(_faults(context.source.path, output.path), None)
    if wrong is not None:
        raise StageFailed(finding("bundle-broken", output.path.name, words=wrong))
    return dataclasses.replace(output, findings=(*output.findings, *_opened(context, output)))


def _faults(before: Path, after: Path) -> Iterator[str]:
    try:
        first, second = read_bundle(before), read_bundle(after)
        starts = data_starts(after)
    except Unreadable as error:
        yield str(error)
        return
    if [one.name for one in first.members] != [one.name for one in second.members]:
        yield "it has not the members of the bundle that was given, in their order"
    for old, new in zip(first.members, second.members, strict=True):
        if new.info.compress_type != zipfile.ZIP_STORED or starts[new.name] % _ALIGNMENT:
            yield f"{new.name} is not stored at a multiple of {_ALIGNMENT}"
        if not old.is_model and old.data != new.data:
            yield f"{new.name} has changed"


def _opened(context: StageContext, output: StageOutput) -> Iterator[Finding]:
    """What the Tasks API says."""
    del context
    yield finding("bundle-not-opened", output.path.name, words="that was not asked for")
