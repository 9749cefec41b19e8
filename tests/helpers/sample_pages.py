"""HTML pages of every kind, for the browser's tests: what a page can hold, each at least once."""

from __future__ import annotations

import dataclasses

import sample_reports as samples
from envdoctor.core.availability import Cell, CellReason, CellVerdict, Matrix, Pin, ReasonKind
from envdoctor.core.finding import Evidence, Severity
from envdoctor.core.model_report import AdviceReport, ModelReport, OperatorReport
from envdoctor_reports import html

OPS = (
    *(OperatorReport(index=number, op="CONV_2D", placement="MAPPED", macs=1000 * number) for number in range(30)),
    OperatorReport(index=30, op="TRANSPOSE", placement="CPU", cause="layout", reason="its layout is not supported"),
    OperatorReport(index=31, op="CUSTOM", placement="UNKNOWN", reason="nothing is known of it"),
)
MODEL = ModelReport(
    name="detector.tflite",
    reader="edgetpu_compiler 16.0",
    scheme="int8",
    inputs=("INT8 [1, 224, 224, 3]",),
    outputs=("INT8 [1, 1000]",),
    operators=len(OPS),
    mapped=30,
    unknown=1,
    advice=(AdviceReport(name="layout", text="Leave the channels last.", operators=(30,)),),
)


def model():
    return dataclasses.replace(samples.broken(), command="model", models=(MODEL,), ops=OPS)


def matrix():
    """Two platforms; sound, broken for a reason, and not known."""
    reason = CellReason(
        kind=ReasonKind.BROKEN,
        severity=Severity.ERROR,
        subject="app 2",
        message="app/_x.so needs GLIBC_2.38, and the machine has 2.36.",
        path=("app", "lib"),
        evidence=(Evidence(source="app/_x.so", excerpt="version needed: GLIBC_2.38"),),
    )
    targets = ("linux-x86_64-cp311-glibc2.36", "linux-x86_64-cp312-glibc2.36", "macos-arm64-cp311")
    cells = [
        Cell(
            requirement=f"app=={version}",
            version=version,
            target=target,
            verdict=verdict,
            reasons=(reason,) if verdict is not CellVerdict.SOUND else (),
            way_out=(Pin(name="lib", version="1"),) if verdict is CellVerdict.BROKEN else (),
        )
        for version, verdicts in (
            ("2", (CellVerdict.BROKEN, CellVerdict.BROKEN, CellVerdict.UNKNOWN)),
            ("1", (CellVerdict.SOUND, CellVerdict.SOUND, CellVerdict.SOUND)),
        )
        for target, verdict in zip(targets, verdicts, strict=True)
    ]
    return Matrix(
        package="app",
        requirements=("app",),
        versions=("2", "1"),
        targets=targets,
        cells=tuple(cells),
        best=("app 1 is sound on linux-x86_64.", "app 1 is sound on macos-arm64."),
        notes=("A note.",),
    )


def pages():
    """Each page by a name."""
    reports = {make.__name__: make() for make in samples.ALL} | {"model": model()}
    return {name: html.render(report) for name, report in reports.items()} | {"matrix": html.render_matrix(matrix())}
