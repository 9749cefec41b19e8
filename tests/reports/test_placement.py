"""The strip, the picture and the lines about a model."""

import dataclasses
import xml.etree.ElementTree as ET

import pytest

from envdoctor.core.finding import Finding, Fix, Outcome, ProbeResult, Severity
from envdoctor.core.model_report import AdviceReport, ModelReport, OperatorReport
from envdoctor.core.report import Report
from envdoctor_reports import svg, terminal
from envdoctor_reports._placement import Cell, by_cause, share, strip, waiting


def op(index, placement="MAPPED", name="CONV_2D", **rest):
    return OperatorReport(index=index, op=name, placement=placement, **rest)


OPS = (
    op(0, macs=900),
    op(1, "CPU", "ELU", reason="it works on FLOAT32", cause="floats"),
    op(2, "CPU", "ELU", reason="it works on FLOAT16", cause="floats"),
    op(3, "CPU", blocked_by=1, macs=100, status="More than one subgraph is not supported"),
    op(4, "UNKNOWN", "TRANSPOSE", reason="nobody knows", cause="transpose_size"),
)
MODEL = ModelReport(
    name="m.tflite",
    reader="edgetpu_compiler 16.0",
    scheme="int8",
    inputs=("INT8 [1, 4]",),
    outputs=("INT8 [1, 2]",),
    operators=5,
    mapped=1,
    unknown=1,
    mapped_macs=0.9,
    all_subgraphs=2,
    cut=("a", "b"),
    advice=(AdviceReport(name="x", text="Replace ELU.", operators=(1,), gained_ops=2, gained_macs=0.1),),
)
REPORT = Report(command="model", version="0.1.0", created="", subject={"file": "m.tflite"}, models=(MODEL,), ops=OPS)


def test_a_strip_has_a_cell_for_each_operator_or_fewer_cells_for_many():
    assert strip(OPS, 80) == [Cell.MAPPED, Cell.CPU, Cell.CPU, Cell.CPU, Cell.UNKNOWN]
    assert strip(OPS, 2) == [Cell.MIXED, Cell.MIXED]
    assert strip((), 10) == []


@pytest.mark.parametrize("cells", [1, 2, 3, 4, 7])
def test_every_operator_is_in_one_cell(cells):
    placed = [op(index, "CPU" if index == 5 else "MAPPED") for index in range(11)]
    assert sum(cell is not Cell.MAPPED for cell in strip(placed, cells)) == 1


def test_operators_are_grouped_by_what_speaks_against_them():
    assert by_cause(OPS) == [("2 ELU", "it works on FLOAT32", [1, 2]), ("1 TRANSPOSE", "nobody knows", [4])]
    assert waiting(OPS) == {"CONV_2D": 1}


def test_where_no_cause_is_known_the_reason_groups_them_and_a_screen_holds_them():
    """A float16 model has hundreds of operators, which a compiler refuses for a few reasons."""
    refused = [op(number, "CPU", f"OP{number % 40}", reason=f"reason {number % 3}") for number in range(300)]
    names, reason, indexes = by_cause(refused)[0]
    assert (names, reason, len(indexes)) == ("3 OP0, 3 OP3, 3 OP6, 3 OP9, 3 OP12, ...", "reason 0", 100)
    many = tuple(op(number, "CPU", "MUL", reason=f"reason {number}", macs=1) for number in range(300))
    shown = terminal.render(dataclasses.replace(REPORT, ops=many)).splitlines()
    assert len(shown) < 30
    assert "297 more for 297 other reasons" in " ".join(shown)
    assert len(terminal.render(dataclasses.replace(REPORT, ops=many), verbose=True).splitlines()) > 600


def test_a_share_is_never_rounded_to_nothing_or_to_all():
    assert [share(part) for part in (0.0, 0.00001, 0.5, 0.99999, 1.0)] == ["0%", "0.1%", "50.0%", "99.9%", "100%"]


def test_the_terminal_shows_the_strip_the_causes_the_advice_and_the_cut():
    text = terminal.render(REPORT, width=100)
    assert "█░░░?" in text
    counts = "1 of 5 operators on the Edge TPU (90.0% of the multiply-adds), 3 on the CPU, 1 not known, 2 on it with -a"
    assert counts in " ".join(text.split())
    assert "2 ELU (1, 2): it works on FLOAT32" in text
    assert "Replace ELU. (+2 operators, +10.0% of the multiply-adds)" in text
    assert "a,b" in text
    assert "3  CONV_2D    100  10.0%  CPU" in terminal.render(REPORT, width=100, verbose=True)


def test_advice_that_a_fix_told_is_not_told_again_and_a_screen_holds_the_rest():
    fix = Fix(text="Replace ELU.")
    problem = Finding(code="MDL014", severity=Severity.WARNING, subject="m", message="some stay", fix=fix)
    probe = ProbeResult(
        code="MDL014", name="not-fully-mapped", title="Part stays.", outcome=Outcome.FAILED, findings=(problem,)
    )
    more = tuple(AdviceReport(name=name, text=f"Do {name}.") for name in "abcd")
    model = dataclasses.replace(MODEL, advice=(*MODEL.advice, *more))
    report = dataclasses.replace(REPORT, models=(model,), probes=(probe,))
    text = terminal.render(report, width=100)
    assert text.count("Replace ELU.") == 1
    assert "As the fix above says. (+2 operators, +10.0% of the multiply-adds)" in text
    assert "4 more things to do, and all operators: -v" in text
    assert "Do d." in terminal.render(report, width=100, verbose=True)


def test_a_plain_terminal_gets_ascii():
    assert "#...?" in terminal.render(REPORT, width=100, symbols=False)


def test_verbose_lists_every_operator():
    text = terminal.render(REPORT, width=100, verbose=True)
    assert all(f"\n  {one.index}  {one.op}" in text for one in OPS)


def test_the_picture_has_a_bar_for_each_operator_and_escapes_what_it_quotes():
    picture = svg.render(
        Report(command="model", version="", created="", ops=(*OPS, op(5, "CPU", "CUSTOM <x>&", reason='"<')))
    )
    bars = ET.fromstring(picture).findall("{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 6
    assert bars[5][0].text == '5 CUSTOM <x>&\n"<'
    heights = [float(bar.get("height")) for bar in bars]
    assert heights[0] > heights[3] > heights[1]


def test_a_refused_model_is_told_to_be_refused_and_nothing_else():
    refused = dataclasses.replace(MODEL, refused=("CONV_2D version 6",), mapped=0)
    text = terminal.render(dataclasses.replace(REPORT, models=(refused,)), width=100)
    assert "edgetpu_compiler 16.0 refuses it: CONV_2D version 6" in text
    assert "operators on the Edge TPU" not in text
