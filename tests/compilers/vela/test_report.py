from pathlib import Path

import pytest

from envdoctor.compilers.vela.report import parse_summary, parse_warnings, without_tensor

RECORDED = Path(__file__).resolve().parents[2] / "data/stages"


def test_recorded_warnings():
    found = parse_warnings((RECORDED / "vela_embedding.txt").read_text())
    assert [(one.operator, one.tensor, one.reason) for one in found] == [
        ("GATHER", "sequential_1_1/embedding_1/GatherV2;", "Unsupported opType"),
        ("SELECT", "sequential_1_1/embedding_1/SelectV2", "Unsupported opType"),
        ("LESS", "sequential_1_1/embedding_1/Less", "Unsupported opType"),
    ]


def test_reasons_that_go_on():
    text = (
        "Warning (supported operators) operator: MEAN, ofm: 'a'\n"
        "Reason: Unsupported depth-reduction.  IFM: 1, 8, 8, 8\n"
        "   - more of it\n"
        "other output\n"
        "Warning (model semantic) operator: PAD\n"
    )
    assert [(one.operator, one.reason) for one in parse_warnings(text)] == [
        ("MEAN", "Unsupported depth-reduction. IFM: 1, 8, 8, 8 - more of it"),
        ("PAD", "model semantic"),
    ]


def test_a_recorded_summary():
    values = parse_summary((RECORDED / "vela_summary.csv").read_text())
    assert values["accelerator"] == "Ethos_U55_128"
    assert values["cycles"] == 25918
    assert values["npu_cycles"] == 12110
    assert values["sram_bytes"] == 12176
    assert values["clock_hz"] == 500_000_000
    assert values["inference_seconds"] == pytest.approx(5.1836e-05)


@pytest.mark.parametrize("text", ["", "a,b\n", "cycles_total,inference_time\nn/a,inf\n"])
def test_a_summary_without_numbers(text):
    assert parse_summary(text) == {}


def test_a_reason_does_not_name_its_tensor():
    """What is refused for the same reason is told together."""
    assert without_tensor("Operation has tensor with unsupported DataType Float32 (a/b:0)") == (
        "Operation has tensor with unsupported DataType Float32"
    )
    assert without_tensor("Unsupported opType") == "Unsupported opType"
