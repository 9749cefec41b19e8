"""Follows the imports of a set of wheels from those that nothing in the set requires inwards, wheel by wheel."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envdoctor.availability.beside import BesideWheel, WheelNames
from envdoctor.availability.requiring import outermost_wheels
from envdoctor.core.finding import Severity
from envdoctor.imports.events import What
from envdoctor.imports.standard_library import module_provider
from envdoctor.imports.surface import import_surface, use_of
from envdoctor.imports.wheel_site import own_names
from envdoctor.support.parallel import in_parallel
from envdoctor.support.requirement import normal_name
from envdoctor.wheels.contents import install_path
from envdoctor.wheels.numpy_use import module_stem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from envdoctor.core.target import Target
    from envdoctor.imports.packages import PackageVerdict
    from envdoctor.imports.verdict import Failure
    from envdoctor.imports.wheel_site import Beside
    from envdoctor.wheels.contents import WheelContents

    #: What importing a package of a wheel comes to beside others, with so many modules of it read at most.
    JudgePackage = Callable[[WheelContents, str, Beside, int], PackageVerdict]
    #: The text of a member of a wheel.
    ReadText = Callable[[WheelContents, str], str]

#: The module of a package that brings none of its parts, by which users come to them: `import statsmodels.api`.
API = "api"
_WORKERS = 6
_MOST_ROUNDS = 8
#: Modules that are read of a package that is asked for, and of one that these import: what a package can't do without,
#: it mostly imports early.
_WHOLE, _PART = 160, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package of one wheel that is imported, a module in it that others import, or one that a command of it enters.

    Attributes:
        wheel: the place of the wheel in the set.
        name: of the package, or the module.
        severity: of a failure to import it.
        command: the command; "" for a package.
        importer: of a module in a package that does not import it itself, who does, in another wheel.
    """

    wheel: int
    name: str
    severity: Severity
    command: str = ""
    importer: str = ""

    @property
    def use(self) -> str:
        """What the user does, as the subject of a sentence."""
        return use_of(self.name, self.command) + (f", as {self.importer} does," if self.importer else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What importing the packages of a set comes to.

    Attributes:
        wheels: the whole set.
        target: where it would be installed.
        bringers: which wheel brings which module.
        packages: each package that is imported, with what that comes to, the outermost first.
        outermost: how many of them nothing in the set requires.
        complete: whether the wheels are all that would be installed; else what they don't bring may be there.
    """

    wheels: Sequence[WheelContents]
    target: Target
    bringers: Bringers
    packages: dict[Package, PackageVerdict]
    outermost: int = 0
    complete: bool = True

    def origins(self, package: Package) -> Iterator[tuple[Package, Failure]]:
        """Why a package can't be imported, told of the packages where that begins."""
        waiting, seen = [package], {package}
        while waiting:
            at = waiting.pop()
            for failure in self.packages[at].failures:
                inner = [each for each in self.behind(at, failure.cause.subject) if self.packages[each].failures]
                if failure.cause.what is not What.IMPORT or not inner:
                    yield at, failure
                waiting += [each for each in inner if each not in seen]
                seen.update(inner)

    def named_for_others(self, module: str) -> str:
        """Words on the file of a module that has the name of another Python or system, "" if there is none."""
        path = module.replace(".", "/")
        paths = (install_path(native.path) for wheel in self.wheels for native in wheel.natives)
        found = next((each for each in paths if module_stem(each) == path and each.count(".") > 1), "")
        return f" ({posixpath.basename(found)} is for another Python or system)" if found else ""

    def behind(self, package: Package, module: str) -> list[Package]:
        """The packages of other wheels that importing a module begins with, and the module itself."""
        found = [(index, name) for index, name in self.bringers.of(module) if index != package.wheel]
        found += [(index, module) for index, _ in found]
        return [each for each in self.packages if (each.wheel, each.name) in found]


def survey_imports(
    wheels: Sequence[WheelContents], target: Target, judge: JudgePackage, read: ReadText, *, complete: bool = True
) -> Survey:
    """Follows the imports.

    Args:
        wheels: the whole set.
        target: where it would be installed.
        judge: see `judge_package`; called from several threads.
        read: the text of a member of a wheel.
        complete: see `Survey`.
    """
    survey = Survey(wheels=wheels, target=target, bringers=Bringers(wheels), packages={}, complete=complete)
    others = WheelNames(wheels, target, read)
    for _ in range(_MOST_ROUNDS):
        found = _surveyed(survey, judge, others)
        failing = {each for each, verdict in found.items() if verdict.failures}
        given = {pair for verdict in found.values() for pair in verdict.given}
        changed = failing != {each for each, verdict in survey.packages.items() if verdict.failures}
        survey = replace(survey, packages=found, outermost=len(list(_outermost(wheels))))
        if not changed and others.given == given:
            break
        others.given = given
    return survey


def _surveyed(survey: Survey, judge: JudgePackage, others: WheelNames) -> dict[Package, PackageVerdict]:
    asked = level = list(_outermost(survey.wheels))
    found: dict[Package, PackageVerdict] = {}

    def judged(each: Package) -> PackageVerdict:
        beside = BesideWheel(survey, each.wheel, others)
        return judge(survey.wheels[each.wheel], each.name, beside, _WHOLE if each in asked else _PART)

    while level:
        met = in_parallel(judged, level, _WORKERS, "imports")
        found |= dict(zip(level, met, strict=True))
        level = _next_level(survey, found, others)
    return found


def _next_level(survey: Survey, found: Mapping[Package, PackageVerdict], others: WheelNames) -> list[Package]:
    """What else is imported: packages, and of each wheel one module, since that mostly imports others of them."""
    places = {(each.wheel, each.name): verdict for each, verdict in found.items()}
    ended = {(each.wheel, module) for each, verdict in found.items() for module in verdict.ended}
    level: dict[tuple[int, str], Package] = {}
    for package in found:
        for each in _following(survey, package, places, others):
            place = (each.wheel, "." if each.importer else each.name)
            if (each.wheel, each.name) not in places and (each.wheel, each.name) not in ended:
                level.setdefault(place, each)
    return list(level.values())


def _following(
    survey: Survey, package: Package, found: Mapping[tuple[int, str], PackageVerdict], others: WheelNames
) -> Iterator[Package]:
    """The packages of other wheels that a package imports; then modules in these that they don't import themselves."""
    itself = f"the command `{package.command}`" if package.command else package.name
    for event in found[package.wheel, package.name].imports:
        module = f"{event.subject}.{event.name}" if event.name else event.subject
        for index, name in survey.bringers.of(module):
            if index == package.wheel:
                continue
            begun = found.get((index, name))
            if begun is None:
                yield Package(wheel=index, name=name, severity=package.severity)
            elif begun.complete and not begun.failures and others.has_text(index, module):
                importer = (event.via or (itself,))[-1]
                yield Package(wheel=index, name=module, severity=package.severity, importer=importer)


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
    """The packages of the wheels that no other requires, and their modules `api`: some users import no other."""
    packages = []
    for index in outermost_wheels(wheels):
        for each in import_surface(wheels[index]):
            packages.append(Package(wheel=index, name=each.module, severity=each.severity, command=each.command))
            api = f"{each.module}.{API}"
            if not each.command and f"{api.replace('.', '/')}.py" in wheels[index].members:
                packages.append(Package(wheel=index, name=api, severity=Severity.WARNING))
    return iter(sorted(packages, key=lambda package: (bool(package.command), -package.severity)))
