"""What to change, and what it would bring."""

import re

from envdoctor.compilers.edgetpu import limits
from envdoctor.compilers.edgetpu.advice import TABLE, advise, cut_points, with_all_subgraphs
from envdoctor.compilers.edgetpu.prediction import Settings, predict
from envdoctor.compilers.edgetpu.rulebook import rulebook
from envdoctor.core.data import load_file
from graphs import Graph, chain


def given(model):
    return {advice.name: advice for advice in advise(model, predict(model))}


def test_float_input_and_output_are_advised_at_the_edge_alone():
    graph = Graph()
    taken = graph.op("QUANTIZE", [graph.input([1, 4], "FLOAT32")], [1, 4])
    taken = graph.op("RELU", [taken], [1, 4])
    model = graph.model(graph.op("DEQUANTIZE", [taken], [1, 4], "FLOAT32"))
    assert set(given(model)) == {"float-input", "float-output"}


def test_an_advice_tells_what_it_would_bring():
    graph = Graph()
    first = graph.op("FULLY_CONNECTED", [graph.input([1, 30]), graph.const([10, 30]), -1], [1, 10])
    middle = graph.op("LEAKY_RELU", [first], [1, 10])
    model = graph.model(graph.op("FULLY_CONNECTED", [middle, graph.const([10, 10]), -1], [1, 10]))
    advice = given(model)["leaky-relu"]
    assert (advice.operators, advice.gained_ops, advice.gained_macs) == ((1,), 2, 0.25)


def test_the_advice_with_the_largest_gain_comes_first():
    graph = Graph()
    taken = graph.op("RELU", [graph.input([1, 30])], [1, 30])
    graph.op("ARG_MAX", [taken], [1], "INT64")
    stopped = graph.op("LEAKY_RELU", [taken], [1, 30])
    model = graph.model(graph.op("FULLY_CONNECTED", [stopped, graph.const([10, 30]), -1], [1, 10]))
    assert [advice.name for advice in advise(model, predict(model))] == ["leaky-relu", "class-picking"]


def test_a_model_that_is_mapped_gets_no_advice():
    model = chain("RELU")
    prediction = predict(model)
    assert (advise(model, prediction), cut_points(model, prediction)) == ((), ())


def test_all_subgraphs_is_offered_where_it_helps():
    model = chain("RELU", "HARD_SWISH", "RELU")
    assert len(with_all_subgraphs(model, predict(model)).mapped) == 2
    assert with_all_subgraphs(model, predict(model, Settings(all_subgraphs=True))) is None
    plain = chain("RELU")
    assert with_all_subgraphs(plain, predict(plain)) is None


def test_the_cut_is_where_the_cpu_takes_over():
    model = chain("RELU", "LOGISTIC", "HARD_SWISH")
    handed = model.main.tensors[model.main.operators[1].outputs[0]].name
    assert cut_points(model, predict(model)) == (handed,)


def test_every_cause_in_the_table_is_one_that_a_rule_can_give():
    statuses = set(load_file(TABLE.with_name("ops.toml"))["statuses"])
    functions = {name for rule in rulebook().operators.values() for name in rule.limits}
    functions |= {"float_input", "floats", "other_types"}
    for name, entry in load_file(TABLE).items():
        assert set(entry["causes"]) <= statuses | functions, name
        assert entry["text"].endswith((".", ")"))
        assert entry["source"]
        assert entry.get("link", "https://").startswith("https://")
        assert "link" in entry or "issue" not in entry["source"], name


def test_every_limitation_has_an_advice():
    advised = {cause for entry in load_file(TABLE).values() for cause in entry["causes"]}
    functions = {name for rule in rulebook().operators.values() for name in rule.limits}
    without = {name for name in functions - advised if not re.search("softmax|tile|default_weights|one_row", name)}
    assert not without
    assert callable(limits.limitation("row"))
