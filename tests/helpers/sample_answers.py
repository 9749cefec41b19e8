"""Answers that are no reports, by the name of their JSON schema: each with what it comes to."""

from pathlib import Path

from envdoctor.core.asked import AskedReport, Presence, SetVerdict, Wanted
from envdoctor.core.availability import Cell, CellReason, CellVerdict, Matrix, ReasonKind
from envdoctor.core.bisect import BisectReport
from envdoctor.core.bisect import Change as Cause
from envdoctor.core.finding import Evidence, Finding, Severity
from envdoctor.core.fixing import FixPlan, FixReport, Mended, Mending, Step, StepKind, StepResult, StepState
from envdoctor.core.guard import Alarm, GuardReport
from envdoctor.core.holdings import Holding, HoldingCell, HoldingTable
from envdoctor.core.inspection import Inspection, WheelFault
from envdoctor.core.lock import Lock, Unlocked
from envdoctor.core.repair import MendReport, Placed, RepairReport
from envdoctor.core.sweep import Ending, History, HistoryAnswer, Judgment, State, SweepReport, SweepRow

TARGET = "macos-arm64-cp311"
REASON = CellReason(
    kind=ReasonKind.BROKEN,
    severity=Severity.ERROR,
    subject="app==1",
    message="app can't load",
    evidence=(Evidence(source="app/_x.so", excerpt="libgone.so"),),
    remedies=("app<1",),
)
LATER = CellReason(
    kind=ReasonKind.NOTE, severity=Severity.WARNING, subject="lib", message="m", condition="libx is there"
)
FINDING = Finding(code="PKG001", name="requirements-not-met", severity=Severity.ERROR, subject="app", message="m")


def cell(verdict, *reasons, version="1"):
    return Cell(requirement=f"app=={version}", version=version, target=TARGET, verdict=verdict, reasons=reasons)


def matrix(*cells):
    return Matrix(package="app", requirements=("app",), versions=("1",), targets=(TARGET,), cells=cells)


def inspection(verdict, *reasons, faults=()):
    return Inspection(subject="app", label="app 1", target=TARGET, verdict=verdict, reasons=reasons, faults=faults)


def holdings(*holding, problem=""):
    cells = [HoldingCell(version=str(at), target=TARGET, holdings={"app.x": one}) for at, one in enumerate(holding)]
    cells += [HoldingCell(version="9", target=TARGET, holdings={}, problem=problem)] if problem else []
    return HoldingTable(package="app", names=("app.x",), versions=("0",), targets=(TARGET,), cells=tuple(cells))


def asked(presence, verdict, *reasons, environment=""):
    return AskedReport(
        file="requirements.txt",
        kind="requirements",
        environment=environment,
        wanted=(Wanted(requirement="app", presence=presence),),
        sets=(SetVerdict(target=TARGET, verdict=verdict, reasons=reasons),),
    )


def fixed(*mendings, states=(StepState.DONE,), **rest):
    step = Step(kind=StepKind.PACKAGES, title="pip: install 1 distribution", mends=(FINDING,))
    plan = FixPlan(python="python", prefix="env", steps=(step,))
    told = tuple(Mended(finding=FINDING, mending=one) for one in mendings)
    results = tuple(StepResult(title=step.title, state=one) for one in states)
    return FixReport(plan=plan, results=results, mended=told, **rest)


def lock(*unlocked, conditions=()):
    return Lock(requirements=("app",), targets=(TARGET, "b"), unlocked=unlocked, conditions=conditions)


def guard(*alarms, unknown=()):
    return GuardReport(requirements=("app",), targets=(TARGET,), alarms=alarms, unknown=unknown)


def alarm(*, is_new=True):
    return Alarm(
        releases=("app==1",),
        targets=(TARGET,),
        verdict=CellVerdict.BROKEN,
        reasons=(REASON,),
        pins=("app==0",),
        is_new=is_new,
    )


def repaired(*mends, refused=(), findings=()):
    after = Placed(operators=3, refused=refused)
    return RepairReport(version="1", source=Path("a.tflite"), mends=mends, reader="x", after=after, findings=findings)


def mend(*, verified):
    return MendReport(name="constants", changes=("one",), verified=verified)


def sweep(*states, **rest):
    rows = tuple(
        SweepRow(
            kind="wheels",
            key=str(at),
            item=f"a{at}.whl",
            ending=Ending.JUDGED,
            found=Judgment(subject=f"a{at}", target=TARGET, verdict=one.name, state=one, version="1"),
        )
        for at, one in enumerate(states)
    )
    return SweepReport(kind="wheels", database="h.db", items=len(rows), rows=rows, **rest)


def history(*states):
    answers = tuple(HistoryAnswer(subject="app", target=TARGET, kind="wheels", state=one, text="t") for one in states)
    return History(database="h.db", answers=answers, entries=())


_CAUSE = Cause(name="lib", good="1", bad="2", last_good="1.1", first_bad="1.2")
_FAULT = WheelFault(name="no-license", severity=Severity.INFO, subject="METADATA", message="m", fix="f")

#: name of the schema, the answer, its verdict, its exit code, and how many findings the flat list has.
ALL = [
    ("matrix", matrix(cell(CellVerdict.SOUND)), "fine", 0, 0),
    ("matrix", matrix(cell(CellVerdict.SOUND), cell(CellVerdict.BROKEN, REASON, version="2")), "mixed", 0, 1),
    ("matrix", matrix(cell(CellVerdict.SOUND_IF, LATER)), "mixed", 0, 1),
    ("matrix", matrix(cell(CellVerdict.BROKEN, REASON)), "problems", 1, 1),
    ("matrix", matrix(cell(CellVerdict.BROKEN, REASON), cell(CellVerdict.UNKNOWN)), "unknown", 1, 1),
    ("matrix", matrix(), "problems", 1, 0),
    ("inspection", inspection(CellVerdict.SOUND, faults=(_FAULT,)), "fine", 0, 1),
    ("inspection", inspection(CellVerdict.SOUND_IF, LATER), "problems", 1, 1),
    ("inspection", inspection(CellVerdict.BROKEN, REASON), "problems", 1, 1),
    ("inspection", inspection(CellVerdict.UNKNOWN), "unknown", 1, 0),
    ("holdings", holdings(Holding.HAS), "fine", 0, 0),
    ("holdings", holdings(Holding.HAS, Holding.LACKS), "mixed", 0, 1),
    ("holdings", holdings(Holding.LACKS), "problems", 1, 1),
    ("holdings", holdings(problem="no wheel"), "unknown", 1, 1),
    ("asked", asked(Presence.INSTALLED, CellVerdict.SOUND), "fine", 0, 0),
    ("asked", asked(Presence.MISSING, CellVerdict.SOUND), "problems", 1, 1),
    ("asked", asked(Presence.OTHER_VERSION, CellVerdict.BROKEN, REASON), "problems", 1, 2),
    ("asked", asked(Presence.INSTALLED, CellVerdict.UNKNOWN), "unknown", 1, 0),
    ("asked", asked(Presence.INSTALLED, CellVerdict.SOUND_IF, LATER), "mixed", 0, 1),
    ("asked", asked(Presence.INSTALLED, CellVerdict.SOUND_IF, LATER, environment="/env"), "problems", 1, 1),
    ("fix", fixed(Mending.FIXED), "fine", 0, 0),
    ("fix", fixed(Mending.NOT_FIXED), "problems", 1, 1),
    ("fix", fixed(Mending.CANT_TELL), "unknown", 1, 1),
    ("fix", fixed(states=()), "problems", 1, 1),
    ("fix", fixed(states=(StepState.INTERRUPTED,)), "problems", 130, 0),
    ("fix", fixed(is_undo=True), "fine", 0, 0),
    ("fix", fixed(is_undo=True, not_restored=("app: 2 in place of 1",)), "problems", 1, 1),
    ("lock", lock(), "fine", 0, 0),
    ("lock", lock(conditions=("macos: libx is there",)), "fine", 0, 1),
    ("lock", lock(Unlocked(target="b", verdict=CellVerdict.BROKEN, reasons=(REASON,))), "problems", 1, 1),
    ("lock", lock(Unlocked(target="b", verdict=CellVerdict.UNKNOWN)), "unknown", 1, 1),
    ("guard", guard(), "fine", 0, 0),
    ("guard", guard(alarm()), "problems", 1, 1),
    ("guard", guard(alarm(is_new=False)), "problems", 0, 1),
    ("guard", guard(unknown=(("b", "the index does not answer"),)), "unknown", 1, 1),
    ("bisect", BisectReport(target=TARGET, differing=2, causes=(_CAUSE,), reasons=(REASON,)), "answered", 0, 2),
    ("bisect", BisectReport(target=TARGET, differing=2, problem="both are good"), "unknown", 1, 0),
    ("repair", repaired(mend(verified=True)), "fine", 0, 0),
    ("repair", repaired(mend(verified=False), refused=("a",)), "problems", 1, 2),
    ("repair", repaired(findings=(FINDING,)), "problems", 1, 1),
    ("sweep", sweep(State.FINE, State.ABSENT, left=0), "unknown", 1, 1),
    ("sweep", sweep(State.FINE), "fine", 0, 0),
    ("sweep", sweep(State.FINE, State.BROKEN, State.CONDITIONAL), "problems", 1, 2),
    ("sweep", sweep(State.FINE, State.UNKNOWN), "unknown", 1, 1),
    ("sweep", sweep(State.FINE, problem="the disk is full", left=3), "unknown", 1, 2),
    ("history", history(State.FINE), "fine", 0, 0),
    ("history", history(State.FINE, State.BROKEN), "problems", 1, 1),
    ("history", history(), "unknown", 1, 0),
]  # fmt: skip
