"""Task: mend a .tflite file, each mend proven by running the file before and after it.

Request: `source`, `output` (written only if something was mended), `mends` (the names of those that may be applied),
`asked` (of those that were asked for, and so may move outputs further),
`samples` (a path, or null), `reference` (a folder to write the answers of the file before to, or null), `evaluation`.
"""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import litert_run, reference, tflite_fold, zipped_files
from .arrays import stored_arrays
from .assignment import assign
from .mend_inputs import random_samples
from .mend_proof import Measured, accepted_steps, measure
from .mends import fixed_batch
from .mends.catalogue import MENDS
from .mends.mend import count
from .same_model import influence
from .samples import Samples, labelled_for_request, load
from .stage import Problem
from .tflite_graph import Graph, prune

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .arrays import InputSpec
    from .assignment import Part
    from .mends.mend import Mend, Shapes

_MOST_SAMPLES = 1000
#: Metadata that names operators by their number, which a mend changes.
_BY_NUMBER = frozenset({b"model_control_dependencies"})


@dataclasses.dataclass(frozen=True)
class Work:
    """A file to mend, the shapes that it is run with, and the user's samples."""

    data: bytes
    shapes: Shapes
    samples: Samples | None


def run(request: Mapping[str, Any]) -> Mapping[str, object]:
    """Carry out a request; see the module."""
    work = _read(request)
    current, tried = work.data, []
    for mend in MENDS:
        if mend.name in request["mends"]:
            current, told = _apply(mend, current, work, asked=mend.name in request.get("asked", ()))
            tried += told
    if request.get("reference"):
        _write_reference(Path(request["reference"]), work, request)
    values: dict[str, object] = {"tried": tried, "size_before": len(work.data), "size_after": len(current)}
    if not any(each["verified"] for each in tried):
        return values
    behind = zipped_files.find(work.data)
    if behind is not None:
        values["files_behind"] = behind.count
        current += behind.at(len(current))
    values |= {"whole": _whole(work, current, tried), "size_after": len(current)}
    Path(request["output"]).write_bytes(current)
    return values


def _whole(work: Work, mended: bytes, tried: list[Mapping[str, Any]]) -> Mapping[str, object]:
    """How far the mended file is from the one before.

    Raises:
        Problem: further than its mends together may be.
    """
    measured = {each["name"]: each["measured"] for each in tried if each["verified"]}
    if len(measured) == 1:
        return next(iter(measured.values()))
    applied = [mend for mend in MENDS if mend.name in measured]
    closely = any(mend.steps for mend in applied)
    found = measure(work.data, mended, work.shapes, work.samples, closely=closely)
    accepted = sum(each["accepted_steps"] for each in tried if each["verified"])
    if found.steps > accepted or found.share > sum(mend.share for mend in applied):
        moved = f"{count(found.steps, 'step')}, {found.share:.2g}"
        raise Problem("model-changed", f"the mends together changed the model: {moved}.")
    return _numbers(found)


def _read(request: Mapping[str, Any]) -> Work:
    data = Path(request["source"]).read_bytes()
    with _told():
        inputs = litert_run.input_specs(data)
    samples = _load(Path(request["samples"]), data) if request.get("samples") else None
    shapes = _shapes(data, inputs, samples)
    with _told():
        tflite_fold.run_on_zeros(Graph(data), shapes)
    return Work(data, shapes, samples)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Refuse a file that LiteRT can't run: nothing could be proven of it.

    Raises:
        Problem: it can't be run; one with operators that LiteRT does not have ends in LiteRT's own words.
    """
    try:
        yield
    except (RuntimeError, ValueError) as error:
        if "custom op" in str(error) or "builtin opcode" in str(error):
            raise
        raise Problem("model-does-not-run", f"LiteRT can't run the file: {str(error).strip().rstrip('.')}.") from error


def _load(path: Path, data: bytes) -> Samples:
    """The samples as real numbers; see `_specs`."""
    specs, stored = _specs(path, data)
    return _as_real_numbers(load(path, specs, _MOST_SAMPLES), data, stored)


def _specs(path: Path, data: bytes) -> tuple[list[InputSpec], frozenset[str]]:
    """What to read samples as, and the inputs for which they are what the input stores.

    Samples of a quantized input are real numbers, but for whole numbers of its own type.
    """
    details, inputs = litert_run.input_details(data), litert_run.input_specs(data)
    parts = assign(stored_arrays(path), inputs).parts
    quantized = {spec.name for spec in inputs if details[spec.name]["quantization"][0]}
    stored = frozenset(spec.name for spec in inputs if _numpy_name(parts[spec.name]) == spec.dtype) & quantized
    real = quantized - stored
    specs = [dataclasses.replace(spec, dtype="float32") if spec.name in real else spec for spec in inputs]
    return specs, stored


def _as_real_numbers(samples: Samples, data: bytes, stored: frozenset[str]) -> Samples:
    details = litert_run.input_details(data)
    arrays = {
        name: litert_run.dequantize(array, details[name]) if name in stored else array
        for name, array in samples.inputs.items()
    }
    return dataclasses.replace(samples, inputs=arrays)


def _numpy_name(parts: Sequence[Part]) -> str:
    """The element type of stored arrays, as `int8`."""
    kinds = {"i": "int", "u": "uint", "f": "float"}
    header = parts[0].array.header
    return f"{kinds.get(header.kind, header.kind)}{header.item * 8}"


def _shapes(data: bytes, inputs: tuple[InputSpec, ...], samples: Samples | None) -> Shapes:
    """A shape for each input: as the file says, an open batch as one, other open sizes as the samples have them.

    Raises:
        Problem: another size than the batch is open, and there are no samples.
    """
    shapes = {}
    for spec, detail in zip(inputs, litert_run.input_details(data).values(), strict=True):
        sizes = detail["shape_signature"] if len(detail["shape_signature"]) else detail["shape"]
        shape = [1 if size < 0 and not axis else int(size) for axis, size in enumerate(sizes)]
        if min(shape, default=1) < 0 and samples is not None:
            given = (1, *samples.inputs[spec.name].shape[1:])
            shape = [int(there if size < 0 else size) for size, there in zip(shape, given, strict=True)]
        if min(shape, default=1) < 0:
            raise Problem(
                "input-size-unknown",
                f"the input {spec.describe()} has no fixed size; give samples of the size that is to be fixed.",
            )
        shapes[spec.name] = shape
    return shapes


def _apply(mend: Mend, data: bytes, work: Work, *, asked: bool) -> tuple[bytes, list[Mapping[str, object]]]:
    """One mend: the file after it, if it applies and proves right, else as it was; and what there is to tell of it."""
    changes: list[str] = []
    try:
        graph = Graph(data)
        changes = mend.apply(graph, _named_now(data, work))
        if not changes:
            return data, []
        prune(graph)
        graph.model.metadata = [each for each in graph.model.metadata or [] if each.name not in _BY_NUMBER] or None
        after = graph.pack()
        _require_apart(mend, data, _named_now(data, work))
        found = measure(data, after, _named_now(data, work), _samples_now(data, work), closely=mend.steps > 0)
    except Problem:
        raise
    except Exception as error:  # noqa: BLE001  (whatever it is, this mend is none for this file, and others may be)
        failure = f"{type(error).__name__}: {error}".strip()
        return data, [{"name": mend.name, "changes": changes, "verified": False, "failure": failure}]
    moved = found.moved or not mend.computes
    accepted = accepted_steps(mend, found, asked=asked)
    verified = moved and found.steps <= accepted and found.share <= mend.share
    told = {"name": mend.name, "changes": changes, "verified": verified, "measured": _numbers(found)}
    told |= {"accepted_steps": accepted, "asked_steps": accepted_steps(mend, found, asked=True)}
    told["far"] = found.steps > accepted_steps(mend, found, asked=False)
    return (after if verified else data), [told]


def _require_apart(mend: Mend, data: bytes, shapes: Shapes) -> None:
    """Prove, of a batch that is to be fixed at one, that its samples do not change each other's answers.

    Raises:
        RuntimeError: they do.
    """
    if mend is fixed_batch.MEND:
        alone = litert_run.Runner(litert_run.make_interpreter(data, shapes, delegates=False))
        met = influence(random_samples(alone), lambda batch: litert_run.predict_batch(data, batch), alone.predict)
        if met:
            raise RuntimeError(
                f"the samples of a batch change each other's answers ({met}), and so does fixing it at one"
            )


def _named_now(data: bytes, work: Work) -> Shapes:
    """The shapes by the names of the inputs in a form of the file: a signature that was added names them anew."""
    names = [spec.name for spec in litert_run.input_specs(data)]
    return dict(zip(names, work.shapes.values(), strict=True))


def _samples_now(data: bytes, work: Work) -> Samples | None:
    if work.samples is None:
        return None
    arrays = dict(zip(_named_now(data, work), (work.samples.inputs[name] for name in work.shapes), strict=True))
    return dataclasses.replace(work.samples, inputs=arrays)


def _numbers(found: Measured) -> Mapping[str, object]:
    return {**dataclasses.asdict(found), "identical": found.identical}


def _write_reference(folder: Path, work: Work, request: Mapping[str, Any]) -> None:
    """The answers of the file before, for the gate that compares with them."""
    original = litert_run.open_model(work.data, work.shapes)
    samples = work.samples or random_samples(original)
    labelled = None
    if request.get("evaluation"):
        specs, stored = _specs(Path(request["evaluation"]), work.data)
        labelled = labelled_for_request(request, specs)
        labelled = None if labelled is None else _as_real_numbers(labelled, work.data, stored)
    reference.write(folder, reference.make(original.predict, "LiteRT", samples, labelled))
