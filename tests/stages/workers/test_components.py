import json

import pytest

from envdoctor.stages.workers.components import Components
from envdoctor.stages.workers.stage import Problem

KNOWN = (("Lowering not found", "torch-lowering-missing"),)


@pytest.fixture
def table(tmp_path):
    return Components(tmp_path / "rows.json", KNOWN)


def rows(tmp_path):
    return [
        (row["component"], row["status"], row.get("error")) for row in json.loads((tmp_path / "rows.json").read_text())
    ]


def fail(table, error, *more):
    with pytest.raises(Problem) as caught, table.step("export", "torch-export-failed", *more):
        raise error
    return caught.value


def test_a_process_that_dies_has_said_where_it_was(tmp_path, table):
    with table.step("model", "torch-factory-failed"):
        assert rows(tmp_path) == [("model", "running", None)]
    assert rows(tmp_path) == [("model", "ok", None)]


def test_an_error_is_the_components_problem_with_its_own_words(tmp_path, table):
    problem = fail(table, RuntimeError("no:\nbecause"))
    assert (problem.name, problem.message) == ("torch-export-failed", "RuntimeError: no: because")
    assert rows(tmp_path) == [("export", "failed", "RuntimeError: no:\nbecause")]


def test_a_known_error_has_its_own_problem(table):
    assert fail(table, RuntimeError("Lowering not found: aten.x")).name == "torch-lowering-missing"


def test_code_that_leaves_the_process_is_an_error_too(table):
    assert fail(table, SystemExit(3)).message == "SystemExit: 3"
    assert fail(table, KeyboardInterrupt()).message == "KeyboardInterrupt"


def test_a_problem_stays_itself(tmp_path, table):
    assert fail(table, Problem("torch-not-a-module", "it returns None.")).name == "torch-not-a-module"
    assert rows(tmp_path)[0][2] == "it returns None."


def test_where_an_error_came_from_tells_which_component_it_was(tmp_path, table):
    fail(table, RuntimeError("x"), ("litert_torch/backend/", "conversion"))
    assert [row[:2] for row in rows(tmp_path)] == [("export", "ok"), ("conversion", "failed")]
    fail(table, RuntimeError("x"), ("test_components", "conversion"))
    assert rows(tmp_path)[-1][:2] == ("export", "failed")


def test_a_bug_of_ours_stays_one(table):
    with pytest.raises(KeyError), table.step("flatbuffer"):
        raise KeyError("x")
