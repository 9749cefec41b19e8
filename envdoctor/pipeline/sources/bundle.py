""".task bundles as sources: every model in them, or the only one that `--part` names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.pipeline.sources.tflite import model_inputs
from envdoctor.support.hashing import hash_path
from envdoctor.support.outputs import write_output
from envdoctor.tflite.bundles import file_name, is_deflated
from envdoctor.tflite.containers import FileKind, model_contents, read_models, sniff

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from envdoctor.stages.workers.arrays import InputSpec


def traits_of(path: Path) -> frozenset[str]:
    """What a route has to know of a bundle.

    Raises:
        Unreadable: it is damaged, lacks a part, or would unpack to far too much.
    """
    read_models(path)
    return frozenset({"deflated"} if is_deflated(path) else ())


def inputs_of_parts(path: Path) -> Mapping[str, tuple[InputSpec, ...]]:
    """What each model of a bundle takes, by its name.

    Raises:
        Unreadable: see `read_models`.
    """
    return {model.name.removeprefix(f"{path}!"): model_inputs(model) for model in read_models(path)}


def extract_part(path: Path, part: str, folder: Path) -> Path:
    """Write one model of a bundle into a folder of its own, and give its path.

    Raises:
        UsageProblem: the file is no bundle or damaged, it has no such model, or it can't be written.
    """
    try:
        if sniff(path) is not FileKind.BUNDLE:
            raise UsageProblem(f"--part: {path} is no bundle of models; leave it out.")
        models = model_contents(path)
        name = part if part in models else f"{part}.tflite"
        if name not in models:
            raise UsageProblem(f"--part: {path.name} has no model {part}; it has {', '.join(models)}.")
        target = folder / hash_path(path)[:16] / file_name(name)
    except Unreadable as error:
        raise UsageProblem(f"{str(error).rstrip('.')}; get a whole copy of it.") from None
    except OSError as error:
        raise UsageProblem(f"{path} can't be read: {error.strerror or error}.") from None
    target.parent.mkdir(parents=True, exist_ok=True)
    write_output(target, models[name], option="--part")
    return target
