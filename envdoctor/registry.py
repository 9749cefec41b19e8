"""Probes, actions, compilers and renderers, found by walking the built-in packages and the entry points of others.

A plug-in is a distribution with an entry point in the group `envdoctor.probes`, `envdoctor.actions`,
`envdoctor.compilers` or `envdoctor.renderers` that names a module; modules like the built-in ones are looked for in it
and, if it is a package, in it. A compiler is a package with a constant COMPILER; its probes are in a package `probes`
in it. A code or name that stands twice is an error of whoever ships the second one.
"""

from __future__ import annotations

import importlib
import itertools
import pkgutil
from typing import TYPE_CHECKING, TypeVar

from envdoctor.core.errors import EnvDoctorError, UsageProblem
from envdoctor.core.plugins import entry_points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

    from envdoctor.action import Action
    from envdoctor.core.compiler import Compiler, Product
    from envdoctor.core.file_identity import FileIdentity
    from envdoctor.core.goal import Goal
    from envdoctor.probing import Probe

T = TypeVar("T")


def probes(families: frozenset[str] | None = None, topics: frozenset[str] | None = None) -> tuple[Probe, ...]:
    """All probes, in the order of their codes: the constant that `@probe` leaves in each module.

    Args:
        families: built-in modules of other families are not even imported; None for all. Plug-ins always are.
        topics: probes of compilers that these do not concern are not even imported; None for all.
    """
    from envdoctor.probing import Probe

    def found(module: ModuleType) -> Iterator[Probe]:
        return (value for value in vars(module).values() if isinstance(value, Probe))

    def wanted(name: str) -> bool:
        return families is None or name[:3].upper() in families

    asked = (package for package, one in _packages() if topics is None or one.topics & topics)
    of_compilers = (module for package in asked for module in _walk_inside(package, "probes"))
    modules = itertools.chain(_modules("probes", "envdoctor_probes", wanted), of_compilers)
    return _unique(modules, found, lambda one: one.code)


def actions() -> tuple[Action, ...]:
    """All actions, by name: the constant ACTION of each module under pipeline/actions, and those of each compiler."""
    from envdoctor.action import Action
    from envdoctor.core.compiler import Compiler

    def found(module: ModuleType) -> Iterator[Action]:
        for value in list(vars(module).values()):
            if isinstance(value, Action):
                yield value
            elif isinstance(value, Compiler):
                yield from value.actions()

    packages = (package for package, _ in _packages())
    modules = itertools.chain(_modules("actions", "envdoctor.pipeline.actions"), packages)
    return _unique(modules, found, lambda one: one.name)


def compilers() -> dict[str, Compiler]:
    """All compilers by name: the constant COMPILER of each package under compilers."""
    found = _unique((package for package, _ in _packages()), _compiler, lambda one: one.name)
    return {one.name: one for one in found}


def compiler_of(goal: Goal | None) -> Compiler | None:
    """The compiler of a goal; None without one.

    Raises:
        EnvDoctorError: there is a goal, and not its compiler.
    """
    if goal is None:
        return None
    known = compilers()
    if goal.compiler not in known:
        raise EnvDoctorError(f"the goal {goal.name} names the compiler '{goal.compiler}', which is not installed")
    return known[goal.compiler]


def products() -> dict[str, Product]:
    """What compilers make, by the kind of file."""
    made: dict[str, Product] = {}
    for compiler in compilers().values():
        for product in compiler.products:
            if made.setdefault(product.kind, product) is not product:
                raise EnvDoctorError(f"two compilers make {product.kind}: one is {compiler.name}; remove one of them")
    return made


def identify_file(path: Path) -> FileIdentity | None:
    """What a file or folder is that a compiler made in a format of its own; None for any other.

    Raises:
        Unreadable: it is of such a format, and damaged, cut short or a placeholder.
    """
    asked = (compiler.identify for compiler in compilers().values() if compiler.identify is not None)
    return next((found for identify in asked if (found := identify(path)) is not None), None)


def renderer(name: str) -> ModuleType:
    """The module that renders reports as `name`: built in, else a plug-in's. No other one is imported for it.

    Raises:
        UsageProblem: there is none of that name.
    """
    package = importlib.import_module("envdoctor_reports")
    built_in = {info.name for info in pkgutil.iter_modules(package.__path__) if not info.name.startswith("_")}
    if name in built_in:
        return importlib.import_module(f"{package.__name__}.{name}")
    found = (module for plugin in _plugins("renderers") for module in _walk(plugin) if hasattr(module, "render"))
    plugged = {module.__name__.rpartition(".")[2]: module for module in found}
    if name not in plugged:
        names = ", ".join(sorted(built_in | plugged.keys()))
        raise UsageProblem(f"there is no report format '{name}'; the formats are {names}")
    return plugged[name]


def _unique(
    modules: Iterator[ModuleType], found: Callable[[ModuleType], Iterator[T]], key: Callable[[T], str]
) -> tuple[T, ...]:
    known: dict[str, T] = {}
    for module in modules:
        for one in found(module):
            other = known.setdefault(key(one), one)
            if other is not one:
                raise EnvDoctorError(
                    f"two plug-ins are called {key(one)}: one is in {module.__name__}; remove one of them"
                )
    return tuple(known[name] for name in sorted(known))


def _packages() -> Iterator[tuple[ModuleType, Compiler]]:
    """The packages of all compilers."""
    root = importlib.import_module("envdoctor.compilers")
    for package in (*list(_walk(root))[1:], *_plugins("compilers")):
        yield from ((package, one) for one in _compiler(package))


def _compiler(package: ModuleType) -> Iterator[Compiler]:
    from envdoctor.core.compiler import Compiler

    return (value for value in list(vars(package).values()) if isinstance(value, Compiler))


def _walk_inside(package: ModuleType, name: str) -> Iterator[ModuleType]:
    """The modules of a package inside another, if it is there."""
    if any(info.name == name for info in pkgutil.iter_modules(getattr(package, "__path__", ()))):
        yield from _walk(importlib.import_module(f"{package.__name__}.{name}"))


def _every(_: str) -> bool:
    return True


def _modules(group: str, package: str, wanted: Callable[[str], bool] = _every) -> Iterator[ModuleType]:
    yield from _walk(importlib.import_module(package), wanted)
    for plugin in _plugins(group):
        yield from _walk(plugin)


def _plugins(group: str) -> Iterator[ModuleType]:
    for name in entry_points(f"envdoctor.{group}"):
        try:
            yield importlib.import_module(name)
        except Exception as error:
            raise EnvDoctorError(
                f"the plug-in {name} (entry point envdoctor.{group}) can't be imported: {error}; mend or remove it"
            ) from error


def _walk(package: ModuleType, wanted: Callable[[str], bool] = _every) -> Iterator[ModuleType]:
    yield package
    for info in pkgutil.iter_modules(getattr(package, "__path__", ())):
        if not info.name.startswith("_") and wanted(info.name):
            yield importlib.import_module(f"{package.__name__}.{info.name}")
