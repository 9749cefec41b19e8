"""`envdoctor fix`: mend what a check finds, after asking."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from envdoctor.cli import _defaults, _options, _tables
from envdoctor.core.errors import ExitCode

if TYPE_CHECKING:
    from envdoctor.core.fixing import FixPlan, Step
    from envdoctor.core.report import Report
    from envdoctor.doctor.fix import Session


@click.command(short_help="Mend what a check finds, after asking; or undo that.")
@click.argument("codes", nargs=-1, metavar="[CODE]...")
@click.option(
    "--to", "goal", cls=_options.GoalOption, metavar="GOAL", help="Also mend what this goal needs (edgetpu, ...)."
)
@click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")
@click.option("--yes", is_flag=True, help="Run every step that was tried and needs no root, without asking.")
@click.option("--undo", is_flag=True, help="Put the versions back that the last fix of this environment changed.")
@click.option(
    "--code",
    "project",
    type=_options.FILE,
    metavar="FOLDER",
    help="The folder of your own code, whose imports must go on to work; else this folder.",
)
@_options.python_option
@_options.verbose_option
@_options.json_option
def command(
    codes: tuple[str, ...],
    goal: str | None,
    dry_run: bool,
    yes: bool,
    undo: bool,
    project: Path | None,
    python: Path | None,
    verbose: bool,
    as_json: bool,
) -> int:
    """Mend what `check` finds: all of it, or what has these codes (PKG001) or families (PKG).

    All fixes are one plan, with one command for each installer. It is tried on a copy of the environment first; what
    would break something else is not offered. Each step is asked for, then the environment is checked again.
    Exit code 0 if everything is mended.
    """
    if undo and (codes or dry_run or _defaults.is_typed("goal")):
        raise click.UsageError("--undo takes back the last fix; leave out codes, --to and --dry-run.")
    from envdoctor.doctor.fix import open_session

    words = tuple(word.strip().upper() for code in codes for word in code.split(",") if word.strip())
    folder = project or Path.cwd()
    with open_session(python=python, goal=goal, project=folder, say=_tables.say, changes=not dry_run) as session:
        asking = Asking(yes=yes, as_json=as_json, verbose=verbose)
        if undo:
            report = session.undo(asking.about_undo)
            _tables.show("fix", report, as_json=as_json, verbose=verbose)
            return report.summary.exit_code
        before = session.look()
        wanted = None if words else _defaults.without_ignored(before)
        return mend(session, session.plan(before, words, wanted), before, asking, dry_run=dry_run)


class Asking:
    """Shows a plan and asks for its steps, on a terminal alone."""

    def __init__(self, *, yes: bool, as_json: bool, verbose: bool) -> None:
        self.yes = yes
        self.as_json = as_json
        self.verbose = verbose

    @property
    def can_ask(self) -> bool:
        """Whether somebody is there."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def about_step(self, step: Step) -> str:
        """Why a step is not to run; "" if it is."""
        if self.yes:
            if step.root and not (hasattr(os, "geteuid") and os.geteuid() == 0):
                return "it needs root, which --yes does not give: run its commands yourself."
            return f"its result could not be judged ({step.unjudged}): run it without --yes." if step.unjudged else ""
        said = " as root" if step.root else ""
        return "" if click.confirm(f"{step.title}: run it{said}?", default=False, err=True) else "you said no"

    def about_undo(self, plan: FixPlan) -> str:
        """Why an undo is not to run; "" if it is."""
        from envdoctor.core.fixing import FixReport

        if not plan.steps:
            return ""
        if not self.as_json:
            _tables.show("fix", FixReport(plan=plan), as_json=False, verbose=self.verbose)
        if self.yes:
            return ""
        if not self.can_ask:
            return "nobody can be asked here; --yes puts it back"
        return "" if click.confirm("Put the versions of before back?", default=False, err=True) else "you said no"


def mend(session: Session, plan: FixPlan, before: Report, asking: Asking, *, dry_run: bool) -> int:
    """Show a plan, run what is agreed to, and show what came of it."""
    from envdoctor.core.fixing import FixReport

    report = FixReport(plan=plan)
    runnable = [step for step in plan.steps if not step.refused]
    refused = not asking.yes and not asking.can_ask
    if dry_run or not runnable or refused or not asking.as_json:
        _tables.show("fix", report, as_json=asking.as_json, verbose=asking.verbose)
    if dry_run or not runnable:
        return report.summary.exit_code
    if refused:
        click.echo("envdoctor: nothing was changed: there is no terminal to ask on; --yes runs the plan.", err=True)
        return ExitCode.PROBLEMS
    report = session.run(plan, before, asking.about_step)
    _tables.show("fix", report, as_json=asking.as_json, verbose=asking.verbose)
    return report.summary.exit_code
