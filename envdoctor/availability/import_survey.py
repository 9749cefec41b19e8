"""Follows the imports of a set of wheels from those that nothing in the set requires inwards, wheel by wheel."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.support.parallel import in_parallel
from envdoctor.support.requirement import normal_name, required_name
from envdoctor.wheels.external_imports import own_names
from envdoctor.wheels.standard_library import module_provider, standard_modules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from envdoctor.core.target import Target
    from envdoctor.wheels.contents import WheelContents
    from envdoctor.wheels.external_imports import ExternalImports

    #: What importing a package of a wheel imports from elsewhere; called from several threads.
    ReadImports = Callable[[WheelContents, str], ExternalImports]

_WORKERS = 6
_OF_EXTRA = re.compile(r";.*\bextra\s*==")
# Names at the top that nobody means to be imported.
_STRAY = re.compile(
    r"_.*|tests?|testing|docs?|examples?|benchmarks?|scripts?|tools?|samples?|conftest|setup|third_party"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package of one wheel that is imported.

    Attributes:
        wheel: the place of the wheel in the set.
        name: of the package.
        severity: of a failure to import it.
    """

    wheel: int
    name: str
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the packages that are imported ask of others.

    Attributes:
        wheels: the whole set.
        target: where it would be installed.
        bringers: which wheel brings which module.
        packages: each package that is imported, with what it imports from elsewhere.
    """

    wheels: Sequence[WheelContents]
    target: Target
    bringers: Bringers
    packages: tuple[tuple[Package, ExternalImports], ...]

    def is_there(self, module: str) -> bool:
        """Whether Python or a wheel of the set has a module, as far as can be seen."""
        top = module.partition(".")[0]
        return top in standard_modules(self.target) or bool(self.bringers.of(module)) or self.bringers.excuse(module)

    def happens(self, instead_of: Iterable[str]) -> bool:
        """Whether a step is taken that is only taken where none of some modules can be imported."""
        return not any(self.is_there(module) for module in instead_of)


def survey_imports(wheels: Sequence[WheelContents], target: Target, read: ReadImports) -> Survey:
    """Follows the imports.

    Args:
        wheels: the whole set.
        target: where it would be installed.
        read: see `external_imports`.
    """
    survey = Survey(wheels=wheels, target=target, bringers=Bringers(wheels), packages=())
    level = list(_outermost(wheels))
    seen = set(level)
    found: list[tuple[Package, ExternalImports]] = []
    while level:
        imports = in_parallel(lambda package: read(wheels[package.wheel], package.name), level, _WORKERS, "imports")
        met = list(zip(level, imports, strict=True))
        following = [each for package, one in met for each in _following(survey, package, one)]
        found += met
        level = [each for each in dict.fromkeys(following) if each not in seen]
        seen.update(level)
    return replace(survey, packages=tuple(found))


def _following(survey: Survey, package: Package, imports: ExternalImports) -> Iterator[Package]:
    """The packages of other wheels that a package imports."""
    standard = standard_modules(survey.target)
    for one in imports.found:
        if one.name.partition(".")[0] not in standard and survey.happens(one.instead_of):
            for index, name in survey.bringers.of(one.name):
                yield replace(package, wheel=index, name=name)


class Bringers:
    """Which wheel brings which module.

    Attributes:
        names: of all distributions, normalized.
    """

    def __init__(self, wheels: Sequence[WheelContents]) -> None:
        self._wheels = wheels
        self.names = {normal_name(wheel.metadata.name) for wheel in wheels}
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

    def having(self, top: str) -> tuple[int, ...]:
        """The places of the wheels that have a package or module at the top."""
        return tuple(index for index, wheel in enumerate(self._wheels) if top in wheel.imports)

    def lacking(self, module: str) -> str:
        """What to call a missing module: its package at the top, or the part of a namespace that others have."""
        top, _, rest = module.partition(".")
        return f"{top}.{rest.partition('.')[0]}" if rest and self.of(top) else top

    def excuse(self, module: str) -> bool:
        """Whether a module may be there although no wheel shows it at the top."""
        provider = module_provider(module.partition(".")[0])
        return module.partition(".")[0] in self._anywhere or bool(provider and provider.beside in self.names)


def _package(wheel: WheelContents, name: str) -> str:
    """The package of a wheel that importing `name` (one or two parts) runs: in a namespace the second part; or ""."""
    top = name.partition(".")[0]
    below = [path for path in wheel.members if path.startswith(f"{top}/")]
    if name == top or not below or f"{top}/__init__.py" in wheel.members:
        return top
    start = name.replace(".", "/")
    return name if any(path.startswith((f"{start}/", f"{start}.")) for path in below) else ""


def _outermost(wheels: Sequence[WheelContents]) -> Iterator[Package]:
    """The packages of the wheels that no other requires."""
    packages = [each for index in outermost_wheels(wheels) for each in _packages(index, wheels[index])]
    return iter(sorted(packages, key=lambda package: -package.severity))


def outermost_wheels(wheels: Sequence[WheelContents]) -> Sequence[int]:
    """The places of the wheels that no other requires; of those that require each other all, if no more do."""
    places = {normal_name(wheel.metadata.name): index for index, wheel in enumerate(wheels)}
    direct = [{places[name] for name in required_names(wheel) if name in places} for wheel in wheels]
    reached = [_reached(index, direct) for index in range(len(wheels))]
    return [
        index
        for index in range(len(wheels))
        if all(other in reached[index] for other in range(len(wheels)) if index in reached[other])
    ]


def _reached(start: int, direct: Sequence[set[int]]) -> set[int]:
    """All that a wheel requires, and what that requires; itself only if it is required in turn."""
    reached: set[int] = set()
    waiting = [start]
    while waiting:
        new = direct[waiting.pop()] - reached
        reached |= new
        waiting += new
    return reached


def _packages(index: int, wheel: WheelContents) -> Iterator[Package]:
    """What can be imported of a wheel: it is for the package of its own name, or the only one; others matter less."""
    public = [name for name in wheel.imports if not _STRAY.fullmatch(name)]
    own = normal_name(wheel.metadata.name)
    for name in public:
        matters = len(public) == 1 or normal_name(name) == own
        severity = Severity.ERROR if matters else Severity.WARNING
        yield from (Package(wheel=index, name=each, severity=severity) for each in _importable(wheel, name))


def _importable(wheel: WheelContents, top: str) -> Iterable[str]:
    """A package, or those in it if it is a namespace."""
    below = [path.split("/") for path in wheel.members if path.startswith(f"{top}/")]
    if not below or f"{top}/__init__.py" in wheel.members:
        return (top,)
    return dict.fromkeys(f"{top}.{parts[1]}" for parts in below if parts[2:] == ["__init__.py"])


def required_names(wheel: WheelContents) -> Iterator[str]:
    """What a wheel requires, but for its extras: nearly all that a test or a document needs stands there."""
    return filter(None, (required_name(line) for line in wheel.metadata.requires if not _OF_EXTRA.search(line)))
