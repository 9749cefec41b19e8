"""`repair`: mend a .tflite file without the model that it was made from; only what proves right is written."""

from __future__ import annotations

import dataclasses
import difflib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor import __version__
from envdoctor.action import StageContext, StageFailed
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.errors import UsageProblem
from envdoctor.core.finding import Severity
from envdoctor.core.repair import Difference, MendReport, Placed, RepairReport
from envdoctor.core.request import BuildOptions, Request
from envdoctor.doctor._common import environment_provider
from envdoctor.doctor.model import inspect_model
from envdoctor.doctor.routes import require_text
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.pipeline.calibration import check_samples
from envdoctor.pipeline.recorder import Recorder
from envdoctor.pipeline.sources import identify
from envdoctor.stages.mending import ENVIRONMENT, mend, mends_for
from envdoctor.stages.workers.mends.catalogue import MENDS
from envdoctor.support.outputs import write_output
from envdoctor.tflite.readers import find_reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envdoctor.core.artifact import Artifact
    from envdoctor.core.events import Listener
    from envdoctor.core.finding import Finding

#: What LiteRT's check of a flatbuffer says.
_DAMAGED = "The model is not a valid Flatbuffer buffer"
_KINDS = frozenset({ArtifactKind.TFLITE_FLOAT, ArtifactKind.TFLITE_INT8, ArtifactKind.TFLITE_INT16X8})
#: Seconds that mending may take.
_PATIENCE = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairRequest:
    """What is to be mended.

    Attributes:
        file: the .tflite file.
        out: the file to write; None for one in the current folder.
        goal: what is to read it, a name that `find_reader` takes; empty if nobody said.
        only: the names of the mends that may be applied; empty for all that mend something wrong.
        samples: representative inputs, or None.
        in_place: True if the file itself may be replaced.
        memory: bytes that mending may take, or None.
        python: as for other commands.
        offline: True if nothing may be fetched.
    """

    file: Path
    out: Path | None = None
    goal: str = ""
    only: tuple[str, ...] = ()
    samples: Path | None = None
    in_place: bool = False
    memory: int | None = None
    python: Path | None = None
    offline: bool = False


def repair(asked: RepairRequest, emit: Listener) -> RepairReport:
    """Mend a file.

    Raises:
        UsageProblem: it is no .tflite file that can be mended, or damaged; an unknown mend or goal; samples that don't
            fit; an output that can't be written, or is the file itself though nobody said so.
        EnvironmentProblem, NetworkProblem: LiteRT, which proves the mends, can't be had.
    """
    out = _output(asked)
    names = _names(asked)
    artifact = identify(asked.file)
    if artifact.kind not in _KINDS:
        raise UsageProblem(f"{asked.file} is {artifact.kind}; repair takes a .tflite file.")
    request = Request(
        python=asked.python,
        source=artifact,
        options=BuildOptions(calibration=asked.samples, stage_memory=asked.memory),
        offline=asked.offline,
    )
    notes = check_samples(request, "--samples")
    report = RepairReport(version=__version__, source=asked.file, notes=notes)
    with tempfile.TemporaryDirectory(prefix="envdoctor-repair-") as name:
        context = _context(request, artifact, Path(name), emit)
        mended = context.folder / "mended.tflite"
        try:
            values = mend(context, mended, names, asked.only)
        except StageFailed as error:
            return dataclasses.replace(report, findings=(_refusal(error.finding, context.folder, asked.file),))
        report = _told(report, values)
        if not mended.is_file():
            return report
        report = _placed(report, asked, artifact, mended)
        write_output(out, mended.read_bytes(), option="--output")
    return dataclasses.replace(report, output=out)


def _refusal(found: Finding, folder: Path, file: Path) -> Finding:
    """Why the file could not be run, without the names of what is gone with the work folder.

    Raises:
        UsageProblem: the file is damaged.
    """
    if _DAMAGED in found.message:
        raise UsageProblem(f"{file} is damaged: LiteRT says '{_DAMAGED}'; get a whole copy of it.")
    evidence = (
        dataclasses.replace(one, source="LiteRT") if str(folder) in one.source else one for one in found.evidence
    )
    return dataclasses.replace(found, evidence=tuple(evidence))


def _output(asked: RepairRequest) -> Path:
    """The file to write, refused where it is the one that is read and nobody said that it may be."""
    for path in (asked.file, asked.out, asked.samples):
        require_text(path)
    if asked.in_place and asked.out is not None:
        raise UsageProblem("--in-place and --output can't be said together.")
    if asked.in_place:
        return asked.file
    out = asked.out or Path(f"{asked.file.stem}_mended.tflite")
    if not out.parent.is_dir():
        raise UsageProblem(f"--output {out}: there is no folder {out.parent}; make it, or name another file.")
    if out.exists() and asked.file.exists() and out.samefile(asked.file):
        raise UsageProblem(f"--output {out} is the file itself; name another, or say --in-place to replace it.")
    return out


def _names(asked: RepairRequest) -> tuple[str, ...]:
    known = [one.name for one in MENDS]
    for name in asked.only:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else f"the mends are {', '.join(known)}."
            raise UsageProblem(f"there is no mend '{name}'; {hint}")
    reader = find_reader(asked.goal) if asked.goal else None
    return asked.only or mends_for(one_scale=reader is None or not reader.per_channel_dense)


def _context(request: Request, artifact: Artifact, folder: Path, emit: Listener) -> StageContext:
    executor = LocalExecutor()
    environment = environment_provider(request, Facts(request, executor), executor, emit)(ENVIRONMENT)
    recorder = Recorder(
        executor, folder / "repair.log", _PATIENCE, request.options.stage_memory, environment.variables, folder
    )
    return StageContext(
        source=artifact,
        request=request,
        place="local",
        python=environment.python,
        reference=None,
        folder=folder,
        run=recorder.run,
        interpreter=lambda _: environment.python,
        log=recorder.log,
    )


def _told(report: RepairReport, values: Mapping[str, Any]) -> RepairReport:
    allowed = {one.name: one for one in MENDS}
    mends = tuple(
        MendReport(
            name=row["name"],
            changes=tuple(row["changes"]),
            verified=row["verified"],
            difference=difference_of(row["measured"]) if "measured" in row else None,
            failure=row.get("failure", ""),
            accepted_steps=row.get("accepted_steps", 0),
            asked_steps=row.get("asked_steps", 0),
            accepted_share=allowed[row["name"]].share,
        )
        for row in values["tried"]
    )
    return dataclasses.replace(
        report,
        mends=mends,
        whole=difference_of(values["whole"]) if "whole" in values else None,
        size_before=values["size_before"],
        size_after=values["size_after"],
        files_behind=values.get("files_behind", 0),
    )


def difference_of(row: Mapping[str, Any]) -> Difference:
    """What the worker measured; see `mend_proof.Measured`."""
    classes, same = row["classes"]
    correct = row["correct"]
    known = {name: row[name] for name in ("random", "given", "identical", "steps", "share", "absolute", "moved")}
    before, after, labelled = (0, 0, None) if correct is None else correct
    return Difference(
        **known, classes=classes, same_class=same, labelled=labelled, correct_before=before, correct_after=after
    )


def _placed(report: RepairReport, asked: RepairRequest, artifact: Artifact, mended: Path) -> RepairReport:
    """The report with what the goal's reader makes of the file before and after."""
    if not asked.goal:
        return report
    reader = find_reader(asked.goal)
    report = dataclasses.replace(report, reader=reader.title)
    if reader.accelerator and artifact.kind == ArtifactKind.TFLITE_FLOAT:
        command = f"`envdoctor build FILE --to {asked.goal}`"
        note = f"{reader.title} takes integers: {command} quantizes the mended file on its way there."
        return dataclasses.replace(report, notes=(*report.notes, note))
    return dataclasses.replace(report, before=_look(asked.file, asked.goal), after=_look(mended, asked.goal))


def _look(path: Path, goal: str) -> Placed:
    found = inspect_model(path, goal=goal)
    model = found.models[0]
    worst = sorted({one.code for one in found.problems if one.severity >= Severity.WARNING})
    return Placed(
        operators=len(found.ops) or model.operators,
        mapped=model.mapped,
        unknown=model.unknown,
        refused=model.refused,
        problems=tuple(worst),
        note=" ".join(found.notes),
    )
