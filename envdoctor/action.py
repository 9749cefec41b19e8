"""Actions: what one is, what it needs, and what it gets and gives when it runs.

An action turns an artifact of one kind into one of another (`tflite-int8` into `vela-tflite`). The planner chains them
by kind; the runner runs them. One module under pipeline/actions is one action, in a constant `ACTION`;
a compiler brings its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.core.artifact import Artifact
    from envdoctor.core.command import Command, CommandResult
    from envdoctor.core.finding import Finding
    from envdoctor.core.request import Request
    from envdoctor.core.route import Reason
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts


def _always(_: Artifact) -> bool:
    return True


def _everywhere(facts: Facts, request: Request) -> bool:
    del facts, request
    return True


#: Says what stands in the way of an action for this request on this machine, judged from facts alone.
Requirement = Callable[["Facts", "Request"], Iterable["Reason"]]

#: Tells which program an action would run for a request in a place, beyond those of its environment: by content, so
#: that a program which was replaced is another one. None if that can't be told.
Tool = Callable[["Request", str, "Executor"], "Mapping[str, str] | None"]


#: Tells which traits of a request's source an action takes away.
Mends = Callable[["Request"], frozenset[str]]


class StageFailed(Exception):
    """A stage could not do its work; the finding says why, with the evidence.

    Attributes:
        of_place: True if the same may succeed in another place: the fault is not the model's.
        waits: True if nothing is wrong, and a person has to go on.
        learnt: what was found out before it failed, by name; the result's summary.
    """

    def __init__(
        self,
        finding: Finding,
        *,
        of_place: bool = False,
        waits: bool = False,
        learnt: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(finding.message)
        self.finding = finding
        self.of_place = of_place
        self.waits = waits
        self.learnt = learnt or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an action can run.

    Attributes:
        name: `local`, or what a route's name shows behind an `@` (`qemu`, `docker`, `ssh:host`).
        requires: what must hold for this place, beyond the action's own requirements.
        cost: added to the action's.
        applies: tells from the facts whether the place makes sense on this machine at all; a route with one that does
            not is not shown. What can't be found out applies.
    """

    name: str = "local"
    requires: tuple[Requirement, ...] = ()
    cost: float = 0.0
    applies: Callable[[Facts, Request], bool] = _everywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class StageContext:
    """What an action gets to run with.

    Attributes:
        source: the artifact to start from.
        request: the whole request, for its goal and options.
        place: the name of the place to run in.
        python: the interpreter of the stage's environment; None if the action needs none.
        reference: folder of reference outputs that an earlier stage of the route wrote, or None; see `StageOutput`.
        folder: an empty folder for everything the action writes; the runner moves it into place when all is well.
        run: runs a command with the stage's limits and log, and keeps its argv, time and peak memory.
        interpreter: gives the interpreter of another environment by name, made now if it must be (for a gate).
        log: the file that `run` appends to, for evidence.
        out: the folder for what a person needs though the stage failed; None if there is none.
        inputs: gives what the source takes, an `InputSpec` each; none where it does not say.
        stored_code: gives what loading the source would do beyond computing, a phrase each.
    """

    source: Artifact
    request: Request
    place: str
    python: Path | None
    reference: Path | None
    folder: Path
    run: Callable[[Command], CommandResult]
    interpreter: Callable[[str], Path]
    log: Path
    out: Path | None = None
    inputs: Callable[[], Sequence[Any]] = tuple
    stored_code: Callable[[], Sequence[str]] = tuple


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOutput:
    """What an action made.

    Attributes:
        path: the artifact, inside the stage's folder.
        files: other files worth keeping beside the artifact (a compiler's log), inside the same folder.
        reference: a folder with the float model's outputs on the calibration and evaluation samples, for the
            comparison after quantization; None if this stage has none to give.
        summary: what was measured, by name, for the renderers.
        findings: what is worth saying though it succeeded.
    """

    path: Path
    files: tuple[Path, ...] = ()
    reference: Path | None = None
    summary: Mapping[str, object] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A way to turn one kind of artifact into another.

    Attributes:
        name: what a route's name is made of (`tf-int8`).
        title: what it does, for a person.
        consumes: the kinds it takes.
        produces: the kind it makes.
        run: does the work.
        environment: the environment it needs (a name in an environments.toml), or None.
        requires: what must hold on this machine for this request.
        places: where it can run, the best first.
        applies: tells from the source of the whole route whether the action makes sense for it at all; a route with one
            that does not is not shown.
        goals: the compilers it is for (`vela`, `edgetpu`); empty for any.
        mends: of an action that gives the kind it takes: tells which of the source's traits it takes away. It is a
            route's first stage then, or none where it takes none away.
        options: names of the `BuildOptions` that change what it makes; a stored result is reused when these, the
            source, the environment and the tool are the same. None for all.
        tool: tells the program outside the environment that it runs; None if it runs none. Where that program can't be
            told, no stored result is reused.
        cost: roughly seconds for a small model on a small machine; ranks routes of the same verdict.
        unrolls: True if it turns recurrent layers into the steps that they take: another form of the model.
        version: of a plug-in's action: raised when what it makes from the same input changes, and its own module does
            not. envdoctor's own code, and the module of `run`, are looked at without.
    """

    name: str
    title: str
    consumes: frozenset[str]
    produces: str
    run: Callable[[StageContext], StageOutput]
    environment: str | None = None
    requires: tuple[Requirement, ...] = ()
    places: tuple[Place, ...] = (Place(),)
    applies: Callable[[Artifact], bool] = _always
    goals: frozenset[str] = frozenset()
    mends: Mends | None = None
    options: frozenset[str] | None = None
    tool: Tool | None = None
    cost: float = 10.0
    unrolls: bool = False
    version: int = 1
