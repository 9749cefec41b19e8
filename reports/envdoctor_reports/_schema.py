"""The JSON Schema (draft 2020-12) of what the format `json` writes, made from the types and their docstrings."""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import importlib
import inspect
import re
import sys
import types
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.core.asked import AskedReport
from envdoctor.core.availability import Matrix
from envdoctor.core.bisect import BisectReport
from envdoctor.core.finding import Finding
from envdoctor.core.fixing import FixReport
from envdoctor.core.guard import GuardReport
from envdoctor.core.holdings import HoldingTable
from envdoctor.core.inspection import Inspection
from envdoctor.core.lock import Lock
from envdoctor.core.repair import RepairReport
from envdoctor.core.report import Report
from envdoctor.core.sweep import History, SweepReport
from envdoctor_reports.json import properties

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, Any]

_PLAIN: dict[object, Schema] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Path: {"type": "string"},
    type(None): {"type": "null"},
    object: {},
}
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*(?:\n {8,}\S.*)*)", re.MULTILINE)


#: What commands print as JSON: the name of its schema, its type, and the commands that print it.
DOCUMENTS: Mapping[str, tuple[type, tuple[str, ...]]] = {
    "report": (Report, ("check", "routes", "build", "model", "report")),
    "matrix": (Matrix, ("matrix",)),
    "holdings": (HoldingTable, ("matrix --has",)),
    "inspection": (Inspection, ("inspect",)),
    "asked": (AskedReport, ("check -r",)),
    "fix": (FixReport, ("fix",)),
    "lock": (Lock, ("lock",)),
    "guard": (GuardReport, ("guard",)),
    "bisect": (BisectReport, ("bisect",)),
    "repair": (RepairReport, ("repair",)),
    "sweep": (SweepReport, ("sweep wheels", "sweep models", "sweep index", "sweep hosts")),
    "history": (History, ("history",)),
}


def schema(name: str) -> Schema:
    """The schema of a document.

    Args:
        name: a key of `DOCUMENTS`.
    """
    kind, _ = DOCUMENTS[name]
    definitions: dict[str, Schema] = {}
    root = _of(kind, definitions)
    document = definitions[kind.__name__]
    version = {"type": "integer", "description": "Raised when a field is taken away or changes its meaning."}
    findings = {
        "type": "array",
        "items": _of(Finding, definitions),
        "description": "All findings in one list, the worst first; what no probe found has a name and no code.",
    }
    document["properties"] = {"schema_version": version, **document["properties"], "findings": findings}
    document["required"] = list(document["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{name.capitalize()} of envdoctor",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _of(hint: Any, definitions: dict[str, Schema]) -> Schema:  # noqa: ANN401  (any annotation)
    if hint in _PLAIN:
        return dict(_PLAIN[hint])
    if not isinstance(hint, type) or typing.get_origin(hint) is not None:
        return _of_generic(hint, definitions)
    if hint.__name__ not in definitions:
        definitions[hint.__name__] = {}  # a type that holds itself finds its place taken
        definitions[hint.__name__] = _of_enum(hint) if issubclass(hint, enum.Enum) else _of_dataclass(hint, definitions)
    return {"$ref": f"#/$defs/{hint.__name__}"}


def _of_generic(hint: Any, definitions: dict[str, Schema]) -> Schema:  # noqa: ANN401  (the same)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return {"anyOf": [_of(one, definitions) for one in arguments]}
    if origin in {tuple, frozenset}:
        return {"type": "array", "items": _of(arguments[0], definitions)}
    if origin is collections.abc.Mapping:
        return {"type": "object", "additionalProperties": _of(arguments[1], definitions)}
    raise TypeError(f"a report can't hold {hint}: JSON has nothing for it")


def _of_dataclass(kind: type, definitions: dict[str, Schema]) -> Schema:
    hints = typing.get_type_hints(kind, localns=_names_in(kind))
    members = {field.name: _of(hints[field.name], definitions) for field in dataclasses.fields(kind)}
    attributes = {name: " ".join(text.split()) for name, text in _ATTRIBUTE.findall(inspect.getdoc(kind) or "")}
    for name in properties(kind):
        getter = inspect.getattr_static(kind, name).fget
        members[name] = _of(typing.get_type_hints(getter, localns=_names_in(kind))["return"], definitions)
        attributes[name] = _summary(getter)
    described = {
        name: {**member, "description": attributes[name]} if name in attributes else member
        for name, member in members.items()
    }
    return {"type": "object", "description": _summary(kind), "properties": described, "required": list(members)}


def _names_in(kind: type) -> dict[str, Any]:
    """The names that the annotations of a class may have: its module's, and those that this imports only for types."""
    found = vars(sys.modules[kind.__module__])
    if kind.__module__ == Report.__module__:
        for name in ("artifact", "file_identity", "goal", "model_report", "route"):
            found = vars(importlib.import_module(f"envdoctor.core.{name}")) | found
    return found


def _of_enum(kind: type[enum.Enum]) -> Schema:
    values = [one.value if isinstance(one.value, str) else one.name.lower() for one in kind]
    return {"enum": values, "description": _summary(kind)}


def _summary(documented: object) -> str:
    return (inspect.getdoc(documented) or "").partition("\n")[0]
