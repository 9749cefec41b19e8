"""A PyTorch model to export: from a factory in the user's code, an archive of torch.export.save, or an ONNX file."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import jax_function, onnx_source, operator_code
from .stage import Problem
from .torch_form import in_floats, leave_out_idle_contexts, of_program, outputs_of, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .arrays import InputSpec
    from .components import Components
    from .same_model import Predict
    from .samples import Samples
    from .untyped import Array, ExportedProgram, Tensor, TorchModule

#: The name under which the user's file is imported.
_MODULE = "envdoctor_user_model"
#: A factory that took no longer (seconds) is called once more, with this seed.
_QUICK, _ANOTHER_SEED = 5.0, 1
#: Inside an archive: an example of its inputs, a pickle; an empty one is none.
_SAMPLE_INPUTS = "/data/sample_inputs/"


@dataclass(frozen=True)
class Source:
    """A module in evaluation mode.

    Attributes:
        inputs: what it takes, by position, all sizes fixed.
        predict: what the model gives where it comes from: `output_0` and so on.
        by: what computes that.
        drawn: a weight that is another one at each call of the factory; empty if none is.
        before: what it gave before its quantization was taken out; None if it had none.
    """

    module: TorchModule
    inputs: tuple[InputSpec, ...]
    predict: Predict
    by: str
    drawn: str = ""
    before: Predict | None = None


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
        return Source(module, original.inputs, original.predict, original.by, before=original.before)
    with components.step("model", "torch-factory-failed"):
        if request["kind"] == "torch":
            made, by, drawn = _from_factory(path, request["factory"], inputs)
        else:
            made, by, drawn = _load_archive(path, request), _by_torch(), ""
        module, before = _of_program(made, inputs) if hasattr(made, "call_spec") else (made, None)
        leave_out_idle_contexts()
    return Source(module, inputs, lambda sample: answer(module, inputs, sample), by, drawn, before)


def _of_program(program: ExportedProgram, inputs: tuple[InputSpec, ...]) -> tuple[TorchModule, Predict | None]:
    """The module of a program, in floats; and of one that was quantized what it gave as it was."""
    original = program.module()
    floats, as_it_was = in_floats(original), of_program(program, original)
    if floats is None:
        return as_it_was, None
    return of_program(program, floats), lambda sample: answer(as_it_was, inputs, sample)


def influence(request: Mapping[str, Any], inputs: Sequence[InputSpec], samples: Samples, source: Source) -> str:
    """How the samples of a batch change each other's answers: of a file that takes several; a factory takes one.

    Raises:
        Problem: a fixed batch can't be made one.
    """
    if request["kind"] != "onnx":
        return ""
    return onnx_source.influence(Path(request["source"]), inputs, samples, source.before or source.predict)


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

    kinds = ("float32" if spec.dtype == "bfloat16" else spec.dtype for spec in inputs)
    return tuple(torch.tensor(sample[spec.name].astype(kind)) for spec, kind in zip(inputs, kinds, strict=True))


def _from_factory(path: Path, name: str, inputs: tuple[InputSpec, ...]) -> tuple[TorchModule, str, str]:
    """The module or exported program, what computes it, and a weight of it that is drawn by chance."""
    import torch

    made, drawn = _call(path, name)
    if isinstance(made, torch.export.ExportedProgram):
        return made, _by_torch(), drawn
    if not isinstance(made, torch.nn.Module) and jax_function.is_jax(made):
        return jax_function.as_module(made, inputs), f"JAX {sys.modules['jax'].__version__}", drawn
    if not isinstance(made, torch.nn.Module):
        raise Problem("torch-not-a-module", f"{name} in {path.name} returns {_kind(made)}, no torch.nn.Module.")
    if any(isinstance(each, torch.jit.ScriptModule) for each in made.modules()):
        raise Problem(
            "torch-not-a-module",
            f"what {name} in {path.name} returns is or holds a TorchScript module, which torch.export does not take; "
            "return the nn.Module that it was made from.",
        )
    with contextlib.suppress(NotImplementedError):  # what torch.export made has one mode, and refuses to be told
        made = made.eval()
    for parameter in made.cpu().parameters():
        if not torch.nn.parameter.is_lazy(parameter):  # its first run gives it a size
            parameter.requires_grad_(False)  # noqa: FBT003  (torch's own)
    return plain(made, [spec.name for spec in inputs]), _by_torch(), drawn


def _call(path: Path, name: str) -> tuple[Any, str]:
    """What the factory returns, and a weight that it draws; a module that the file has made already is that."""
    import torch

    torch.compiler.set_stance("force_eager")  # torch.compile in the model's code would call a C++ compiler
    with _missing_package(path):
        code = _import(path)
        if not hasattr(code, name):
            raise Problem("torch-not-a-module", f"{path.name} defines no '{name}' at its top level.")
        factory = getattr(code, name)
        if not callable(factory):
            raise Problem("torch-not-a-module", f"{name} in {path.name} is {_kind(factory)}, no function.")
        if isinstance(factory, torch.nn.Module):
            return factory, ""
        start = time.monotonic()
        made = factory()
        return made, _drawn(made, factory) if time.monotonic() - start < _QUICK else ""


def _drawn(made: Any, factory: Callable[[], Any]) -> str:  # noqa: ANN401  (whatever the user's code gives)
    """The first weight of a module that is another one when its factory is called again, with another seed."""
    import torch

    if not isinstance(made, torch.nn.Module):
        return ""
    torch.manual_seed(_ANOTHER_SEED)
    try:
        again = factory().state_dict()
        pairs = ((name, weight, again.get(name)) for name, weight in made.state_dict().items())
        return next((name for name, weight, other in pairs if _differ(weight, other)), "")
    except Exception:  # noqa: BLE001  (whatever the user's code raises: a factory need not work twice)
        return ""
    finally:
        torch.manual_seed(0)  # as before the first call


def _differ(first: Any, second: Any) -> bool:  # noqa: ANN401  (a state need not be tensors)
    import torch

    both = isinstance(first, torch.Tensor) and isinstance(second, torch.Tensor)
    return both and first.shape == second.shape and not torch.equal(first, second)


def _import(path: Path) -> object:
    """The user's file as a module; what lies beside it can be imported as when Python runs it, or its package."""
    sys.path.insert(0, str(path.parent))
    is_package = path.stem == "__init__"
    name, root = (path.parent.name, path.parent.parent) if is_package else (_MODULE, path.parent)
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


def _load_archive(path: Path, request: Mapping[str, Any]) -> ExportedProgram:
    """Load an archive without the sample inputs in it: they are a pickle, and nobody needs them."""
    import torch

    with contextlib.suppress(ImportError):  # registers the operators of models that PyTorch quantized (PT2E)
        importlib.import_module("torch.ao.quantization.fx._decomposed")
    operator_code.require_operators(path, _import, trusted=bool(request.get("trust_code")))
    copy = Path(request["work"]) / "program.pt2"
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as written:
        for member in archive.infolist():
            sample = _SAMPLE_INPUTS in f"/{member.filename}"
            written.writestr(member.filename, b"" if sample else archive.read(member))
    try:
        return torch.export.load(str(copy))
    finally:
        copy.unlink()
