"""Probes, actions and renderers, found by walking the built-in packages and the entry points of others.

A plug-in is a distribution with an entry point in the group `envdoctor.probes`, `envdoctor.actions` or
`envdoctor.renderers` that names a module; modules like the built-in ones are looked for in it and, if it is a package,
in it. A code or name that stands twice is an error of whoever ships the second one.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, TypeVar

from envdoctor.core.errors import EnvDoctorError, UsageProblem
from envdoctor.core.plugins import entry_points

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from envdoctor.action import Action
    from envdoctor.probing import Probe

T = TypeVar("T")


def probes(families: frozenset[str] | None = None) -> tuple[Probe, ...]:
    """All probes, in the order of their codes: the constant that `@probe` leaves in each module.

    Args:
        families: built-in modules of other families are not even imported; None for all. Plug-ins always are.
    """
    from envdoctor.probing import Probe

    def found(module: ModuleType) -> Iterator[Probe]:
        return (value for value in vars(module).values() if isinstance(value, Probe))

    def wanted(name: str) -> bool:
        return families is None or name[:3].upper() in families

    return _unique(_modules("probes", "envdoctor_probes", wanted), found, lambda one: one.code)


def actions() -> tuple[Action, ...]:
    """All actions, by name: the constant ACTION of each module under pipeline/actions."""
    from envdoctor.action import Action

    def found(module: ModuleType) -> Iterator[Action]:
        return (value for value in vars(module).values() if isinstance(value, Action))

    return _unique(_modules("actions", "envdoctor.pipeline.actions"), found, lambda one: one.name)


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


def _every(_: str) -> bool:
    return True


def _modules(group: str, package: str, wanted: Callable[[str], bool] = _every) -> Iterator[ModuleType]:
    yield from _walk(importlib.import_module(package), wanted)
    for plugin in _plugins(group):
        yield from _walk(plugin)


def _plugins(group: str) -> Iterator[ModuleType]:
    return (importlib.import_module(name) for name in entry_points(f"envdoctor.{group}"))


def _walk(package: ModuleType, wanted: Callable[[str], bool] = _every) -> Iterator[ModuleType]:
    yield package
    for info in pkgutil.iter_modules(getattr(package, "__path__", ())):
        if not info.name.startswith("_") and wanted(info.name):
            yield importlib.import_module(f"{package.__name__}.{info.name}")
