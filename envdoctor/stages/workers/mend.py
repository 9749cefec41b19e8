"""Task: mend a .tflite file, each mend proven by running the file before and after it.

Request: `source`, `output` (written only if something was mended), `mends` (the names of those that may be applied),
`samples` (a path, or null), `reference` (a folder to write the answers of the file before to, or null), `evaluation`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import litert_run, reference, zipped_files
from .arrays import assign, stored_arrays
from .mend_proof import Measured, measure, random_samples
from .mends.catalogue import MENDS
from .samples import Samples, load
from .stage import Problem
from .tflite_graph import Graph, prune

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .arrays import InputSpec, Part
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
            current, told = _apply(mend, current, work)
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
    values |= {"whole": _numbers(measure(work.data, current, work.shapes, work.samples)), "size_after": len(current)}
    Path(request["output"]).write_bytes(current)
    return values


def _read(request: Mapping[str, Any]) -> Work:
    data = Path(request["source"]).read_bytes()
    inputs = litert_run.input_specs(data)
    samples = _load(Path(request["samples"]), data, _MOST_SAMPLES) if request.get("samples") else None
    return Work(data, _shapes(data, inputs, samples), samples)


def _load(path: Path, data: bytes, limit: int) -> Samples:
    """The samples as real numbers; whole numbers of a quantized input's own type are what it stores."""
    details, inputs = litert_run.input_details(data), litert_run.input_specs(data)
    parts = assign(stored_arrays(path), inputs)
    stored = {
        spec.name: bool(details[spec.name]["quantization"][0]) and _numpy_name(parts[spec.name]) == spec.dtype
        for spec in inputs
    }
    read_as = [
        dataclasses.replace(spec, dtype="float32")
        if details[spec.name]["quantization"][0] and not stored[spec.name]
        else spec
        for spec in inputs
    ]
    samples = load(path, read_as, limit)
    arrays = {
        name: litert_run.dequantize(array, details[name]) if stored[name] else array
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


def _apply(mend: Mend, data: bytes, work: Work) -> tuple[bytes, list[Mapping[str, object]]]:
    """One mend: the file after it, if it applies and proves right, else as it was; and what there is to tell of it."""
    graph = Graph(data)
    changes = mend.apply(graph, _named_now(data, work))
    if not changes:
        return data, []
    prune(graph)
    graph.model.metadata = [each for each in graph.model.metadata or [] if each.name not in _BY_NUMBER] or None
    after = graph.pack()
    found = measure(data, after, _named_now(data, work), _samples_now(data, work))
    verified = found.moved and found.steps <= mend.steps and found.share <= mend.share
    told = {"name": mend.name, "changes": changes, "verified": verified, "measured": _numbers(found)}
    return (after if verified else data), [told]


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
    samples = (work.samples or random_samples(original)).at_most(reference.COMPARED)
    evaluation = None
    if request.get("evaluation"):
        labelled = _load(Path(request["evaluation"]), work.data, reference.EVALUATED)
        reference.require_labels(labelled, request["evaluation"])
        evaluation = reference.answer(original.predict, labelled)
    reference.write(folder, reference.Reference("LiteRT", reference.answer(original.predict, samples), evaluation))
