"""A prediction held against logs."""

import pytest

from envdoctor.compilers.edgetpu.agreement import (
    Disagreement,
    disagreements,
    disagreements_with_file,
    mapped_in,
    read_log,
)
from envdoctor.compilers.edgetpu.log import parse_log
from envdoctor.compilers.edgetpu.prediction import predict
from envdoctor.core.errors import Unreadable
from envdoctor.tflite.reader import read_model
from graphs import Graph, chain
from shared_data import shared

LOG = """Edge TPU Compiler version 16.0.384591198
Input: m.tflite
Output: m_edgetpu.tflite

Operator                       Count      Status

RELU                           1          Mapped to Edge TPU
HARD_SWISH                     1          Operation not supported
RELU                           {count}          More than one subgraph is not supported
"""


def test_a_log_that_says_the_same_differs_in_nothing():
    assert disagreements(predict(chain("RELU", "HARD_SWISH", "RELU")), parse_log(LOG.format(count=1))) == ()


def test_a_row_that_counts_otherwise_is_told_with_both_counts():
    found = disagreements(predict(chain("RELU", "HARD_SWISH", "RELU")), parse_log(LOG.format(count=3)))
    assert found == (Disagreement(op="RELU", status="More than one subgraph is not supported", predicted=1, logged=3),)


def test_the_log_of_a_real_model_agrees():
    folder = shared("data/edgetpu")
    model = read_model(folder / "models" / "3c2fd2847f70c21c.tflite")
    assert disagreements(predict(model), read_log(folder / "logs" / "093.txt")) == ()


def test_what_holds_no_table_is_no_log(tmp_path):
    path = tmp_path / "x.log"
    path.write_text("Model compiled successfully in 3 ms.")
    for wrong, words in ((path, "no table of operators"), (tmp_path / "y.log", "can't be read")):
        with pytest.raises(Unreadable, match=words):
            read_log(wrong)


def compiled(*kept):
    """What the compiler writes: one custom operator, then what stayed on the CPU with its old tensor names."""
    graph = Graph()
    taken = graph.op("CUSTOM", [graph.input([1, 8, 8, 4])], custom="edgetpu-custom-op")
    for name, tensor in kept:
        taken = graph.op(name, [taken], outputs=[graph.tensor([1, 8, 8, 4], name=tensor)])
    return graph.model(taken)


def test_the_mapping_is_read_off_a_pair_of_files():
    source = chain("RELU", "HARD_SWISH", "RELU")
    names = [source.main.given(operator)[0].name for operator in source.main.operators]
    output = compiled(("HARD_SWISH", names[1]), ("RELU", names[2]))
    assert mapped_in(source, output) == {0}
    assert disagreements_with_file(predict(source), source, output) == ()
    other = compiled(("RELU", names[2]))
    assert disagreements_with_file(predict(source), source, other) == (
        Disagreement(op="HARD_SWISH", status="Mapped to Edge TPU", predicted=0, logged=1),
    )


def test_a_model_that_was_not_compiled_is_no_output():
    with pytest.raises(Unreadable, match="no output of edgetpu_compiler"):
        mapped_in(chain("RELU"), chain("RELU"))
