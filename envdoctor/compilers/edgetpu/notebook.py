"""The route that a person finishes: a notebook for Google Colab with the model inside, and taking its result back in.

Colab's machines are x86_64, and run the compiler natively. The format is nbformat 4.5 (nbformat.readthedocs.io).
"""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.agreement import EDGETPU_CUSTOM_OP
from envdoctor.compilers.edgetpu.locate import PACKAGE
from envdoctor.core.errors import Unreadable
from envdoctor.tflite.compiled import compiled_file
from envdoctor.tflite.reader import read_model
from envdoctor.toolchains.catalogue import SourceKind, find_entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.tflite.model import Model

_TEMPLATE = Path(__file__).with_name("notebook.txt")
_SPLIT = "# %% "
_WIDTH = 120


def write_notebook(path: Path, model: Path, options: Sequence[str]) -> None:
    """Write a notebook that compiles a model.

    Args:
        path: the notebook.
        model: the int8 .tflite file; goes into the notebook whole.
        options: for the compiler.
    """
    data = model.read_bytes()
    text = base64.b64encode(data).decode("ascii")
    repository = next(one for one in find_entry(PACKAGE).sources if one.kind is SourceKind.APT)
    archive = next(one for one in find_entry(PACKAGE).sources if one.kind is SourceKind.URL)
    values = {
        "NAME": model.name,
        "SHA256": hashlib.sha256(data).hexdigest(),
        "OPTIONS": list(options),
        "REPOSITORY": f"{repository.location} {repository.suite} {' '.join(repository.components)}",
        "ARCHIVE": archive.location,
        "ARCHIVE_SHA256": archive.sha256,
        "MODEL": [text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH)],
    }
    head = "\n".join(f"{name} = {json.dumps(value, indent=0)}" for name, value in values.items())
    cells = [_markdown(model.name), _code("values", head)]
    for part in _TEMPLATE.read_text("utf-8").split(_SPLIT)[1:]:
        title, _, body = part.partition("\n")
        cells.append(_code(title.strip(), body.strip()))
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(notebook, indent=1), "utf-8")


def _markdown(name: str) -> dict[str, object]:
    lines = (
        f"# Compile {name} for the Edge TPU",
        "",
        "Run all cells (*Runtime > Run all*). The last one downloads the compiled file; take it back with",
        "",
        "    envdoctor build ... --to edgetpu --resume FILE",
    )
    return {"cell_type": "markdown", "id": "about", "metadata": {}, "source": "\n".join(lines)}


def _code(name: str, source: str) -> dict[str, object]:
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": source,
    }


def check_result(result: Path, model: Path) -> None:
    """Hold a file that a person brings against the model it should come from.

    Raises:
        Unreadable: it is no file of the Edge TPU compiler, or made from a model with other inputs or outputs.
    """
    check_compiled((result,), model)


def check_compiled(results: Sequence[Path], model: Path, *, whole: bool = True) -> None:
    """Hold what a compiler wrote, one file or the segments in their order, against the model it was made from.

    Args:
        results: the files.
        model: the int8 .tflite file.
        whole: whether they hold the model to its end, so that its outputs must be theirs.

    Raises:
        Unreadable: one is no file of the Edge TPU compiler, or they have other inputs or outputs than the model.
    """
    source, compiled = read_model(model), [read_model(result) for result in results]
    for result, each in zip(results, compiled, strict=True):
        mark = compiled_file(each)
        if mark is None or mark.custom_code != EDGETPU_CUSTOM_OP:
            raise Unreadable(
                f"{result.name} was not made by the Edge TPU compiler, or nothing of it runs on the Edge TPU"
            )
    inputs, outputs = _border(source)
    _compare("inputs", inputs, _border(compiled[0])[0], results[0], model)
    if whole:
        _compare("outputs", outputs, _border(compiled[-1])[1], results[-1], model)


def _compare(what: str, ours: list[str], theirs: list[str], result: Path, model: Path) -> None:
    if ours != theirs:
        raise Unreadable(f"{result.name} has other {what} than {model.name}: {theirs}, not {ours}")


def _border(model: Model) -> tuple[list[str], list[str]]:
    graph = model.main

    def describe(indexes: tuple[int, ...]) -> list[str]:
        tensors = [graph.tensors[index] for index in indexes]
        return sorted(f"{tensor.dtype}{list(tensor.shape)}" for tensor in tensors)

    return describe(graph.inputs), describe(graph.outputs)
