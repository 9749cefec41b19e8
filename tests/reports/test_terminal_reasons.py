"""The reasons of a verdict on a terminal."""

from __future__ import annotations

from envdoctor.core.availability import CellReason, ReasonKind
from envdoctor.core.finding import Evidence, Severity
from envdoctor_reports._page import Page
from envdoctor_reports._terminal_reasons import show_reasons

LEAD = "lib 1.0: an optional plug-in does not load: "
MESSAGES = (
    f"{LEAD}lib/vendors/one/libOne.so and 1 more need liba.so.1, which nothing brings; vino would supply it",
    f"{LEAD}lib/vendors/one/libOne.so and 1 more need libb.so.1, which nothing brings; vino would supply it",
    f"{LEAD}lib/vendors/two/libTwo.so needs libc++.so.1, which nothing brings",
    "lib 1.0: the tag promises macOS 12.0, and 1 of 1 native files say they are for a newer one, up to macOS 15.2",
)


def shown(messages, *, severity=Severity.INFO, verbose=False):
    reasons = [
        CellReason(
            kind=ReasonKind.NOTE,
            severity=severity,
            subject="lib 1.0",
            message=message,
            evidence=(Evidence(source="files", excerpt="x"),),
        )
        for message in messages
    ]
    page = Page(width=200)
    show_reasons(page, reasons, verbose=verbose)
    return page.lines


def test_plug_ins_that_nobody_has_to_load_are_told_together_and_last():
    assert shown(MESSAGES) == [
        f"· note: {MESSAGES[3]}",
        "· note: No problem: optional plug-ins, which importing does not load, need more if they are to be used (-v):",
        "    lib 1.0: libOne.so and 1 more: liba.so.1, libb.so.1, of vino",
        "    lib 1.0: libTwo.so: libc++.so.1",
    ]


def test_each_is_told_by_itself_if_all_is_wanted_or_if_it_is_a_problem():
    assert [line for line in shown(MESSAGES, verbose=True) if "proof" not in line] == [
        f"· note: {message}" for message in MESSAGES
    ]
    assert shown(MESSAGES[:1], severity=Severity.WARNING) == [f"! note: {MESSAGES[0]}"]
