"""Calls and classes that a newer version of another distribution refuses; the table is data/refused_calls.toml."""

from __future__ import annotations

import ast
import functools
from typing import TYPE_CHECKING, Any

from envdoctor.core.data import load_table
from envdoctor.imports.events import What
from envdoctor.imports.exceptions import Exc, Raised, built_in
from envdoctor.imports.removed_names import release_numbers
from envdoctor.imports.values import External, Function, Made, is_constant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine

#: Classes whose metaclass gives names of its own to no body: what a body asks for is what the module has.
BARE = frozenset({
    "pydantic.BaseModel", "pydantic.main.BaseModel", "marshmallow.Schema", "marshmallow.schema.Schema",
})  # fmt: skip
_LATE = "refused when it is called"
_MODELS = ("pydantic.BaseModel", "pydantic.main.BaseModel")
_ANNOTATED_ONLY = "2"
_LITERAL = (ast.Constant, ast.List, ast.Dict, ast.Set, ast.Tuple)


def refuse(
    machine: Machine,
    subject: Any,  # noqa: ANN401 - any value of Python
    arguments: tuple[Any, ...] | None,
    keywords: Mapping[str, Any],
    state: State,
) -> Made | None:
    """What a call returns that refuses to be called in its turn; None where nothing is known of it.

    Raises:
        Raised: the installed version certainly refuses this call.
    """
    if arguments is None:
        return None
    if isinstance(subject, Made) and subject.maker == _LATE:
        index, *_ = subject.arguments
        row = load_table("refused_calls")["refused"][index]
        wanted, function = row.get("parameters", ()), arguments[0] if arguments else None
        if not wanted or (isinstance(function, Function) and not _parameters(function).isdisjoint(wanted)):
            raise _refusal(machine, row, state)
        return None
    if isinstance(subject, External):
        for index, row in _rows_of(subject.name):
            if _is_refused(row, keywords) and _is_since(machine, row["of"], row["since"], row.get("until", "")):
                if row.get("late"):
                    return Made(_LATE, (index,))
                raise _refusal(machine, row, state)
    return None


def refuse_model(machine: Machine, node: ast.ClassDef, bases: Sequence[Any], state: State) -> None:
    """Models of pydantic 2 have no attributes without an annotation, and no `__root__`.

    Raises:
        Raised: this one has.
    """
    if not any(isinstance(each, External) and each.name in _MODELS for each in bases):
        return
    annotated = {
        each.target.id for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    }
    bare = {
        target.id
        for each in node.body
        if isinstance(each, ast.Assign) and isinstance(each.value, _LITERAL)
        for target in each.targets
        if isinstance(target, ast.Name) and not target.id.startswith(("_", "model_"))
    }
    is_bare = len(bases) == 1 and not bare <= annotated
    if ("__root__" in annotated or is_bare) and _is_since(machine, "pydantic", _ANNOTATED_ONLY):
        row = {"of": "pydantic", "since": _ANNOTATED_ONLY, "raises": "RuntimeError" if is_bare else "TypeError"}
        raise _refusal(machine, row, state)


@functools.cache
def _rows_of(name: str) -> tuple[tuple[int, dict[str, Any]], ...]:
    names = {name, f"{name.rpartition('.')[0]}."}
    rows = enumerate(load_table("refused_calls")["refused"])
    return tuple((index, row) for index, row in rows if not names.isdisjoint(row["calls"]))


def _is_refused(row: Mapping[str, Any], keywords: Mapping[str, Any]) -> bool:
    either = [keywords[each] for each in row.get("either", ()) if each in keywords]
    if row.get("known"):
        either = [each for each in either if each is not None and is_constant(each)]
    if "both" in row:
        first, second = (keywords.get(each) for each in row["both"])
        return first is True and isinstance(second, (str, int, float))
    is_without = all(keywords.get(each, False) is False for each in row.get("neither", ()))
    return bool(either) or ("either" not in row and is_without)


def _is_since(machine: Machine, of: str, since: str, until: str = "") -> bool:
    """Whether the installed version is one of those, and the distribution's modules are what is imported."""
    have = release_numbers(machine.site.version_of(of))
    late = have >= release_numbers(until) if until else False
    return have >= release_numbers(since) and not late and not machine.escapes.finders


def _refusal(machine: Machine, row: Mapping[str, Any], state: State) -> Raised:
    event = machine.emit(What.ASK, row["of"], state, name=f"<{row['since']}", fails=True)
    return Raised(Exc(row["raises"], built_in(row["raises"]).kinds, complete=True, cause=event))


def _parameters(function: Function) -> frozenset[str]:
    spec = function.node.args
    return frozenset(each.arg for each in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs))
