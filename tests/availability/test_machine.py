"""Reasons about the system's libraries, held against a machine."""

from envdoctor.availability.machine import settle
from envdoctor.core.availability import CellReason, ReasonKind, conditions
from envdoctor.core.finding import Severity

BROKEN = CellReason(
    kind=ReasonKind.BROKEN,
    severity=Severity.ERROR,
    subject="app 1.0",
    message="app 1.0: `import app` fails.",
    condition="sndfile is there (libsndfile1)",
    libraries=(("sndfile", "libsndfile.so"),),
)
ASSUMED = CellReason(
    kind=ReasonKind.NOTE,
    severity=Severity.INFO,
    subject="app 1.0",
    message="app 1.0: needs libGL.so.1 of the system",
    condition="libGL.so.1 is there",
    libraries=(("libGL.so.1",),),
)


def settled(reason, **machine):
    (found,) = settle([reason], lambda name: machine.get(name.partition(".")[0]))
    return found


def test_what_is_here_stands_in_nobodys_way():
    found = settled(BROKEN, sndfile=False, libsndfile=True)
    assert (found.kind, found.severity) == (ReasonKind.NOTE, Severity.INFO)
    assert found.message == "app 1.0 needs sndfile of the system, which is here."


def test_what_a_package_of_the_system_would_bring_is_a_condition():
    found = settled(BROKEN, sndfile=False, libsndfile=False)
    assert (found.kind, found.severity) == (ReasonKind.NOTE, Severity.WARNING)
    assert conditions([found]) == ("sndfile is there (libsndfile1)",)


def test_what_no_package_brings_stays_broken():
    vendor = CellReason(
        kind=ReasonKind.BROKEN,
        severity=Severity.ERROR,
        subject="app 1.0",
        message="fails",
        condition="libQnnHtp.so is there",
        libraries=(("libQnnHtp.so",),),
    )
    assert settled(vendor, libQnnHtp=False) == vendor


def test_what_most_systems_have_and_this_one_lacks_is_a_condition():
    assert conditions([ASSUMED]) == ()
    assert settled(ASSUMED, libGL=False).severity is Severity.WARNING
    assert settled(ASSUMED, libGL=True).severity is Severity.INFO


def test_what_is_not_known_changes_nothing():
    assert settled(BROKEN) == BROKEN
    assert settled(ASSUMED) == ASSUMED


def test_one_of_two_libraries_is_not_enough():
    both = CellReason(
        kind=ReasonKind.NOTE,
        severity=Severity.INFO,
        subject="app 1.0",
        message="needs two",
        condition="both are there",
        libraries=(("libGL.so.1",), ("libX11.so.6",)),
    )
    assert settled(both, libGL=True, libX11=False).severity is Severity.WARNING
