"""`sweep hosts`: what `envdoctor check` says on each of many machines, asked by ssh."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from envdoctor.core.errors import NetworkProblem, Unreadable, UsageProblem
from envdoctor.core.summary import Standing
from envdoctor.core.sweep import Judgment, State, SweepItem
from envdoctor.doctor.sweep import Plan, swept
from envdoctor.executors.local import LocalExecutor
from envdoctor.executors.ssh import CONNECTION_FAILED, SshExecutor
from envdoctor.support.files import read_regular
from envdoctor.sweeps.sweeping import item_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from envdoctor.core.command import CommandResult
    from envdoctor.core.sweep import SweepReport
    from envdoctor.doctor.sweep import SweepOptions

#: By a login shell, as a user who logs in has it on the PATH; POSIX, sh(1): 127 where there is no such command.
_CHECK = "exec sh -lc " + shlex.quote("exec envdoctor check --json")
_NO_COMMAND = 127
_MOST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class HostQuestion:
    """What is asked of a host.

    Attributes:
        host: as ssh takes it.
        seconds: how long it may take.
    """

    host: str
    seconds: float


def sweep_hosts(file: Path, options: SweepOptions, progress: Callable[[int, int], None] | None = None) -> SweepReport:
    """Asks every host of a file, one a line, for what `envdoctor check` finds there.

    Raises:
        UsageProblem: the file can't be read, a line is no host, or the history can't be used.
    """
    items = [
        SweepItem(
            name=host,
            key=item_key("hosts", host),
            question=HostQuestion(host=host, seconds=options.time_limit),
            subject=host,
            targets=("",),
        )
        for host in _hosts(file)
    ]
    plan = Plan(kind="hosts", items=items, judge=judge_host, waits=True)
    return swept(plan, replace(options, max_age=options.max_age or 0.0), progress)


def _hosts(file: Path) -> Iterator[str]:
    try:
        text = read_regular(file, _MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageProblem(f"{file} is no UTF-8 text.") from None
    except OSError as error:
        raise UsageProblem(f"{file} can't be read: {error.strerror or error}.") from None
    for number, line in enumerate(text.splitlines(), start=1):
        host = line.partition("#")[0].strip()
        if not host:
            continue
        try:
            SshExecutor(host=host, inner=LocalExecutor())
        except UsageProblem:
            raise UsageProblem(f"{file}, line {number}: {host!r} is no host; write HOST or USER@HOST.") from None
        yield host


def judge_host(question: HostQuestion) -> tuple[Judgment, ...]:
    """Asks one host.

    Raises:
        NetworkProblem: it does not answer.
        Unreadable: envdoctor is not there, or what it says is no report.
    """
    told = SshExecutor(host=question.host, inner=LocalExecutor()).ask(_CHECK, question.seconds)
    return (host_judgment(question.host, told),)


def host_judgment(host: str, told: CommandResult) -> Judgment:
    """What a host's answer comes to; raises as `judge_host` does."""
    if told.returncode == CONNECTION_FAILED or told.ended or told.error:
        refused = told.returncode == CONNECTION_FAILED and not told.ended  # so it is where we ended ssh, too
        why = (refused and told.last_line) or told.describe_failure()
        raise NetworkProblem(f"{host} does not answer: {why}")
    if told.returncode == _NO_COMMAND:
        raise Unreadable(f"envdoctor is not installed on {host}, or not on the PATH of a login there.")
    try:
        _, brace, text = f"\n{told.stdout}".partition("\n{")  # behind a greeting, and before what a logout says
        report: dict[str, Any] = json.JSONDecoder().raw_decode(brace[1:] + text)[0]
        verdict = Standing(report["summary"]["verdict"])
        found = [one for probe in report["probes"] for one in probe["findings"]] + report["findings"]
        said = sorted((_RANKS[one["severity"]], f"{one['code']}: {one['message']}") for one in found)
    except (ValueError, LookupError, TypeError, RecursionError):
        raise Unreadable(
            f"{host} gave no report of envdoctor's ({told.describe_failure()}): {told.last_line}"
        ) from None
    if verdict is Standing.FINE and (told.returncode or not report["probes"]):
        raise Unreadable(f"{host} says that all is fine, and its check looked at nothing or failed: {told.last_line}")
    errors = bool(said) and said[0][0] == 0
    problems = State.BROKEN if errors else State.CONDITIONAL
    state = {Standing.FINE: State.FINE, Standing.PROBLEMS: problems}.get(verdict, State.UNKNOWN)
    message = said[0][1] if said and state is not State.FINE else ""
    return Judgment(subject=host, target="", verdict=verdict.value.upper(), state=state, message=message)


#: As a report's JSON has severities, the worst first.
_RANKS = {"error": 0, "warning": 1, "info": 2}
