"""Modules that importing the wheels of a set needs in any case, and that no wheel of the set brings.

A requirement that its author had installed anyway and forgot to declare, or a module that Python itself had until some
version: a resolver sees neither, and what it picked can't be imported.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envdoctor.core.availability import CellReason, ReasonKind
from envdoctor.core.finding import Evidence, Severity
from envdoctor.wheels.external_imports import own_names
from envdoctor.wheels.standard_library import is_of_another_python, module_provider, standard_modules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from envdoctor.core.target import Target
    from envdoctor.wheels.contents import WheelContents
    from envdoctor.wheels.external_imports import ExternalImport
    from envdoctor.wheels.standard_library import ModuleProvider

    #: What importing a package of a wheel imports from elsewhere.
    ReadImports = Callable[[WheelContents, str], Sequence[ExternalImport]]

_WORKERS = 6
_SHOWN = 12
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SEPARATORS = re.compile(r"[-_.]+")  # PEP 503
# Names at the top that nobody means to be imported.
_STRAY = re.compile(
    r"_.*|tests?|testing|docs?|examples?|benchmarks?|scripts?|tools?|samples?|conftest|setup|third_party"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Package:
    """A package of one wheel that is imported, and how bad it is if that fails."""

    wheel: int
    name: str
    severity: Severity


def undeclared_reasons(wheels: Sequence[WheelContents], target: Target, read: ReadImports) -> Iterator[CellReason]:
    """What is imported and not there, from the wheels that nothing in the set requires inwards.

    Args:
        wheels: the whole set.
        target: where it would be installed.
        read: see `external_imports`; called from several threads.
    """
    bringers = _Bringers(wheels)
    standard = standard_modules(target)
    level = list(_outermost(wheels))
    seen = set(level)
    missing: dict[tuple[int, Severity], dict[str, ExternalImport]] = {}
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="imports") as pool:
        while level:
            found = pool.map(lambda package: read(wheels[package.wheel], package.name), level)
            following: list[_Package] = []
            for package, imports in zip(level, found, strict=True):
                foreign = [one for one in imports if one.name.partition(".")[0] not in standard]
                for one in foreign:
                    brought = [replace(package, wheel=index, name=name) for index, name in bringers.of(one.name)]
                    following += brought
                    if not brought and not bringers.excuse(one.name):
                        known = missing.setdefault((package.wheel, package.severity), {})
                        name = bringers.lacking(one.name)
                        known.setdefault(name, replace(one, name=name))
            level = [each for each in dict.fromkeys(following) if each not in seen]
            seen.update(level)
    told: set[int] = set()
    for (index, severity), names in sorted(missing.items(), key=lambda item: -item[0][1]):
        if index not in told:
            told.add(index)
            yield _reason(wheels[index], list(names.values()), severity, target)


def empty_reasons(wheels: Sequence[WheelContents]) -> Iterator[CellReason]:
    """Wheels that were asked for and install nothing: one that only requires others, or one packed without its code."""
    for index in _outer(wheels):
        wheel = wheels[index]
        if not (wheel.imports or wheel.natives or wheel.metadata.scripts):
            message = f"{wheel.label} itself installs no module, command or library, only what it requires."
            yield CellReason(kind=ReasonKind.NOTE, severity=Severity.WARNING, subject=wheel.label, message=message)


class _Bringers:
    """Which wheel brings which module."""

    def __init__(self, wheels: Sequence[WheelContents]) -> None:
        self._wheels = wheels
        self._names = {_normal(wheel.metadata.name) for wheel in wheels}
        # A .pth file may make anything in a wheel importable.
        started = [
            wheel for wheel in wheels if any("/" not in path and path.endswith(".pth") for path in wheel.members)
        ]
        self._anywhere = frozenset().union(*(own_names(wheel.members) for wheel in started))
        self._known: dict[str, tuple[tuple[int, str], ...]] = {}

    def of(self, module: str) -> tuple[tuple[int, str], ...]:
        """The wheels that have a module, by their place, each with the package that its import begins with."""
        top, _, rest = module.partition(".")
        name = f"{top}.{rest.partition('.')[0]}" if rest else top
        if name not in self._known:
            found = ((index, _package(wheel, name)) for index, wheel in enumerate(self._wheels) if top in wheel.imports)
            self._known[name] = tuple((index, package) for index, package in found if package)
        return self._known[name]

    def lacking(self, module: str) -> str:
        """What to call a missing module: its package at the top, or the part of a namespace that others have."""
        top, _, rest = module.partition(".")
        return f"{top}.{rest.partition('.')[0]}" if rest and self.of(top) else top

    def excuse(self, module: str) -> bool:
        """Whether a module may be there although no wheel shows it at the top."""
        provider = module_provider(module.partition(".")[0])
        return module.partition(".")[0] in self._anywhere or bool(provider and provider.beside in self._names)


def _package(wheel: WheelContents, name: str) -> str:
    """The package of a wheel that importing `name` (one or two parts) runs: in a namespace the second part; or ""."""
    top = name.partition(".")[0]
    below = [path for path in wheel.members if path.startswith(f"{top}/")]
    if name == top or not below or f"{top}/__init__.py" in wheel.members:
        return top
    start = name.replace(".", "/")
    return name if any(path.startswith((f"{start}/", f"{start}.")) for path in below) else ""


def _outermost(wheels: Sequence[WheelContents]) -> Iterator[_Package]:
    """The packages of the wheels that no other requires."""
    packages = [each for index in _outer(wheels) for each in _packages(index, wheels[index])]
    return iter(sorted(packages, key=lambda package: -package.severity))


def _outer(wheels: Sequence[WheelContents]) -> Sequence[int]:
    """The places of the wheels that no other requires; of all if each requires another."""
    required = {name for wheel in wheels for name in _required(wheel) if name != _normal(wheel.metadata.name)}
    roots = [index for index, wheel in enumerate(wheels) if _normal(wheel.metadata.name) not in required]
    return roots or range(len(wheels))


def _packages(index: int, wheel: WheelContents) -> Iterator[_Package]:
    """What can be imported of a wheel: it is for the package of its own name, or the only one; others matter less."""
    public = [name for name in wheel.imports if not _STRAY.fullmatch(name)]
    own = _normal(wheel.metadata.name)
    for name in public:
        matters = len(public) == 1 or _normal(name) == own
        severity = Severity.ERROR if matters else Severity.WARNING
        yield from (_Package(wheel=index, name=each, severity=severity) for each in _importable(wheel, name))


def _importable(wheel: WheelContents, top: str) -> Iterable[str]:
    """A package, or those in it if it is a namespace."""
    below = [path.split("/") for path in wheel.members if path.startswith(f"{top}/")]
    if not below or f"{top}/__init__.py" in wheel.members:
        return (top,)
    return dict.fromkeys(f"{top}.{parts[1]}" for parts in below if parts[2:] == ["__init__.py"])


def _reason(wheel: WheelContents, missing: list[ExternalImport], severity: Severity, target: Target) -> CellReason:
    """One statement on a wheel; the first module that nothing brings decides, unless some environments have it."""
    first = min(missing, key=lambda one: _is_usual(one.name, target))
    usual = _is_usual(first.name, target)
    others = [one.name for one in missing if one is not first]
    more = f"; nor does any bring {', '.join(others)}" if others else ""
    chains = "\n".join(" > ".join((*one.via, one.name)) for one in missing[:_SHOWN])
    return CellReason(
        kind=ReasonKind.BROKEN if severity is Severity.ERROR and not usual else ReasonKind.NOTE,
        severity=Severity.WARNING if usual else severity,
        subject=wheel.label,
        message=f"{wheel.label}: `import {first.via[0]}` fails: {first.via[-1]} imports {_words(first, target)}{more}.",
        evidence=(Evidence(source=f"imports of {wheel.label}", excerpt=chains),),
    )


def _words(one: ExternalImport, target: Target) -> str:
    """What is said of a module that nothing brings."""
    provider = _provider(one.name)
    python = f"Python {target.interpreter.short_version}"
    would = f" ({provider.requirement} would)" if provider else ""
    if is_of_another_python(one.name):
        return f"{one.name}, which {python} does not have on {target.platform.system.value.capitalize()}{would}"
    if _is_usual(one.name, target):
        would = f" ({provider.requirement} would; `python -m venv` with {python} does)" if provider else ""
    return f"{one.name}, which no wheel of the set brings{would}"


def _is_usual(module: str, target: Target) -> bool:
    """Whether environments of that Python mostly have a module that no wheel brings."""
    provider = _provider(module)
    return provider is not None and target.interpreter.version < provider.below


def _provider(module: str) -> ModuleProvider | None:
    return module_provider(".".join(module.split(".")[:2])) or module_provider(_top(module))


def _top(module: str) -> str:
    return module.partition(".")[0]


def _required(wheel: WheelContents) -> Iterator[str]:
    for line in wheel.metadata.requires:
        match = _PROJECT.match(line)
        if match:
            yield _normal(match[0])


def _normal(name: str) -> str:
    return _SEPARATORS.sub("-", name).lower()
