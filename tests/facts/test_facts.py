"""The attributes that type checkers know are the modules that answer them."""

import ast
import inspect
import pkgutil
from dataclasses import dataclass, is_dataclass
from importlib import import_module

import pytest

import envdoctor.facts
from envdoctor.core.errors import EnvDoctorError, FactUnavailable, UsageProblem
from envdoctor.core.request import Request
from envdoctor.executors.local import LocalExecutor
from envdoctor.facts import Facts

GROUPS = sorted(info.name for info in pkgutil.iter_modules(envdoctor.facts.__path__))


def declared():
    tree = ast.parse(inspect.getsource(envdoctor.facts))
    return {
        node.target.id: node.annotation.id
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign) and node.value is None and isinstance(node.target, ast.Name)
    }


def test_every_module_is_an_attribute_and_the_other_way_round():
    assert sorted(declared()) == GROUPS


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_is_a_frozen_dataclass_with_defaults_and_a_way_to_get_it(group):
    module = import_module(f"envdoctor.facts.{group}")
    kind = getattr(module, declared()[group])
    assert is_dataclass(kind)
    assert kind.__dataclass_params__.frozen
    assert hasattr(kind, "__slots__")
    assert sum(callable(getattr(module, way, None)) for way in ("collect", "derive", "ask")) == 1


def test_a_group_is_collected_once_and_only_when_read(monkeypatch):
    calls = []
    monkeypatch.setattr("envdoctor.facts.python.collect", lambda *_: calls.append(1) or "python")
    facts = Facts(Request(), LocalExecutor())
    assert calls == []
    assert facts.python == facts.python == "python"
    assert calls == [1]


def test_a_failure_is_remembered(monkeypatch):
    def fail(*_):
        calls.append(1)
        raise OSError(28, "No space left on device")

    calls = []
    monkeypatch.setattr("envdoctor.facts.host.collect", fail)
    facts = Facts(Request(), LocalExecutor())
    for _ in range(2):
        with pytest.raises(FactUnavailable, match=r"host: .*No space left on device"):
            facts.host  # noqa: B018  (reading it collects it)
    assert calls == [1]


def test_what_is_missing_below_a_group_is_missing_for_it():
    with pytest.raises(FactUnavailable, match="not given"):
        Facts(python=object()).packages  # noqa: B018  (the same)


def test_a_request_that_can_not_be_met_is_no_missing_fact(tmp_path):
    with pytest.raises(UsageProblem):
        Facts(Request(python=tmp_path / "none"), LocalExecutor()).natives  # noqa: B018  (the same)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gadget:
    """A group of somebody else's."""

    answer: int = 0


def collect(request, executor):
    return Gadget(answer=42)


class Host:
    """One that has the name of a group here."""


def test_a_group_of_a_compiler_is_had_by_its_class():
    facts = Facts(Request(), LocalExecutor())
    assert facts.of(Gadget).answer == 42
    assert facts.of(Gadget) is facts.of(Gadget)
    assert Facts(gadget=Gadget(answer=1)).of(Gadget).answer == 1
    with pytest.raises(FactUnavailable):
        Facts().of(Gadget)


def test_two_groups_of_one_name_are_told_apart():
    with pytest.raises(EnvDoctorError, match="another fact group 'host'"):
        Facts(host=object()).of(Host)
