"""`report`: everything that a bug's reader needs, without what tells who and where its writer is."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

from envdoctor.core.errors import FactUnavailable, NoRoute
from envdoctor.core.request import Request
from envdoctor.doctor.check import CheckRequest, check
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts
from envdoctor.pipeline.past import read_build
from envdoctor.support.redaction import Redactor, redact_report
from envdoctor.support.text import size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from envdoctor.core.report import Report


def report(
    *,
    python: Path | None = None,
    source: Path | None = None,
    goal: str | None = None,
    build: Path | None = None,
    amend: Callable[[Report], Report] | None = None,
) -> tuple[Report, Mapping[str, int]]:
    """Check, plan if there is a model to plan for, and take out what must not be handed on.

    Args:
        python: the interpreter to examine; None for the active environment's.
        source: a model whose routes belong into the report; needs a goal.
        goal: where to get to.
        build: the folder of a build whose attempts belong into the report.
        amend: what becomes of the checks' report, before anything is taken out of it.

    Returns:
        The report, and how many of what were taken out, by kind.

    Raises:
        UsageProblem: an unknown goal, a file that is no model, an interpreter that is none, a folder without a build.
    """
    built = None if build is None else read_build(build)
    made = check(CheckRequest(python=python, goal=goal))
    made = amend(made) if amend else made
    facts = Facts(Request(python=python), LocalExecutor())
    made = dataclasses.replace(made, subject={**made.subject, **_machine(facts), **_installed(facts)})
    if source is not None and goal is not None:
        made = _with_routes(made, source, goal, python)
    if built is not None:
        made = dataclasses.replace(
            made,
            attempts=built.attempts,
            artifacts=built.artifacts,
            notes=(*built.notes, *made.notes),
            subject={**built.subject, **made.subject},
        )
    hidden: Counter[str] = Counter()
    return redact_report(dataclasses.replace(made, command="report"), Redactor.here(personal=True), hidden), hidden


def _machine(facts: Facts) -> dict[str, str]:
    try:
        host = facts.host
    except FactUnavailable as error:
        return {"system": f"could not find out: {error.reason}"}
    libc = f"{host.libc} {host.libc_version}" if host.libc_version else host.libc
    known = {
        "system": ", ".join(part for part in (host.name, host.release, host.machine, libc) if part),
        "model": host.model,
        "processor": host.cpu,
        "memory": size(host.memory) if host.memory else "",
        "container": host.container,
        "translated": host.translated,
    }
    return {name: value for name, value in known.items() if value}


def _installed(facts: Facts) -> dict[str, str]:
    try:
        found = facts.packages.distributions
    except FactUnavailable as error:
        return {"packages": f"could not find out: {error.reason}"}
    return {"packages": ", ".join(sorted(f"{one.name} {one.version}" for one in found)) or "none"}


def _with_routes(made: Report, source: Path, goal: str, python: Path | None) -> Report:
    from envdoctor.doctor.routes import routes

    try:
        planned = routes(source, goal, python=python)
    except NoRoute as error:
        return dataclasses.replace(made, notes=(*made.notes, str(error)))
    return dataclasses.replace(made, source=planned.source, routes=planned.routes, notes=made.notes + planned.notes)
