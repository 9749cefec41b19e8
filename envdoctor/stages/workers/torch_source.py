"""A PyTorch model to export: from a factory in the user's code, an archive of torch.export.save, or an ONNX file."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import inspect
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import jax_function, onnx_source
from .stage import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .arrays import InputSpec
    from .components import Components
    from .same_model import Predict
    from .untyped import Array, ExportedProgram, Tensor, TorchModule

    Caller = Callable[..., object]

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
            module, by = _of_program(_load_archive(path, Path(request["work"]))), _by_torch()
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
    """A sample as the arguments of the module, which may write over them."""
    import torch

    return tuple(torch.tensor(sample[spec.name]) for spec in inputs)


def outputs_of(value: object) -> list[Tensor]:
    """The tensors that a module gave, however they are nested, in the order in which torch.export puts them."""
    tensors = list(_tensors(value))
    if not tensors:
        raise Problem("torch-model-refused", f"the model returns {type(value).__name__}, and no tensor.")
    return tensors


def _tensors(value: object) -> Iterator[Tensor]:
    import torch
    from torch.utils import _pytree

    for each in _pytree.tree_flatten(value)[0]:
        if isinstance(each, torch.Tensor):
            yield each
        elif dataclasses.is_dataclass(each):
            yield from _tensors([getattr(each, field.name) for field in dataclasses.fields(each)])


def _from_factory(path: Path, name: str, inputs: tuple[InputSpec, ...]) -> tuple[TorchModule, str]:
    """The module, and what computes it."""
    import torch

    torch.compiler.set_stance("force_eager")  # torch.compile in the model's code would call a C++ compiler
    with _missing_package(path):
        code = _import(path)
        if not hasattr(code, name):
            raise Problem("torch-not-a-module", f"{path.name} defines no '{name}' at its top level.")
        factory = getattr(code, name)
        if not callable(factory):
            raise Problem("torch-not-a-module", f"{name} in {path.name} is {_kind(factory)}, no function.")
        module = factory if isinstance(factory, torch.nn.Module) else factory()
    if not isinstance(module, torch.nn.Module) and jax_function.is_jax(module):
        return jax_function.as_module(module, inputs), f"JAX {sys.modules['jax'].__version__}"
    if isinstance(module, torch.export.ExportedProgram):
        return _of_program(module), _by_torch()
    if isinstance(module, torch.jit.ScriptModule):
        raise Problem(
            "torch-not-a-module",
            f"{name} in {path.name} returns a TorchScript module, which torch.export does not take; return the "
            "nn.Module that it was made from.",
        )
    if not isinstance(module, torch.nn.Module):
        raise Problem("torch-not-a-module", f"{name} in {path.name} returns {_kind(module)}, no torch.nn.Module.")
    with contextlib.suppress(NotImplementedError):  # what torch.export made has one mode, and refuses to be told
        module = module.eval()
    for parameter in module.cpu().parameters():
        parameter.requires_grad_(False)  # noqa: FBT003  (torch's own)
    return _flat(module, _caller(module, [spec.name for spec in inputs])), _by_torch()


def _caller(module: TorchModule, names: Sequence[str]) -> Caller:
    """How a module is called: by the names of its arguments where the inputs have those, else by position."""
    given = inspect.signature(module.forward).parameters
    named = {name for name, one in given.items() if one.kind in {one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY}}
    if named.issuperset(names):
        return lambda *tensors: module(**dict(zip(names, tensors, strict=True)))
    return module


def _flat(module: TorchModule, call: Caller) -> TorchModule:
    """The module with tensors in, and nothing but tensors in a row out: converters take no other structures."""
    import torch

    class Flat(torch.nn.Module):  # type: ignore[misc]  # of a package that is not looked at
        def __init__(self) -> None:
            super().__init__()
            self.model = module

        def forward(self, *tensors: Any) -> Any:  # noqa: ANN401
            given = outputs_of(call(*tensors))
            return tuple(given) if len(given) > 1 else given[0]

    flat = Flat()
    flat.training = False
    return flat


def _of_program(program: ExportedProgram) -> TorchModule:
    """The module of an exported program; inputs that it was exported with by name, or nested, are put together again."""
    from torch.utils import _pytree

    module, wanted = program.module(), program.call_spec.in_spec

    def call(*tensors: Any) -> Any:  # noqa: ANN401
        if wanted is None or wanted.num_leaves != len(tensors):
            return module(*tensors)
        arguments, named = _pytree.tree_unflatten(list(tensors), wanted)
        return module(*arguments, **named)

    return _flat(module, call)


def _import(path: Path) -> object:
    """The user's file as a module; what lies beside it can be imported as when Python runs it, or its package."""
    sys.path.insert(0, str(path.parent))
    name, root = _MODULE, path.parent
    while (root / "__init__.py").is_file() and root.name:
        name, root = f"{root.name}.{name}", root.parent
    if root != path.parent:
        sys.path.insert(1, str(root))
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look their module up
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


def _load_archive(path: Path, work: Path) -> ExportedProgram:
    """Load an archive without the sample inputs in it: they are a pickle, and nobody needs them."""
    import torch

    copy = work / "program.pt2"
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as written:
        for member in archive.infolist():
            sample = _SAMPLE_INPUTS in f"/{member.filename}"
            written.writestr(member.filename, b"" if sample else archive.read(member))
    try:
        return torch.export.load(str(copy))
    finally:
        copy.unlink()
