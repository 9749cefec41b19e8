"""What importing one package of a wheel comes to, among the other wheels of a set; kept with what was asked of these.

A wheel is the same in many sets. The others matter only by what its import asks of them, so that a verdict holds in
every set that gives the same answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.imports.events import Certainty, Event, What
from envdoctor.imports.site import Found  # noqa: TC001 - verdicts are read back by their types
from envdoctor.imports.verdict import Failure, judge_import
from envdoctor.imports.wheel_site import Beside, WheelSite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from envdoctor.core.target import Target
    from envdoctor.wheels.contents import NativeFile
    from envdoctor.wheels.module_index import ModuleIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an import asked of the wheels beside its own, and the answers.

    Attributes:
        found: what there is of modules.
        lacks: whether modules lack names.
        lacks_itself: whether modules bind no such names; they may have submodules of these.
        binds: whether modules have names wherever they can be imported.
        gives: whether any of them may give names to modules of Python's own.
        libraries: whether any of them may bring a library.
        files: whether any of them may bring a file.
        distributions: whether they are there.
        versions: of distributions.
        told: the distribution and the version that modules tell under names.
    """

    found: dict[str, Found] = field(default_factory=dict)
    lacks: dict[str, dict[str, bool]] = field(default_factory=dict)
    lacks_itself: dict[str, dict[str, bool]] = field(default_factory=dict)
    binds: dict[str, dict[str, bool]] = field(default_factory=dict)
    gives: dict[str, dict[str, bool]] = field(default_factory=dict)
    libraries: dict[str, bool] = field(default_factory=dict)
    files: dict[str, bool] = field(default_factory=dict)
    distributions: dict[str, bool | None] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    told: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def agrees(self, beside: Beside) -> bool:
        """Whether others answer the same."""
        return (
            all(beside.find(module) == found for module, found in self.found.items())
            and all(beside.brings_library(name) is answer for name, answer in self.libraries.items())
            and all(beside.brings_file(path) is answer for path, answer in self.files.items())
            and all(beside.has_distribution(name) is answer for name, answer in self.distributions.items())
            and all(beside.version_of(name) == answer for name, answer in self.versions.items())
            and all(beside.told_version(*asked) == answer for asked, answer in self.told.items())
            and _same(self.lacks, beside.lacks)
            and _same(self.lacks_itself, beside.lacks_itself)
            and _same(self.binds, beside.binds)
            and _same(self.gives, beside.gives)
        )


def _same(known: dict[str, dict[str, bool]], ask: Callable[[str, str], bool]) -> bool:
    return all(ask(module, name) is answer for module, answers in known.items() for name, answer in answers.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageVerdict:
    """What importing a package comes to.

    Attributes:
        failures: why it fails; see `Verdict`.
        bare_failures: why it fails on a system without what those with a desktop have, where it does not fail on these.
        imports: the modules beside the wheel that it certainly imports, and the names, which may be modules, that it
            certainly takes from these, with the chain that leads there.
        given: names that it may give to modules that are not of the wheel.
        asked: what the answers of others decided.
        complete: see `Verdict`.
        ended: see `Verdict`.
    """

    failures: tuple[Failure, ...] = ()
    bare_failures: tuple[Failure, ...] = ()
    imports: tuple[Event, ...] = ()
    given: tuple[tuple[str, str], ...] = ()
    asked: Asked = field(default_factory=Asked)
    complete: bool = True
    ended: frozenset[str] = frozenset()


def judge_package(  # noqa: PLR0913 - what a package is imported in
    package: str,
    index: ModuleIndex,
    read: Callable[[str], str],
    target: Target,
    beside: Beside,
    *,
    most: int,
    natives: Sequence[NativeFile] = (),
) -> PackageVerdict:
    """What `import package` comes to.

    Args:
        package: one of a wheel, by its name, or a module in one.
        index: the modules of the wheel.
        read: the text of a member.
        target: where it is imported.
        beside: the other wheels.
        most: modules of the wheel that are read at most.
        natives: see `WheelSite`.
    """
    recorder = _Recorder(beside)
    verdict = judge_import(package, WheelSite(index, read, target, recorder, natives=natives), most)
    bare: tuple[Failure, ...] = ()
    if not verdict.failures and any(event.what is What.LOOK_UP for event in verdict.events):
        without = WheelSite(index, read, target, recorder, desktop=False, natives=natives)
        bare = judge_import(package, without, most).failures
    outside = [event for event in verdict.events if event.subject in recorder.asked.found]
    return PackageVerdict(
        failures=verdict.failures,
        bare_failures=bare,
        imports=tuple(each for each in outside if _imports(each)),
        given=tuple(dict.fromkeys(_given(verdict.events, index))),
        asked=recorder.asked,
        complete=verdict.complete,
        ended=verdict.ended,
    )


def _imports(event: Event) -> bool:
    return event.certainty is Certainty.CERTAIN and (event.what is What.IMPORT or event.from_import)


def _given(events: Iterable[Event], index: ModuleIndex) -> Iterator[tuple[str, str]]:
    for event in events:
        if event.what is What.SET and not index.exists(event.subject):
            yield event.subject, event.name


class _Recorder:
    """Asks others, and keeps what they answer."""

    def __init__(self, beside: Beside) -> None:
        self.asked = Asked()
        self._beside = beside

    def find(self, module: str) -> Found:
        """See `Beside`."""
        return self.asked.found.setdefault(module, self._beside.find(module))

    def lacks(self, module: str, name: str) -> bool:
        """See `Beside`."""
        return self.asked.lacks.setdefault(module, {}).setdefault(name, self._beside.lacks(module, name))

    def lacks_itself(self, module: str, name: str) -> bool:
        """See `Beside`."""
        known = self.asked.lacks_itself.setdefault(module, {})
        return known.setdefault(name, self._beside.lacks_itself(module, name))

    def binds(self, module: str, name: str) -> bool:
        """See `Beside`."""
        return self.asked.binds.setdefault(module, {}).setdefault(name, self._beside.binds(module, name))

    def gives(self, module: str, name: str) -> bool:
        """See `Beside`."""
        return self.asked.gives.setdefault(module, {}).setdefault(name, self._beside.gives(module, name))

    def brings_library(self, name: str) -> bool:
        """See `Beside`."""
        return self.asked.libraries.setdefault(name, self._beside.brings_library(name))

    def brings_file(self, path: str) -> bool:
        """See `Beside`."""
        return self.asked.files.setdefault(path, self._beside.brings_file(path))

    def version_of(self, name: str) -> str:
        """See `Beside`."""
        return self.asked.versions.setdefault(name, self._beside.version_of(name))

    def told_version(self, module: str, name: str) -> tuple[str, str]:
        """See `Beside`."""
        return self.asked.told.setdefault((module, name), self._beside.told_version(module, name))

    def has_distribution(self, name: str) -> bool | None:
        """See `Beside`."""
        return self.asked.distributions.setdefault(name, self._beside.has_distribution(name))
