"""Groups for a delegate, against TensorFlow Lite's own way of finding them written down plainly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envdoctor.compilers.edgetpu.partition import delegate_groups
from graphs import Graph


def plainly(subgraph, supported):
    """As graph_info.cc does it: go over all operators again and again until a pass adds none."""
    made = {tensor for operator in subgraph.operators for tensor in operator.outputs}
    ready = set(range(len(subgraph.tensors))) - made
    left, groups = list(subgraph.operators), []
    while True:
        sort, group, busy = None, [], True
        while busy:
            busy = False
            for operator in list(left):
                waits = any(tensor not in ready for tensor in operator.inputs if tensor >= 0)
                if waits or (sort is not None and supported[operator.index] != sort):
                    continue
                sort = supported[operator.index]
                group.append(operator.index)
                ready.update(operator.outputs)
                left.remove(operator)
                busy = True
        if not group:
            return groups
        if sort:
            groups.append(sorted(group))


@st.composite
def graphs(draw):
    graph = Graph()
    made = [graph.input([1]), graph.input([1])]
    for _ in range(draw(st.integers(0, 25))):
        count = draw(st.integers(0, 3))
        inputs = [made[draw(st.integers(0, len(made) - 1))] for _ in range(count)]
        made.append(graph.op("X", [*inputs, -1]))
    subgraph = graph.subgraph()
    size = len(subgraph.operators)
    return subgraph, draw(st.lists(st.booleans(), min_size=size, max_size=size))


@pytest.mark.slow
@given(graphs())
def test_groups_are_those_of_tensorflow_lite(case):
    subgraph, supported = case
    assert delegate_groups(subgraph, supported) == plainly(subgraph, supported)


def test_a_branch_that_does_not_depend_on_the_cpu_belongs_to_the_first_group():
    graph = Graph()
    taken = graph.input([1])
    left = graph.op("BAD", [taken])
    graph.op("GOOD", [left])
    graph.op("GOOD", [taken])
    assert delegate_groups(graph.subgraph(), [False, True, True]) == [[1, 2]]


def test_what_comes_behind_the_cpu_is_another_group():
    graph = Graph()
    last = graph.op("GOOD", [graph.input([1])])
    last = graph.op("BAD", [last])
    graph.op("GOOD", [last])
    assert delegate_groups(graph.subgraph(), [True, False, True]) == [[0], [2]]


def test_operators_that_wait_for_each_other_are_in_no_group():
    graph = Graph()
    one, other = graph.tensor([1]), graph.tensor([1])
    graph.op("X", [other], outputs=[one])
    graph.op("X", [one], outputs=[other])
    assert delegate_groups(graph.subgraph(), [True, True]) == []
