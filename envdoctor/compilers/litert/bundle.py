""".task bundle -> the same bundle with its models quantized: each by itself, judged by itself, packed again.

A model that can't be quantized, or that does not prove right, stays as it is and is named. Inputs and outputs stay
floats: MediaPipe's Tasks API refuses others (`Requested one of these types: uint8/float32, got INT8`).
"""

from __future__ import annotations

import dataclasses
import shutil
from typing import TYPE_CHECKING, Any

from envdoctor.action import Action, StageContext, StageFailed, StageOutput
from envdoctor.core.artifact import Artifact, ArtifactKind
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.core.finding import Evidence, Fix
from envdoctor.core.goal import parse_goal
from envdoctor.core.route import Reason, Verdict
from envdoctor.facts.environments import needs_environment
from envdoctor.stages.conversion import BUNDLE_OPTIONS, INT8_OPTIONS, quantize_with_litert
from envdoctor.stages.problems import finding, problem_kinds
from envdoctor.support.hashing import hash_path
from envdoctor.tflite.bundles import Bundle, Member, file_name, model_names, pack_bundle, read_bundle, samples_of
from envdoctor.tflite.compiled import compiled_file
from envdoctor.tflite.quantization import Scheme, classify
from envdoctor.tflite.reader import read_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from envdoctor.core.finding import Finding
    from envdoctor.core.request import Request
    from envdoctor.facts import Facts

#: What a bundle can be made of, and whether that takes samples.
FORMS = {"int8": True, "int16x8": True, "dynamic": False, "weight-only": False, "float16": False}
_CALIBRATED = frozenset(form for form, calibrated in FORMS.items() if calibrated)
_EDGES = "float32"
_FLOAT = frozenset({Scheme.FLOAT, Scheme.FLOAT16})
_NO_SAMPLES = "no samples for it"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What became of a model of a bundle.

    Attributes:
        data: what is packed for it.
        summary: what the gates measured.
        findings: what is worth saying of it, or why it stays as it is.
        left: why it stays as it is; empty if it was quantized.
    """

    member: Member
    data: bytes
    summary: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    left: str = ""


def run(form: str, context: StageContext) -> StageOutput:
    """Quantize the models of the stage's source, and pack the bundle again.

    Raises:
        StageFailed: no model could be quantized, or the bundle can't be read.
    """
    try:
        bundle = read_bundle(context.source.path)
    except Unreadable as error:
        raise StageFailed(finding("file-truncated", context.source.path.name, words=f"{error}.")) from None
    parts = dict(_parts(form, bundle, context))
    if all(part.left for part in parts.values()):
        raise StageFailed(_nothing_done(context.source.path.name, parts))
    output = context.folder / f"{context.source.path.stem}_{form.replace('-', '_')}.task"
    output.write_bytes(_packed(bundle, parts, context))
    return StageOutput(
        path=output,
        summary={
            "bundle": f"{context.source.path.stat().st_size:,} -> {output.stat().st_size:,} bytes",
            **{f"model {name}": _told(part) for name, part in parts.items()},
        },
        findings=(
            *_findings(form, context, bundle, parts),
            *(each for part in parts.values() for each in part.findings),
        ),
    )


def _parts(form: str, bundle: Bundle, context: StageContext, within: str = "") -> Iterator[tuple[str, Part]]:
    """What became of each model, those of bundles in the bundle included, by its name."""
    for member in bundle.members:
        if member.is_model:
            yield f"{within}{member.name}", _part(form, member, context)
        elif member.is_bundle:
            yield from _parts(form, _inner(member, context), context, f"{member.name}/")


def _inner(member: Member, context: StageContext) -> Bundle:
    """A bundle that is a member of another."""
    path = context.folder / "inner.task"
    path.write_bytes(member.data)
    try:
        return read_bundle(path)
    finally:
        path.unlink()


def _packed(bundle: Bundle, parts: Mapping[str, Part], context: StageContext, within: str = "") -> bytes:
    def content(member: Member) -> bytes:
        if member.is_bundle:
            return _packed(_inner(member, context), parts, context, f"{member.name}/")
        name = f"{within}{member.name}"
        return parts[name].data if name in parts else member.data

    return pack_bundle(((member.info, content(member)) for member in bundle.members), bundle.comment)


def _part(form: str, member: Member, context: StageContext) -> Part:
    """Quantize one model, and judge it; what fails leaves it as it is."""
    folder = context.folder / "part"
    folder.mkdir()
    try:
        path = folder / file_name(member.name)
        path.write_bytes(member.data)
        left = _left_beforehand(form, path, context)
        if left:
            return Part(member=member, data=member.data, left=left)
        judged = _quantize(form, path, context)
        return Part(
            member=member, data=judged.path.read_bytes(), summary=judged.summary, findings=_kept(judged.findings)
        )
    except StageFailed as error:
        return Part(member=member, data=member.data, left=error.finding.message.rstrip("."), findings=())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _left_beforehand(form: str, path: Path, context: StageContext) -> str:
    """Why a model is not even tried; empty if it is."""
    model = read_model(path)
    scheme, compiled = classify(model), compiled_file(model)
    if compiled is not None:
        return f"it is compiled {compiled.words} already"
    if scheme not in _FLOAT:
        return f"it is {scheme.value} already"
    options = context.request.options
    if form in _CALIBRATED and not options.random_calibration and _samples(path.name, context) is None:
        return f"{_NO_SAMPLES}: give {path.stem}.npy in the folder of --calibration"
    return ""


def _samples(member: str, context: StageContext) -> Path | None:
    folder = context.request.options.calibration
    return None if folder is None else samples_of(folder, member)


def _quantize(form: str, path: Path, context: StageContext) -> StageOutput:
    """Quantize one model in a context of its own, with the gate of its kind.

    Raises:
        StageFailed: it could not be, or is not what it should be.
    """
    from envdoctor.compilers.litert import COMPILER

    artifact = Artifact(kind=ArtifactKind.TFLITE_FLOAT, path=path, sha256=hash_path(path))
    options = dataclasses.replace(
        context.request.options, calibration=_samples(path.name, context), evaluation=None, io_type=_EDGES
    )
    request = dataclasses.replace(context.request, source=artifact, goal=parse_goal(f"tflite-{form}"), options=options)
    part = dataclasses.replace(context, source=artifact, request=request, folder=path.parent, reference=None)
    gate = next(product.gate for product in COMPILER.products if product.kind == f"tflite-{form}")
    judged: StageOutput = gate(part, quantize_with_litert(part, form))
    return judged


def _kept(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What is worth saying of each model; that samples are random is said once for all."""
    return tuple(each for each in findings if each.name != "random-samples")


def _told(part: Part) -> object:
    """A model's part of the summary: why it was left, or its sizes and how far each output is from the original's."""
    if part.left:
        return f"left as it is: {part.left}"
    comparison = part.summary.get("comparison", {})
    samples = f"{comparison.get('samples', 0)} {'made-up' if comparison.get('random') else 'given'} samples"
    prepared = "; ".join(part.summary.get("prepared", ()))
    return {
        "size": f"{len(part.member.data):,} -> {len(part.data):,} bytes",
        **({"prepared": prepared} if prepared else {}),
        "compared on": samples,
        **{f"output {one['name']}": _distance(one) for one in comparison.get("outputs", ())},
    }


def _distance(one: Mapping[str, Any]) -> str:
    if one.get("rms") is None:
        return f"{one['agreement']:.1%} the same" if one.get("agreement") is not None else "not comparable"
    return f"relative rms error {one['rms']:.3g}, cosine {one['cosine']:.5f}"


def _findings(form: str, context: StageContext, bundle: Bundle, parts: Mapping[str, Part]) -> Iterator[Finding]:
    name = context.source.path.name
    if form in _CALIBRATED and context.request.options.random_calibration:
        yield finding("bundle-calibrated-on-noise", name)
    for member, part in parts.items():
        if part.left:
            yield finding("bundle-part-left", member, words=part.left)
    deflated = [member.name for member in bundle.members if member.deflated]
    if deflated:
        yield finding("bundle-was-deflated", name, words=", ".join(deflated))


def _nothing_done(name: str, parts: Mapping[str, Part]) -> Finding:
    reasons = [f"{member}: {part.left}" for member, part in parts.items()]
    evidence = tuple(Evidence(source=member, excerpt=part.left) for member, part in parts.items())
    return finding("bundle-unchanged", name, evidence, words="; ".join(reasons))


def _needs_samples(_: Facts, request: Request) -> Iterator[Reason]:
    """Static quantization takes samples for each model."""
    options, source = request.options, request.source
    if source is None or options.calibration is not None or options.random_calibration:
        return
    try:
        names = model_names(source.path)
    except Unreadable as error:
        raise UsageProblem(f"{error}.") from None
    files = ", ".join(f"{file_name(name).removesuffix('.tflite')}.npy" for name in names)
    yield Reason(
        verdict=Verdict.FIXABLE,
        text="each model needs calibration samples of its own",
        fix=Fix(
            text=f"Give a folder with {files} (about 100 real inputs of each model) with --calibration FOLDER; "
            "without samples take --to tflite-dynamic or tflite-weight-only, which need none."
        ),
        code=problem_kinds()["calibration-missing"].code,
    )


def _action(form: str) -> Action:
    def quantize(context: StageContext) -> StageOutput:
        return run(form, context)

    return Action(
        name=f"bundle-{form}",
        title=f"quantize the models of the bundle ({form}) with the LiteRT quantizer, and pack it again",
        consumes=frozenset({ArtifactKind.TASK_BUNDLE}),
        produces=f"task-{form}",
        run=quantize,
        environment="litert",
        requires=(needs_environment("litert"), *((_needs_samples,) if form in _CALIBRATED else ())),
        goals=frozenset({"litert"}),
        options=INT8_OPTIONS | BUNDLE_OPTIONS,
        cost=10.0,
    )


ACTIONS = tuple(_action(form) for form in FORMS)
