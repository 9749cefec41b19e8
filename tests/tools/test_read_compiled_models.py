"""What compiled files tell without the models that they were made from (tools/read_compiled_models.py)."""

import importlib.util
import sys
from pathlib import Path

import pytest

from compiled_models import compiled_model
from envdoctor.compilers.edgetpu.rulebook import find_compiler
from graphs import Graph

TOOL = Path(__file__).parents[2] / "tools" / "read_compiled_models.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("read_compiled_models", TOOL)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def compiled():
    """An Edge TPU operator, what it feeds, and what waits for that."""
    graph = Graph()
    made = graph.op("CUSTOM", [graph.input([1, 40, 40, 64])], [1, 40, 40, 64], custom="edgetpu-custom-op")
    turned = graph.op("TRANSPOSE", [made, graph.axes(0, 3, 1, 2)], [1, 64, 40, 40], version=2)
    bent = graph.op("ELU", [made], [1, 40, 40, 64])
    fine = graph.op("RELU", [made], [1, 40, 40, 64])
    return graph.model(graph.op("CONCATENATION", [turned, made], [1, 64, 40, 40]), bent, fine)


def test_what_the_edge_tpu_alone_feeds_was_refused_for_itself(tool):
    assert [op.name for op in tool.refused_operators(compiled())] == ["TRANSPOSE", "ELU", "RELU"]


def test_a_row_says_what_the_rule_book_knows_of_it(tool):
    found = {row.op: row for row in tool.rows(compiled(), find_compiler("16.0"))}
    assert {op: row.says for op, row in found.items()} == {"TRANSPOSE": "refused", "ELU": "unknown", "RELU": "taken"}
    assert (found["TRANSPOSE"].size, found["TRANSPOSE"].release) == (102_400, "16.0")
    assert found["TRANSPOSE"].shapes == "[1, 40, 40, 64] to [1, 64, 40, 40]"


def test_rows_carry_their_source_and_a_damaged_file_is_left_out(tool, tmp_path, capsys):
    whole, damaged = tmp_path / "a_edgetpu.tflite", tmp_path / "b_edgetpu.tflite"
    whole.write_bytes(compiled_model("edgetpu-custom-op"))
    damaged.write_bytes(b"no model")
    assert tool.main(["--source", "me/mine", str(whole), str(damaged)]) == 0
    printed = capsys.readouterr()
    assert printed.out == ""  # nothing is left to the CPU
    assert str(damaged) in printed.err
