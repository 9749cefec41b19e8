"""`bisect`: the smallest change of versions that turns a good set bad, by judgment, or by running if that is asked."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from envdoctor.availability.cells import Asked, Cells
from envdoctor.availability.here import target_here
from envdoctor.availability.soundness import WheelJudge
from envdoctor.availability.table import parse_requirements
from envdoctor.availability.tools import open_tools
from envdoctor.availability.uv import Question
from envdoctor.availability.verify import runs_here
from envdoctor.core.availability import CellVerdict
from envdoctor.core.bisect import BisectReport, Change, Step, Trial
from envdoctor.core.command import Command
from envdoctor.core.errors import UsageProblem
from envdoctor.core.finding import Severity
from envdoctor.core.matrix_request import MatrixRequest
from envdoctor.core.request import Request
from envdoctor.doctor.matrix import understood
from envdoctor.environments.cache import open_cache
from envdoctor.executors.local import LocalExecutor
from envdoctor.index.access import Access
from envdoctor.locks.asked import read_asked
from envdoctor.locks.bisecting import first_bad, smallest_cause
from envdoctor.support.python_names import parse_pythons
from envdoctor.support.target_names import HERE, parse_columns, target_name
from envdoctor.support.virtual_environments import interpreter_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envdoctor.availability.tools import Tools
    from envdoctor.core.availability import Cell
    from envdoctor.core.bisect import BisectRequest
    from envdoctor.core.target import Target

_RUN_SECONDS = 1800.0
#: A command's status that says that a set can't be tested, as `git bisect run` has it.
_SKIPPED = 125
#: How often the answer is looked at again where a command gave it: some fail now and then.
_AGAIN = 2
#: The most releases between two versions that are looked at to narrow a change.
_MOST_RELEASES = 200


def bisect(request: BisectRequest, say: Callable[[str], None] | None = None) -> BisectReport:
    """Finds what of the difference between two sets turns the good one bad.

    Raises:
        UsageProblem: a text is not understood, the sets are the same, or a command is to be run for another machine.
        NetworkProblem: the index did not answer.
    """
    target = _target(request)
    good, bad = _pins(request.good, "--good", target), _pins(request.bad, "--bad", target)
    changes = tuple(
        Change(name=name, good=good.get(name, ""), bad=bad.get(name, ""))
        for name in sorted({*good, *bad})
        if good.get(name) != bad.get(name)
    )
    if not changes:
        raise UsageProblem("--good and --bad name the same versions, so that nothing differs.")
    plan = understood(
        MatrixRequest(
            requirements=(*request.requirements, *_lines(good)),
            as_of=request.as_of,
        )
    )
    if request.command and not _is_here(target):
        raise UsageProblem(f"A command can't be run for {target_name(target)} on this machine; leave --run out.")
    tools = open_tools(
        LocalExecutor(), open_cache(Request()).root, Access(offline=request.offline, say=say), as_of=plan.terms.as_of
    )
    return _Search(request=request, good=good, changes=changes, target=target, tools=tools).report()


def _is_here(target: Target) -> bool:
    here = target_here()
    return runs_here(target, here) and target.interpreter.name == here.interpreter.name


def _target(request: BisectRequest) -> Target:
    here = target_here()
    pythons = parse_pythons(request.python or here.interpreter.short_version)
    target, *others = parse_columns(request.platform or HERE, pythons, here)
    if others:
        raise UsageProblem("bisect is about one target; name one platform and one Python.")
    return target


def _pins(text: str, option: str, target: Target) -> dict[str, str]:
    """Exact versions that apply on the target, by normalized name."""
    lines = read_asked(Path(text))[0] if Path(text).is_file() else [one for one in text.split(",") if one.strip()]
    found: dict[str, str] = {}
    for line in lines:
        (requirement,) = parse_requirements([line.strip()])
        if requirement.marker is not None and not requirement.marker.evaluate({**target.markers, "extra": ""}):
            continue
        exact = [one.version for one in requirement.specifier if one.operator == "=="]
        if len(exact) != 1 or exact[0].endswith("*"):
            raise UsageProblem(f"{option} {line.strip()!r} pins no version; write it like numpy==1.26.4.")
        name = canonicalize_name(requirement.name)
        if found.setdefault(name, exact[0]) != exact[0]:
            raise UsageProblem(f"{option} pins {name} twice, to {found[name]} and {exact[0]}.")
    if not found:
        raise UsageProblem(f"{option} names no versions; write them like numpy==1.26.4,protobuf==4.25.8.")
    return found


def _lines(pins: dict[str, str]) -> tuple[str, ...]:
    return tuple(f"{name}=={version}" for name, version in sorted(pins.items()))


@dataclass(kw_only=True)
class _Search:
    """Tries sets, and remembers what became of each."""

    request: BisectRequest
    good: dict[str, str]
    changes: tuple[Change, ...]
    target: Target
    tools: Tools
    steps: list[Step] = field(default_factory=list)
    said: str = ""

    def __post_init__(self) -> None:
        judge = WheelJudge(self.tools.catalogue, self.tools.inspector)
        self._cells = Cells(self.tools.resolver, self.tools.catalogue, judge, 0)
        self._runs = False
        self._bad_verdict = CellVerdict.BROKEN

    def report(self) -> BisectReport:
        """The answer, by judgment if that tells the two sets apart, else by the command."""
        made = BisectReport(target=target_name(self.target), differing=len(self.changes))
        problem = self._tell_apart()
        if problem:
            return replace(made, problem=problem, steps=tuple(self.steps), effort=self.tools.effort)
        causes = smallest_cause(self.changes, self._try)
        if self._runs and not self._is_steady(causes):
            problem = "The command does not say the same of one set each time, so that it tells nothing apart."
            return replace(made, problem=problem, steps=tuple(self.steps), effort=self.tools.effort)
        said = self.said if self._runs else ""
        narrowed = tuple(self._narrow(one, causes) for one in causes)
        cell = self._cell(self._with(causes))
        reasons = () if self._runs else tuple(one for one in cell.reasons if one.severity is Severity.ERROR)
        return replace(
            made,
            causes=narrowed,
            reasons=reasons,
            said=said,
            steps=tuple(self.steps),
            notes=self.tools.notes,
            effort=self.tools.effort,
        )

    def _tell_apart(self) -> str:
        """Decide how sets are told apart; why they can't be, if so."""
        good, bad = self._cell(self.good), self._cell(self._with(self.changes))
        if good.verdict.is_good and not bad.verdict.is_good and bad.verdict is not CellVerdict.UNKNOWN:
            self._bad_verdict = bad.verdict
            return ""
        if not self.request.command:
            return (
                f"The good set is {good.verdict.value} and the bad one {bad.verdict.value}, so that judgment does not "
                f"tell them apart.{_why(good)} --run COMMAND tells them apart by running."
            )
        self._runs = True
        found = self._try(()), self._try(self.changes)
        if found == (Trial.GOOD, Trial.BAD):
            return ""
        return f"The command finds the good set {found[0].value} and the bad one {found[1].value}: {self.said}"

    def _is_steady(self, causes: Sequence[Change]) -> bool:
        """Whether the command says again what it said of the good set, and of the smallest bad one."""
        expected = [((), Trial.GOOD), (causes, Trial.BAD)] * _AGAIN
        return all(self._try(changes) is trial for changes, trial in expected)

    def _with(self, changes: Sequence[Change]) -> dict[str, str]:
        pins = self.good | {one.name: one.bad for one in changes}
        return {name: version for name, version in pins.items() if version}

    def _cell(self, pins: dict[str, str]) -> Cell:
        lines = (*self.request.requirements, *_lines(pins))
        question = Question(requirements=lines, target=self.target, as_of=self.tools.catalogue.as_of)
        return self._cells.one(Asked(version="", question=question))

    def _try(self, changes: Sequence[Change]) -> Trial:
        pins = self._with(changes)
        trial = self._run(pins) if self._runs else self._judged(pins)
        changed = tuple(f"{one.name} {one.good or 'none'} -> {one.bad or 'none'}" for one in changes)
        self.steps.append(Step(changed=changed, trial=trial, by="running" if self._runs else "judgment"))
        return trial

    def _judged(self, pins: dict[str, str]) -> Trial:
        verdict = self._cell(pins).verdict
        if verdict.is_good:
            return Trial.GOOD
        # What installs and does not load is bad whatever the bad set suffers from; what does not even resolve may be so
        # only because of the versions in between.
        return Trial.BAD if verdict in {self._bad_verdict, CellVerdict.BROKEN} else Trial.NOT_TESTABLE

    def _run(self, pins: dict[str, str]) -> Trial:
        """Install a set into an environment that is thrown away, and run the command in it."""
        cell = self._cell(pins)
        if not cell.pins:
            return Trial.NOT_TESTABLE
        with tempfile.TemporaryDirectory(prefix="envdoctor-", ignore_cleanup_errors=True) as scratch:
            environment = Path(scratch) / "env"
            installed = self.tools.verifier.install(cell.pins, environment)
            if not installed.ok:
                self.said = installed.last_line or installed.describe_failure()
                return Trial.NOT_TESTABLE
            programs = interpreter_in(environment).parent
            variables = {
                "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
                "VIRTUAL_ENV": str(environment),
                "PYTHONHOME": None,
                "PYTHONPATH": None,
            }
            result = LocalExecutor().run(Command(argv=self.request.command, env=variables, timeout=_RUN_SECONDS))
        self.said = result.last_line or result.describe_failure()
        if result.returncode == _SKIPPED:
            return Trial.NOT_TESTABLE
        return Trial.GOOD if result.ok else Trial.BAD

    def _narrow(self, change: Change, causes: Sequence[Change]) -> Change:
        """The neighbouring releases between which a version turns bad, the other causes made."""
        if not (change.good and change.bad):
            return change
        between = self._between(change)
        others = [one for one in causes if one.name != change.name]

        good = {0}  # numbers; what can't be tested is not called good

        def trial(number: int) -> Trial:
            found = self._try([*others, replace(change, bad=str(between[number]))])
            good.update({number} if found is Trial.GOOD else ())
            return found

        if not 1 < len(between) <= _MOST_RELEASES:
            return change
        number = first_bad(len(between) - 1, trial)
        last = max(one for one in good if one < number)
        return replace(change, last_good=str(between[last]), first_bad=str(between[number]))

    def _between(self, change: Change) -> list[Version]:
        """The releases from the good version to the bad one that the target can install, both included."""
        good, bad = Version(change.good), Version(change.bad)
        low, high = min(good, bad), max(good, bad)
        found = [
            version
            for version in self.tools.catalogue.releases(change.name)
            if low < version < high
            and (not version.is_prerelease or bad.is_prerelease)
            and self.tools.catalogue.wheel(change.name, version, self.target) is not None
        ]
        return [good, *sorted(found, reverse=bad < good), bad]


def _why(cell: Cell) -> str:
    first = next((one.message for one in cell.reasons if one.severity is Severity.ERROR), "")
    return f" {first.rstrip('.')}." if first and cell.verdict is not CellVerdict.SOUND else ""
