"""What plug-ins bring, looked through: what can be used, and for the rest the reason why it can't.

Nothing that a plug-in does at its import or has in its modules ends the doctor. The registry asks this and adds what
is found to what is built in.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import TYPE_CHECKING, Generic, TypeVar

from envdoctor.core.data import SHARED, built_in_folders, load_file, plugged_rows
from envdoctor.core.finding import FAMILIES
from envdoctor.core.frozen import frozen
from envdoctor.core.plugins import GROUPS, EntryPoint, PluginProblem, all_entry_points, folder_of
from envdoctor.support.containment import contained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from envdoctor.action import Action
    from envdoctor.core.compiler import Compiler
    from envdoctor.probing import Probe

T = TypeVar("T")


@frozen(kw_only=False)
class Looked(Generic[T]):
    """What was found, and what is wrong with the rest."""

    found: tuple[T, ...]
    problems: tuple[PluginProblem, ...]


def probes(asked: Callable[[Compiler], bool] | None = None) -> Looked[Probe]:
    """The probes of plug-ins, those of compilers that are asked for included.

    Args:
        asked: whether a compiler's probes are wanted; None for all.
    """
    from envdoctor.core.compiler import Compiler
    from envdoctor.probing import Probe

    gathering = _Gathering[Probe]()
    for entry, module in _modules("probes", gathering, inside=""):
        gathering.add(entry, module, Probe)
    gathering.tell_empty("probes")
    for entry, module in _modules("compilers", gathering, inside="probes"):
        package = sys.modules[entry.module]  # which `_modules` has imported
        own = [one for one in vars(package).values() if isinstance(one, Compiler)]
        if asked is None or any(map(asked, own)):
            gathering.add(entry, module, Probe)
    return gathering.looked(lambda one: one.code, frozenset(), _why_no_code)


def actions(taken: frozenset[str]) -> Looked[Action]:
    """The actions of plug-ins and of their compilers; the names that are taken are built in."""
    from envdoctor.action import Action
    from envdoctor.core.compiler import Compiler

    gathering = _Gathering[Action]()
    for entry, module in _modules("actions", gathering, inside=""):
        gathering.add(entry, module, Action)
    gathering.tell_empty("actions")
    for entry, package in _modules("compilers", gathering, inside=None):
        for compiler in [one for one in vars(package).values() if isinstance(one, Compiler)]:
            try:
                gathering.values += [(entry, one) for one in compiler.actions()]
            except (Exception, SystemExit) as error:  # noqa: BLE001  (a plug-in may raise anything)
                gathering.complain(entry, f"does not say its actions: {_words(error)}")
    return gathering.looked(lambda one: one.name, taken)


def compilers(built_in: tuple[Compiler, ...]) -> Looked[Compiler]:
    """The compilers of plug-ins; none has the name of a built-in one or makes the same kind of file."""
    from envdoctor.core.compiler import Compiler

    kinds = {product.kind for one in built_in for product in one.products}

    def why(one: Compiler) -> str:
        again = sorted(kinds & {product.kind for product in one.products})
        kinds.update(product.kind for product in one.products)
        return f"makes {', '.join(again)}, which another compiler makes" if again else ""

    gathering = _Gathering[Compiler]()
    for entry, package in _modules("compilers", gathering, inside=None):
        gathering.add(entry, package, Compiler)
    gathering.tell_empty("compilers")
    return gathering.looked(lambda one: one.name, frozenset(one.name for one in built_in), why)


def renderers(taken: frozenset[str]) -> Looked[ModuleType]:
    """The modules of plug-ins that render reports."""
    gathering = _Gathering["ModuleType"]()
    for entry, module in _modules("renderers", gathering, inside=""):
        if callable(getattr(module, "render", None)):
            gathering.values.append((entry, module))
    gathering.tell_empty("renderers")
    return gathering.looked(lambda one: one.__name__.rpartition(".")[2], taken)


def of_tables() -> tuple[PluginProblem, ...]:
    """What is wrong with the tables of plug-ins, and with the toolchains that they name."""
    problems: list[PluginProblem] = []
    taken = {name: _own_keys(name) for name in SHARED}
    for entry in all_entry_points().entries:
        folder = folder_of(entry.module) if entry.group in {"compilers", "toolchains"} else None
        if entry.group == "toolchains" and (folder is None or not (folder / "toolchains.toml").is_file()):
            problems.append(PluginProblem(entry=entry, text=f"has no {GROUPS['toolchains'].rpartition(' ')[2]}"))
        for name in sorted(SHARED) if folder is not None and entry.group == "compilers" else ("toolchains",):
            if folder is not None:
                rows, wrong = plugged_rows(folder, name, frozenset(taken[name]))
                taken[name] |= rows.keys()
                codes = [row["code"] for row in rows.values()] if name == "stage-problems" else []
                said = (*wrong, *filter(None, map(_why_no_code_text, codes)))
                problems += [PluginProblem(entry=entry, text=f"has a table that is wrong: {text}") for text in said]
                if name == "goals" and rows and not plugged_rows(folder, "tflite-readers", frozenset())[0]:
                    text = "has goals and no row in tflite-readers.toml, which says what reads models for them"
                    problems.append(PluginProblem(entry=entry, text=text))
    return tuple(problems)


def _own_keys(name: str) -> set[str]:
    from envdoctor.core.data import DATA

    files = [DATA / f"{name}.toml", *(folder / f"{name}.toml" for folder in built_in_folders())]
    return {key for file in files if file.is_file() for key in load_file(file)}


class _Gathering(Generic[T]):
    """The values of one kind as they are found, each with the entry point that it came by."""

    def __init__(self) -> None:
        self.values: list[tuple[EntryPoint, T]] = []
        self._problems: list[PluginProblem] = []

    def add(self, entry: EntryPoint, module: ModuleType, kind: type[T]) -> None:
        """The constants of a module that are of a kind."""
        self.values += [(entry, value) for value in list(vars(module).values()) if isinstance(value, kind)]

    def complain(self, entry: EntryPoint, text: str) -> None:
        self._problems.append(PluginProblem(entry=entry, text=text))

    def tell_empty(self, group: str) -> None:
        """Whoever brings nothing of the kind, though its modules import, has a wrong constant or none."""
        told = {problem.entry for problem in self._problems} | {entry for entry, _ in self.values}
        for entry in all_entry_points().entries:
            if entry.group == group and entry not in told:
                self.complain(entry, f"holds no module with {GROUPS[group]}")

    def looked(
        self, key: Callable[[T], str], taken: frozenset[str], why: Callable[[T], str] = lambda _: ""
    ) -> Looked[T]:
        """What can be used: of two with one name the first, and nothing that there is a reason against."""
        known: dict[str, T] = {}
        for entry, value in self.values:
            name = key(value)
            if name in known and known[name] is value:
                continue
            if name in taken or name in known:
                self.complain(entry, f"has {name}, and there is another {name} already")
            elif said := why(value):
                self.complain(entry, said)
            else:
                known[name] = value
        return Looked(tuple(known.values()), tuple(self._problems))


def _modules(group: str, gathering: _Gathering[T], *, inside: str | None) -> Iterator[tuple[EntryPoint, ModuleType]]:
    """The modules of a group's plug-ins that import.

    Args:
        group: of entry points.
        gathering: told which do not.
        inside: the package in the plug-in whose modules are meant, "" for itself; None for the plug-in alone.
    """
    for entry in all_entry_points().entries:
        if entry.group != group:
            continue
        package = _imported(entry, entry.module, gathering)
        if package is None or inside is None:
            yield from [(entry, package)] if package else ()
            continue
        for name in _names(package, inside):
            module = package if name == entry.module else _imported(entry, name, gathering)
            if module is not None:
                yield entry, module


def _names(package: ModuleType, inside: str) -> Iterator[str]:
    places, name = list(getattr(package, "__path__", ())), package.__name__
    if inside:
        places, name = [f"{place}/{inside}" for place in places], f"{name}.{inside}"
    else:
        yield name
    yield from (f"{name}.{info.name}" for info in pkgutil.iter_modules(places) if not info.name.startswith("_"))


def _imported(entry: EntryPoint, name: str, gathering: _Gathering[T]) -> ModuleType | None:
    from envdoctor.plugged.trial import why_not_imported

    where = "" if name == entry.module else f": {name}"
    if fatal := why_not_imported(name):
        gathering.complain(entry, f"can't be imported{where}: {fatal}")
        return None
    try:
        with contained() as changed:
            module = importlib.import_module(name)
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a plug-in may raise anything)
        gathering.complain(entry, f"can't be imported{where}: {_words(error)}")
        return None
    if changed:
        gathering.complain(entry, f"changed {' and '.join(changed)} when it was imported{where}; that was put back")
    return module


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _why_no_code(one: Probe) -> str:
    return _why_no_code_text(one.code)


def _why_no_code_text(code: str) -> str:
    family = str(code)[:3]
    return (
        f"has the code {code}, and {family} is envdoctor's own; give it three other letters"
        if family in FAMILIES
        else ""
    )
