"""What of a judgment can be shown without envdoctor."""

from __future__ import annotations

import pytest

from envdoctor.availability.soundness import problem_reason
from envdoctor.core.availability import Cause, CauseKind, Cell, CellReason, CellVerdict, Matrix, ReasonKind
from envdoctor.core.errors import UsageProblem
from envdoctor.core.finding import Severity
from envdoctor.doctor.upstream import claim_of, upstream_of_matrix
from envdoctor.imports.problems import ProblemKind, WheelProblem


def problem(kind, *details, label="app 1", files=("app/_x.so",), library=""):
    return problem_reason(
        WheelProblem(
            kind=kind,
            severity=Severity.ERROR,
            wheel=label,
            message="app/_x.so does not load",
            files=files,
            details=details,
            library=library,
        )
    )


@pytest.mark.parametrize(
    ("said", "kind", "names"),
    [
        (
            problem(ProblemKind.MISSING_LIBRARY, library="@rpath/libx.dylib"),
            CauseKind.LIBRARY,
            ("@rpath/libx.dylib",),
        ),
        (problem(ProblemKind.ASSUMED_LIBRARY, library="libGL.so.1"), CauseKind.LIBRARY, ("libGL.so.1",)),
        (problem(ProblemKind.MISSING_SYMBOL, "icudt77_dat", "icudt77_x"), CauseKind.SYMBOL, ("icudt77_dat",)),
    ],
)
def test_what_is_wrong_with_a_wheel_becomes_what_can_be_shown(said, kind, names):
    found = claim_of(said)
    assert (found.cause.kind, found.cause.files, found.cause.names) == (kind, ("app/_x.so",), names)
    assert found.cause.wheel == "app 1"
    assert found.message == said.message
    assert found.fix


@pytest.mark.parametrize("kind", [ProblemKind.NEWER_GLIBC, ProblemKind.WRONG_PYTHON, ProblemKind.MISSING_SYMBOL])
def test_what_nothing_shows_is_no_claim(kind):
    """Of symbols that were not looked at there are no names."""
    assert claim_of(problem(kind)) is None


def test_what_pip_refuses_is_shown_by_pip():
    refused = CellReason(kind=ReasonKind.NO_VERSION, severity=Severity.ERROR, subject="app==1", message="there is none")
    assert claim_of(refused).cause == Cause(kind=CauseKind.REFUSED, wheel="app==1")


def test_the_same_fault_of_another_release_has_the_same_key():
    one = claim_of(problem(ProblemKind.MISSING_LIBRARY, library="libgone.so"))
    again = claim_of(problem(ProblemKind.MISSING_LIBRARY, label="app 2", files=("app/y.so",), library="libgone.so"))
    other = claim_of(problem(ProblemKind.MISSING_LIBRARY, label="app 2", library="libother.so"))
    assert one.key == again.key != other.key


def test_a_matrix_without_a_fault_has_no_report():
    cell = Cell(requirement="app==1", version="1", target="linux-x86_64-cp311-glibc2.36", verdict=CellVerdict.SOUND)
    matrix = Matrix(package="app", requirements=("app",), versions=("1",), targets=(cell.target,), cells=(cell,))
    with pytest.raises(UsageProblem, match="nothing is wrong with app there"):
        upstream_of_matrix(matrix)
