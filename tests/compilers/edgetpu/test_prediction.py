"""Placements of whole models: by hand, and against what the real compiler did."""

import functools
import json
from collections import Counter

import pytest

from envdoctor.compilers.edgetpu.prediction import Settings, if_taken, predict
from envdoctor.compilers.edgetpu.rulebook import find_compiler, rulebook
from envdoctor.core.prediction import Placement
from envdoctor.tflite.reader import read_model
from graphs import Graph, chain
from shared_data import shared

read = functools.cache(read_model)
RUNTIMES = {10: "1.0", 12: "2.1", 13: "16.0", 14: "16.0"}


def placements(prediction):
    return [op.placement.name for op in prediction.ops]


def test_what_comes_behind_an_unsupported_operator_waits_for_it():
    prediction = predict(chain("RELU", "HARD_SWISH", "RELU", "LOGISTIC"))
    assert placements(prediction) == ["MAPPED", "CPU", "CPU", "CPU"]
    assert [op.status for op in prediction.ops][1:3] == [
        "Operation not supported",
        "More than one subgraph is not supported",
    ]
    assert [op.blocked_by for op in prediction.ops] == [None, None, 1, 1]
    assert prediction.mapped == {0}


def test_all_subgraphs_maps_what_comes_behind():
    prediction = predict(chain("RELU", "HARD_SWISH", "RELU"), Settings(all_subgraphs=True))
    assert placements(prediction) == ["MAPPED", "CPU", "MAPPED"]


def test_with_all_subgraphs_what_joins_several_parts_is_not_promised():
    graph = Graph()
    first = graph.op("RELU", [graph.input([1, 4])], [1, 4])
    second = graph.op("RELU", [graph.op("HARD_SWISH", [first], [1, 4])], [1, 4])
    joined = graph.op("CONCATENATION", [first, second], [1, 8])
    model = graph.model(graph.op("LOGISTIC", [joined], [1, 8]))
    assert placements(predict(model, Settings(all_subgraphs=True))) == ["MAPPED", "CPU", "MAPPED", "UNKNOWN", "MAPPED"]
    assert placements(predict(model)) == ["MAPPED", "CPU", "CPU", "CPU", "CPU"]


def test_nothing_behind_an_intermediate_tensor_is_compiled():
    model = chain("RELU", "LOGISTIC", "TANH")
    name = model.main.tensors[model.main.operators[0].outputs[0]].name
    prediction = predict(model, Settings(intermediate_tensors=frozenset({name})))
    assert placements(prediction) == ["MAPPED", "CPU", "CPU"]


def test_an_old_runtime_takes_no_int8():
    assert predict(chain("RELU"), Settings(min_runtime_version=11)).mapped == frozenset()
    assert predict(chain("RELU"), Settings(min_runtime_version=13)).mapped == {0}


def transposed(elements):
    graph = Graph()
    taken = graph.op("RELU", [graph.input([1, 1, 1, elements])], [1, 1, 1, elements])
    turned = graph.op("TRANSPOSE", [taken, graph.axes(0, 3, 1, 2)], [1, elements, 1, 1])
    other = graph.op("TANH", [taken], [1, 1, 1, elements])
    return graph.model(graph.op("RELU", [turned], [1, elements, 1, 1]), other)


def test_what_depends_on_something_unknown_is_unknown_and_nothing_else():
    prediction = predict(transposed(90_000))
    assert placements(prediction) == ["MAPPED", "UNKNOWN", "MAPPED", "UNKNOWN"]
    assert not prediction.certain
    assert "depends on operator 1" in prediction.ops[3].reason


def test_something_unknown_behind_the_cpu_stays_on_the_cpu():
    graph = Graph()
    taken = graph.op("RELU", [graph.input([1, 1, 1, 90_000])], [1, 1, 1, 90_000])
    taken = graph.op("HARD_SWISH", [taken], [1, 1, 1, 90_000])
    model = graph.model(graph.op("TRANSPOSE", [taken, graph.axes(0, 3, 1, 2)], [1, 90_000, 1, 1]))
    prediction = predict(model)
    assert placements(prediction) == ["MAPPED", "CPU", "CPU"]
    assert prediction.ops[2].blocked_by == 1


def test_the_first_group_may_come_behind_the_cpu():
    assert placements(predict(chain("HARD_SWISH", "RELU", "LEAKY_RELU", "RELU"))) == ["CPU", "MAPPED", "CPU", "CPU"]


def test_an_operator_that_no_source_speaks_of_is_unknown_with_all_behind_it():
    prediction = predict(chain("RELU", "ELU", "RELU"))
    assert placements(prediction) == ["MAPPED", "UNKNOWN", "UNKNOWN"]
    assert "no source tells" in prediction.ops[1].reason
    assert prediction.ops[2].blocked_by == 1


def test_what_is_mapped_only_if_something_is_not_is_unknown():
    """If ELU is taken, the first part ends at HARD_SWISH; if not, it begins behind it."""
    assert placements(predict(chain("ELU", "HARD_SWISH", "RELU"))) == ["UNKNOWN", "CPU", "UNKNOWN"]


def test_many_unknown_kinds_are_tried_without_trying_every_combination():
    names = ["ELU", "GELU", "EXP", "ABS", "SIN", "COS", "LOG"]
    prediction = predict(chain("RELU", *names, "HARD_SWISH", "RELU"))
    assert placements(prediction) == ["MAPPED", *["UNKNOWN"] * len(names), "CPU", "CPU"]


def test_what_waits_names_the_operator_that_is_refused_and_not_the_first_by_number():
    graph = Graph()
    made = graph.op("QUANTIZE", [graph.input([1, 4], "FLOAT32")], [1, 4])
    mapped = graph.op("RELU", [made], [1, 4])
    refused = graph.op("HARD_SWISH", [mapped], [1, 4])
    model = graph.model(graph.op("ADD", [mapped, refused], [1, 4]))
    prediction = predict(model)
    assert placements(prediction) == ["CPU", "MAPPED", "CPU", "CPU"]
    assert [op.blocked_by for op in prediction.ops] == [None, None, None, 2]


def test_a_refusal_goes_before_what_is_unknown():
    graph = Graph()
    unknown = graph.op("ELU", [graph.input([1, 4])], [1, 4])
    refused = graph.op("HARD_SWISH", [graph.input([1, 4])], [1, 4])
    prediction = predict(graph.model(graph.op("ADD", [unknown, refused], [1, 4])))
    assert prediction.ops[2].blocked_by == 1
    assert placements(prediction) == ["UNKNOWN", "CPU", "UNKNOWN"]
    assert prediction.ops[2].reason == "where the first part for the Edge TPU begins is not known"


def test_the_share_of_the_work_is_counted_in_multiply_adds():
    graph = Graph()
    mapped = graph.op("FULLY_CONNECTED", [graph.input([1, 30]), graph.const([10, 30]), -1], [1, 10])
    stopped = graph.op("GELU", [mapped], [1, 10])
    model = graph.model(graph.op("FULLY_CONNECTED", [stopped, graph.const([10, 10]), -1], [1, 10]))
    prediction = predict(model)
    assert prediction.mapped_macs == 0.75
    assert if_taken(model, prediction, frozenset({1})) == {0, 1, 2}
    assert predict(chain("RELU")).mapped_macs == 1.0


def test_every_operator_gets_a_placement_and_a_reason_if_it_is_not_mapped():
    for op in predict(chain("RELU", "ELU", "RELU")).ops:
        assert (op.placement is Placement.MAPPED) == (not op.reason)


@pytest.mark.slow
def test_at_least_97_percent_of_the_graphs_on_record_are_placed_exactly():
    folder = shared("data/edgetpu")
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    exact, statuses, wrong, total = 0, 0, 0, 0
    for pair in (pair for pair in pairs if pair["file"]):
        release = pair["compiler_version"] or RUNTIMES[pair["min_runtime_version"][0]]
        settings = Settings(compiler=find_compiler(release), all_subgraphs=pair["edgetpu_custom_ops"] > 1)
        prediction = predict(read(folder / pair["file"]), settings)
        total += 1
        exact += prediction.certain and prediction.mapped == set(pair["mapped"])
        logged = Counter()
        for op, count, status in pair["log_rows"] or ():
            logged[op, status] += count
        statuses += sum(logged.values())
        wrong += sum((logged - Counter((op.op.split()[0], op.status) for op in prediction.ops)).values())
    assert exact >= 0.97 * total
    assert wrong <= 0.02 * statuses


@pytest.mark.slow
def test_without_a_graphs_own_repository_no_certain_statement_is_wrong():
    folder = shared("data/edgetpu")
    pairs = [json.loads(line) for line in (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    for pair in (pair for pair in pairs if pair["file"]):
        release = pair["compiler_version"] or RUNTIMES[pair["min_runtime_version"][0]]
        settings = Settings(
            compiler=find_compiler(release),
            all_subgraphs=pair["edgetpu_custom_ops"] > 1,
            rules=rulebook(pair["repo"]),
        )
        for op in predict(read(folder / pair["file"]), settings).ops:
            if op.placement is not Placement.UNKNOWN:
                assert (op.placement is Placement.MAPPED) == (op.index in pair["mapped"]), (pair["file"], op)
