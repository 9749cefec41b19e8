"""`routes`: every way from a model to a goal, ranked, and what stands in each one's way."""

from __future__ import annotations

import dataclasses
import shlex
from typing import TYPE_CHECKING

from envdoctor import planner, registry
from envdoctor.core.artifact import ArtifactKind
from envdoctor.core.errors import NoRoute, ToolchainProblem, UsageProblem
from envdoctor.core.goal import parse_goal
from envdoctor.core.request import BuildOptions, Request
from envdoctor.doctor._common import new_report, subject, topics
from envdoctor.doctor.workarounds import NO_ROUTE, Situation, changes_of_the_model, situation_of, workarounds
from envdoctor.environments.cache import open_cache
from envdoctor.environments.licenses import require_known
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.pipeline.calibration import check_samples
from envdoctor.pipeline.sources import identify
from envdoctor.pipeline.sources.bundle import extract_part
from envdoctor.stages.recipes import read_recipe
from envdoctor.tflite.bundles import model_names

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.core.artifact import Artifact
    from envdoctor.core.compiler import Compiler
    from envdoctor.core.finding import Fix
    from envdoctor.core.goal import Goal
    from envdoctor.core.report import Report


def make_request(
    source: Path, goal: str, options: BuildOptions, *, python: Path | None = None, offline: bool = False
) -> Request:
    """A request to get from a file to a goal.

    Raises:
        UsageProblem: the goal is unknown, the file is no model that envdoctor can read, or it is the goal already; the
            compiler that was named is none.
    """
    aim = parse_goal(goal)
    return request_for(request_of(source, options, python=python, offline=offline), aim)


def request_of(source: Path, options: BuildOptions, *, python: Path | None = None, offline: bool = False) -> Request:
    """A request about a file, whatever the goal.

    Raises:
        UsageProblem: the file is no model that envdoctor can read, or a file that the options name can't be read.
    """
    _check_names(source, options)
    if options.part is not None:
        source = extract_part(source, options.part, open_cache(Request()).root / "parts")
    artifact = identify(source, trust_code=options.trust_code, signature=options.signature, given=options.inputs)
    return Request(python=python, source=artifact, options=options, offline=offline)


def request_for(request: Request, goal: Goal) -> Request:
    """The same request for a goal.

    Raises:
        UsageProblem: the model is the goal already, or the options are none for it.
    """
    compiler = registry.compiler_of(goal)
    _check_goal(request.options, goal, compiler)
    goal = _aim_of(goal, planner.source_of(request), request.options)
    return dataclasses.replace(request, goal=goal, compiler=compiler, topics=topics(compiler) | {"model"})


def _aim_of(goal: Goal, source: Artifact, options: BuildOptions) -> Goal:
    """A goal as this source leads to it: of a bundle, a bundle.

    Raises:
        UsageProblem: the goal takes no bundle, or the options are for one and this is none.
    """
    if source.kind == ArtifactKind.TASK_BUNDLE:
        return _of_bundles(goal, source.path, options)
    if options.tasks_api:
        raise UsageProblem(f"--tasks-api opens bundles, and {source.path.name} is not a bundle; leave the option out.")
    return goal


def _of_bundles(goal: Goal, source: Path, options: BuildOptions) -> Goal:
    """The goal of a bundle, all of whose models are to be what a goal says.

    Raises:
        UsageProblem: its compiler makes no bundles, or the models' inputs are to be other than the Tasks API takes.
    """
    if options.io_type == "uint8":
        raise UsageProblem(f"--io: the models of {source.name} keep float inputs and outputs, as the Tasks API wants.")
    kind = goal.kind.replace("tflite-", "task-", 1)
    if kind == goal.kind or kind not in registry.products():
        raise UsageProblem(
            f"{source.name} is a bundle of {', '.join(model_names(source))}, and {goal.name} takes one model: name it "
            "with --part."
        )
    return dataclasses.replace(goal, kind=kind, title=f"a bundle, each model in it {goal.title}")


def _check_names(source: Path, options: BuildOptions) -> None:
    """Refuse names that can't be written into a manifest, and files that are not there, before anything is started."""
    for path in (source, options.calibration, options.evaluation, options.compiler, options.resume, options.recipe):
        require_text(path)
    if options.recipe is not None:
        read_recipe(options.recipe)
    require_known(options.accepted_licenses)
    for option, path in (("--calibration", options.calibration), ("--evaluate", options.evaluation)):
        if path is not None and not path.is_dir() and not path.is_file():
            what = "is no regular file" if path.exists() else "does not exist"
            raise UsageProblem(f"{option}: {path} {what}.")


def _check_goal(options: BuildOptions, goal: Goal, compiler: Compiler | None) -> None:
    """Refuse options that are for another goal, and a compiler that is none."""
    if options.recipe is not None and goal.kind != "tflite-mixed":
        raise UsageProblem(f"--recipe says how to quantize, and so does --to {goal.name}; take --to tflite-mixed.")
    _check_limits(options, goal, compiler)
    if options.compiler is not None and compiler is not None and compiler.check_program is not None:
        try:
            compiler.check_program(options.compiler)
        except ToolchainProblem as error:
            raise UsageProblem(f"{error}.") from None


def _check_limits(options: BuildOptions, goal: Goal, compiler: Compiler | None) -> None:
    """Refuse a limit of the device that nothing would hold the model against."""
    for name in ("arena", "flash"):
        judged = compiler is not None and any(name in (one.options or ()) for one in compiler.actions())
        if getattr(options, name) is not None and not judged:
            raise UsageProblem(f"--{name} is for a microcontroller, and nothing measures it for --to {goal.name}.")


def require_text(path: Path | None) -> None:
    """Refuse a path that is no text: a name in another encoding than the system's, which JSON can't hold.

    Raises:
        UsageProblem: it is none.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise UsageProblem(
            f"the name {path} is not in the encoding of this system; rename it, or set LC_ALL to a UTF-8 locale."
        ) from None


def routes(
    source: Path,
    goal: str,
    *,
    options: BuildOptions | None = None,
    python: Path | None = None,
    offline: bool = False,
) -> Report:
    """Plan, and do nothing.

    Raises:
        UsageProblem: see `make_request` and `check_samples`: `build` would refuse the same samples.
        NoRoute: no chain of actions leads from this kind of model to this goal, on any machine.
    """
    return plan(make_request(source, goal, options or BuildOptions(), python=python, offline=offline))


def plan(request: Request) -> Report:
    """The report of `routes` for a request; see there for what it raises."""
    check_samples(request)
    return routes_of(request, Facts(request, LocalExecutor()))


def routes_of(request: Request, facts: Facts) -> Report:
    """The report of `routes` for a request."""
    actions = registry.actions()
    found = planner.plan(actions, request, facts)
    artifact, goal = planner.source_of(request), planner.goal_of(request)
    if not found:
        words = ", ".join(sorted(planner.kinds_that_lead_to(goal, actions)))
        says = "\n".join((NO_ROUTE, *(f"- {one}" for one in workarounds("routes", Situation()))))
        raise NoRoute(
            f"{artifact.path.name} is {artifact.kind}, and nothing that envdoctor knows leads from there to "
            f"{goal.title}; start from one of: {words}.\n{says}"
        )
    unlocking = planner.unlocking(found)
    notes: tuple[str, ...] = () if unlocking is None or unlocking.fix is None else (_say(unlocking.fix),)
    situation = situation_of(found)
    if situation is not None:
        notes = (NO_ROUTE, *changes_of_the_model(found), *workarounds("routes", situation))
    return dataclasses.replace(
        new_report("routes"), subject=subject(facts), source=artifact, goal=goal, routes=found, notes=notes
    )


def places(goal: str, *, options: BuildOptions | None = None, python: Path | None = None) -> Report:
    """Where the last stage to a goal can run, whatever the model.

    Raises:
        UsageProblem: the goal is unknown.
    """
    aim = parse_goal(goal)
    compiler = registry.compiler_of(aim)
    options = options or BuildOptions()
    request = Request(python=python, goal=aim, compiler=compiler, options=options, topics=topics(compiler))
    facts = Facts(request, LocalExecutor())
    found = planner.last_stages(registry.actions(), request, facts)
    return dataclasses.replace(new_report("routes"), subject=subject(facts), goal=aim, routes=found)


def _say(fix: Fix) -> str:
    commands = "; ".join(shlex.join(command) for command in fix.commands)
    return f"One step opens the best route: {fix.text}" + (f" Run: {commands}" if commands else "")
