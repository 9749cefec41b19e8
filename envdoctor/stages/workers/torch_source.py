"""A PyTorch model to export: from a factory in the user's code, an archive of torch.export.save, or an ONNX file."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import jax_function, onnx_source
from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .arrays import InputSpec
    from .components import Components
    from .same_model import Predict
    from .untyped import Array, Tensor, TorchModule

#: The name under which the user's file is imported.
_MODULE = "envdoctor_user_model"
#: Inside an archive: an example of its inputs, a pickle; an empty one is none.
_SAMPLE_INPUTS = "/data/sample_inputs/"


@dataclass(frozen=True)
class Source:
    """A module in evaluation mode.

    Attributes:
        inputs: what it takes, by position, all sizes fixed.
        predict: what the model gives where it comes from: `output_0` and so on.
        by: what computes that.
    """

    module: TorchModule
    inputs: tuple[InputSpec, ...]
    predict: Predict
    by: str


def load(request: Mapping[str, Any], inputs: tuple[InputSpec, ...], components: Components) -> Source:
    """The model that a request names: `source`, its `kind` and, of `torch`, the `factory`.

    Raises:
        Problem: the factory gives no model, or needs a package that is not there; the ONNX file does not run, or has no
            form in PyTorch.
    """
    path = Path(request["source"])
    if request["kind"] == "onnx":
        original = onnx_source.load(path, inputs, components)
        with components.step("form in PyTorch", "onnx-not-converted"):
            module = onnx_source.as_torch(original.model)
        return Source(module, inputs, original.predict, original.by)
    with components.step("model", "torch-factory-failed"):
        if request["kind"] == "torch":
            module, by = _from_factory(path, request["factory"], inputs)
        else:
            module, by = _from_archive(path, Path(request["work"])), _by_torch()
    return Source(module, inputs, lambda sample: answer(module, inputs, sample), by)


def _by_torch() -> str:
    import torch

    return f"PyTorch {torch.__version__}"


def answer(module: TorchModule, inputs: Sequence[InputSpec], sample: Mapping[str, Array]) -> dict[str, Array]:
    """What a module gives for a batch: `output_0` and so on."""
    import torch

    with torch.no_grad():
        given = module(*as_tensors(sample, inputs))
    return {f"output_{number}": each.numpy() for number, each in enumerate(outputs_of(given))}


def as_tensors(sample: Mapping[str, Array], inputs: Sequence[InputSpec]) -> tuple[Tensor, ...]:
    """A sample as the arguments of the module."""
    import torch

    return tuple(torch.from_numpy(sample[spec.name]) for spec in inputs)


def outputs_of(value: object) -> list[Tensor]:
    """The tensors that a module gave, however they are nested, in the order in which torch.export puts them."""
    import torch
    from torch.utils import _pytree

    flat = _pytree.tree_flatten(value)[0]
    tensors = [each for each in flat if isinstance(each, torch.Tensor)]
    if not tensors:
        raise Problem("torch-model-refused", f"the model returns {type(value).__name__}, and no tensor.")
    return tensors


def _from_factory(path: Path, name: str, inputs: tuple[InputSpec, ...]) -> tuple[TorchModule, str]:
    """The module, and what computes it."""
    import torch

    with _missing_package(path):
        factory = getattr(_import(path), name, None)
        if not callable(factory):
            raise Problem("torch-not-a-module", f"{name} in {path.name} is {_kind(factory)}, no function.")
        module = factory if isinstance(factory, torch.nn.Module) else factory()
    if not isinstance(module, torch.nn.Module) and jax_function.is_jax(module):
        return jax_function.as_module(module, inputs), f"JAX {sys.modules['jax'].__version__}"
    if isinstance(module, torch.jit.ScriptModule):
        raise Problem(
            "torch-not-a-module",
            f"{name} in {path.name} returns a TorchScript module, which torch.export does not take; return the "
            "nn.Module that it was made from.",
        )
    if not isinstance(module, torch.nn.Module):
        raise Problem("torch-not-a-module", f"{name} in {path.name} returns {_kind(module)}, no torch.nn.Module.")
    module = module.eval().cpu()
    for parameter in module.parameters():
        parameter.requires_grad_(False)  # noqa: FBT003  (torch's own)
    return module, _by_torch()


def _import(path: Path) -> object:
    """The user's file as a module; what lies beside it can be imported as when Python runs it."""
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(_MODULE, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE] = module  # dataclasses and pickles look their module up
    spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def _missing_package(path: Path) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        raise Problem("torch-package-missing", f"{path.name} imports {missing or error}") from error


def _kind(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _from_archive(path: Path, work: Path) -> TorchModule:
    """Load an archive without the sample inputs in it: they are a pickle, and nobody needs them."""
    import torch

    copy = work / "program.pt2"
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as written:
        for member in archive.infolist():
            sample = _SAMPLE_INPUTS in f"/{member.filename}"
            written.writestr(member.filename, b"" if sample else archive.read(member))
    try:
        return torch.export.load(str(copy)).module()
    finally:
        copy.unlink()
