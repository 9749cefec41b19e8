"""Probes, actions, compilers and renderers, found by walking the built-in packages and the entry points of others.

A plug-in is a distribution with an entry point in the group `envdoctor.probes`, `envdoctor.actions`,
`envdoctor.compilers`, `envdoctor.renderers` or `envdoctor.toolchains` that names a module; modules like the built-in
ones are looked for in it and, if it is a package, in it. A compiler is a package with a constant COMPILER; its probes
are in a package `probes` in it. What of a plug-in can't be used is left out, and `plugins` tells why.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import itertools
import pkgutil
from typing import TYPE_CHECKING, TypeVar

from envdoctor import plugged
from envdoctor.core.errors import EnvDoctorError, UsageProblem
from envdoctor.core.plugins import all_entry_points
from envdoctor.core.request import LEFT_OUT, PROVE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

    from envdoctor.action import Action
    from envdoctor.core.compiler import Compiler, Product
    from envdoctor.core.file_identity import FileIdentity
    from envdoctor.core.goal import Goal
    from envdoctor.core.plugins import PluginState
    from envdoctor.probing import Probe

T = TypeVar("T")

#: Topics that no compiler has: for these alone none is imported.
OF_NO_COMPILER = frozenset({"machine", "witness", LEFT_OUT, PROVE})


def probes(families: frozenset[str] | None = None, topics: frozenset[str] | None = None) -> tuple[Probe, ...]:
    """All probes, in the order of their codes: the constant that `@probe` leaves in each module.

    Args:
        families: families and codes; built-in modules of others are not even imported; None for all. Plug-ins are.
        topics: probes of compilers that these do not concern are not even imported, of the others every family is; None
            for all.
    """

    def wanted(name: str) -> bool:
        return families is None or not families.isdisjoint({name[:3].upper(), name[:6].upper()})

    def asked(compiler: Compiler) -> bool:
        return topics is None or bool(compiler.topics & topics)

    of_compilers = (
        module
        for package, one in _built_in_compilers()
        if asked(one)
        for module in _probes_inside(package, wanted if topics is None else _every)
    )
    own = _walk(importlib.import_module("envdoctor_probes"), wanted)
    modules = own if topics is not None and topics <= OF_NO_COMPILER else itertools.chain(own, of_compilers)
    known = _unique(modules, _probes_in, lambda one: one.code)
    return tuple(sorted((*known, *plugged.probes(asked).found), key=lambda one: one.code))


def actions() -> tuple[Action, ...]:
    """All actions, by name: the constant ACTION of each module under pipeline/actions, and those of each compiler."""
    known = _own_actions()
    added = plugged.actions(frozenset(one.name for one in known)).found
    return tuple(sorted((*known, *added), key=lambda one: one.name))


def _own_actions() -> tuple[Action, ...]:
    from envdoctor.action import Action
    from envdoctor.core.compiler import Compiler

    def found(module: ModuleType) -> Iterator[Action]:
        for value in list(vars(module).values()):
            if isinstance(value, Action):
                yield value
            elif isinstance(value, Compiler):
                yield from value.actions()

    packages = (package for package, _ in _built_in_compilers())
    modules = itertools.chain(_walk(importlib.import_module("envdoctor.pipeline.actions")), packages)
    return _unique(modules, found, lambda one: one.name)


def compilers() -> dict[str, Compiler]:
    """All compilers by name: the constant COMPILER of each package under compilers."""
    return {one.name: one for one in (*_own_compilers(), *plugged.compilers(_own_compilers()).found)}


def plugins() -> PluginState:
    """What other distributions add, and what of it is left out and why; all of it is imported for that."""
    state = all_entry_points()
    if not state.entries and not state.problems:
        return state
    found = (
        plugged.compilers(_own_compilers()),
        plugged.probes(),
        plugged.actions(frozenset(one.name for one in _own_actions())),
        plugged.renderers(_own_renderers()),
    )
    problems = (*state.problems, *(problem for one in found for problem in one.problems), *plugged.of_tables())
    return dataclasses.replace(state, problems=tuple(dict.fromkeys(problems)))


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
    built_in = _own_renderers()
    if name in built_in:
        return importlib.import_module(f"envdoctor_reports.{name}")
    added = {module.__name__.rpartition(".")[2]: module for module in plugged.renderers(built_in).found}
    if name not in added:
        names = ", ".join(sorted(built_in | added.keys()))
        raise UsageProblem(f"there is no report format '{name}'; the formats are {names}")
    return added[name]


def _own_renderers() -> frozenset[str]:
    package = importlib.import_module("envdoctor_reports")
    return frozenset(info.name for info in pkgutil.iter_modules(package.__path__) if not info.name.startswith("_"))


def _own_compilers() -> tuple[Compiler, ...]:
    return _unique((package for package, _ in _built_in_compilers()), _compilers_in, lambda one: one.name)


def _unique(
    modules: Iterator[ModuleType], found: Callable[[ModuleType], Iterator[T]], key: Callable[[T], str]
) -> tuple[T, ...]:
    known: dict[str, T] = {}
    for module in modules:
        for one in found(module):
            if known.setdefault(key(one), one) is not one:
                raise AssertionError(f"two things are called {key(one)}: one is in {module.__name__}")
    return tuple(known[name] for name in sorted(known))


@functools.cache
def _built_in_compilers() -> tuple[tuple[ModuleType, Compiler], ...]:
    packages = list(_walk(importlib.import_module("envdoctor.compilers")))[1:]
    return tuple((package, one) for package in packages for one in _compilers_in(package))


def _probes_in(module: ModuleType) -> Iterator[Probe]:
    from envdoctor.probing import Probe

    return (value for value in list(vars(module).values()) if isinstance(value, Probe))


def _compilers_in(package: ModuleType) -> Iterator[Compiler]:
    from envdoctor.core.compiler import Compiler

    return (value for value in list(vars(package).values()) if isinstance(value, Compiler))


def _probes_inside(package: ModuleType, wanted: Callable[[str], bool]) -> Iterator[ModuleType]:
    """The modules of a compiler's probes, if it has some."""
    if any(info.name == "probes" for info in pkgutil.iter_modules(getattr(package, "__path__", ()))):
        yield from _walk(importlib.import_module(f"{package.__name__}.probes"), wanted)


def _every(_: str) -> bool:
    return True


def _walk(package: ModuleType, wanted: Callable[[str], bool] = _every) -> Iterator[ModuleType]:
    yield package
    for info in pkgutil.iter_modules(getattr(package, "__path__", ())):
        if not info.name.startswith("_") and wanted(info.name):
            yield importlib.import_module(f"{package.__name__}.{info.name}")
