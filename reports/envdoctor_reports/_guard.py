"""What `guard` found: on a terminal, as the text of an issue, and as results of SARIF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor import __version__
from envdoctor.core.availability import MEANINGS
from envdoctor.support.text import one_line, plural
from envdoctor_reports._terminal_matrix import effort_line
from envdoctor_reports._terminal_reasons import show_reasons
from envdoctor_reports._view import State

if TYPE_CHECKING:
    from envdoctor.core.guard import Alarm, GuardReport
    from envdoctor_reports._page import Page


def show_guard(page: Page, report: GuardReport, *, verbose: bool) -> None:
    """Show the alarms, new ones first; `verbose` shows the evidence of those that were told before, too."""
    page.write(", ".join(one_line(line) for line in report.requirements), style="bold")
    page.write(f"for {', '.join(report.targets)}", style="dim")
    for note in report.notes:
        page.mark(State.NOTE, note)
    for alarm in report.alarms:
        page.gap()
        state, word = (State.ERROR, "new") if alarm.is_new else (State.WARNING, "told before")
        page.mark(state, f"{headline(alarm)} ({word})", style="bold")
        show_reasons(page, alarm.reasons if alarm.is_new or verbose else alarm.reasons[:1], verbose=verbose)
        page.labelled("pin", pins(alarm), indent=4)
    for key in report.over:
        page.mark(State.FINE, f"Over: {key}")
    for target, why in report.unknown:
        page.mark(State.UNANSWERED, f"{target} could not be looked at: {why}")
    page.gap()
    new = sum(one.is_new for one in report.alarms)
    if not report.alarms and not report.unknown:
        page.mark(State.FINE, f"What an installer takes today is sound on {plural(len(report.targets), 'target')}.")
    elif new:
        page.mark(State.ERROR, f"{plural(new, 'new alarm')}.")
    page.write(effort_line(report.effort), style="dim")


def headline(alarm: Alarm) -> str:
    """What is unsound where, and since when."""
    since = f" since {alarm.since[:10]}" if alarm.since else ""
    where = ", ".join(alarm.targets)
    return f"{', '.join(alarm.releases)}: {alarm.verdict.value} on {where}{since}"


def pins(alarm: Alarm) -> str:
    """What keeps it out, in words."""
    return ", ".join(alarm.pins) or "no sound set was found within the requirements"


def issue(report: GuardReport) -> str:
    """The text of an issue: what, where, since when, why, and what to pin."""
    lines = ["## A release that our requirements admit is unsound", ""]
    for alarm in report.alarms:
        lines += [f"### `{'`, `'.join(alarm.releases)}`", ""]
        lines += [f"- **{alarm.verdict.value}** ({MEANINGS[alarm.verdict]}) on {', '.join(alarm.targets)}"]
        lines += [f"- uploaded {alarm.since}"] if alarm.since else []
        lines += [f"- {_plain(reason.message)}" for reason in alarm.reasons[:5]]
        lines += [f"- pin: `{one}`" for one in alarm.pins] or ["- no sound set was found within the requirements"]
        lines += [""]
    if report.unknown:
        lines += ["Not looked at: " + "; ".join(f"{target}: {_plain(why)}" for target, why in report.unknown), ""]
    asked = ", ".join(f"`{one_line(line)}`" for line in report.requirements)
    when = f", as of {report.as_of}" if report.as_of else ""
    return "\n".join([*lines, f"Found by envdoctor {__version__} for {asked}{when}.", ""])


#: The SARIF rule of every alarm.
RULE = {
    "id": "unsound-release",
    "shortDescription": {"text": "A release that the requirements admit is unsound on a supported platform."},
}


def sarif_result(report: GuardReport, alarm: Alarm) -> dict[str, Any]:
    """The SARIF result of an alarm."""
    why = " ".join(reason.message for reason in alarm.reasons[:3])
    result: dict[str, Any] = {
        "ruleId": RULE["id"],
        "level": "error",
        "message": {"text": f"{headline(alarm)}. {why} Pin: {pins(alarm)}."},
        "partialFingerprints": {"envdoctor/alarm": alarm.key},
        "baselineState": "new" if alarm.is_new else "unchanged",
    }
    if report.files:
        place = {"physicalLocation": {"artifactLocation": {"uri": report.files[0].replace("\\", "/")}}}
        result["locations"] = [place]
    return result


def _plain(text: str) -> str:
    """A sentence that neither mentions a person nor links an issue on a tracker."""
    return one_line(text).replace("@", "@\N{ZERO WIDTH SPACE}").replace("#", "#\N{ZERO WIDTH SPACE}")
