"""A report as JSON, for programs; docs/report-schema.json says what stands where.

Every field is always there. What a value says of itself (a route's `verdict`, an attempt's `succeeded`) stands among
its fields, so that no reader has to know how it is told. The text is ASCII: any stream and any locale can take it.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.core.report import Report


def render(report: Report, *, indent: int | None = 2) -> str:
    """The report as one JSON document without a line feed at its end.

    Args:
        report: secrets are hidden in it already.
        indent: spaces per level; None for a single line.
    """
    return encode(report, indent=indent)


def encode(value: object, *, indent: int | None = 2) -> str:
    """Any value of the core as a JSON document, as `render` writes a report."""
    return json.dumps(_document(value), indent=indent, allow_nan=False).replace("\x7f", "\\u007f")


def _document(value: object) -> object:
    """A value as a whole document: what a program asks first stands first, and all findings in one flat list."""
    members = plain(value)
    if not isinstance(members, dict) or "schema" not in members:
        return members
    first = {"schema_version": members["schema"]}
    if hasattr(value, "all_findings"):
        first["summary"] = members["summary"]
        first["findings"] = members["findings"] = plain(value.all_findings)
    return {**first, **members}


def plain(value: object) -> object:
    r"""A value as JSON has it: dataclasses as objects, enums by name, paths as texts, sets sorted.

    A number that JSON can't hold is the text `nan`, `inf` or `-inf`; a byte of a file name that is no UTF-8 is an
    escape (`\udcff`).
    """
    if value is None or isinstance(value, (bool, int, float, str, enum.Enum, PurePath)):
        return _scalar(value)
    if dataclasses.is_dataclass(value):
        return {name: plain(getattr(value, name)) for name in (*_fields(value), *properties(type(value)))}
    if isinstance(value, Mapping):
        return {str(_scalar(key)): plain(one) for key, one in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((plain(one) for one in value), key=str)
    return [plain(one) for one in value] if isinstance(value, (tuple, list)) else _scalar(str(value))


def properties(kind: type) -> Iterable[str]:
    """The properties of a dataclass that are told beside its fields: those of a single value.

    Those that return many repeat what stands elsewhere in the report.
    """
    found = {name: one for base in kind.__mro__ for name, one in vars(base).items() if isinstance(one, property)}
    return (
        name for name, one in found.items() if one.fget and not str(one.fget.__annotations__["return"]).endswith("]")
    )


def _fields(value: object) -> Iterable[str]:
    return (field.name for field in dataclasses.fields(value))  # type: ignore[arg-type]  # the caller has looked


def _scalar(value: object) -> object:
    if isinstance(value, enum.Enum):
        return value.value if isinstance(value.value, str) else value.name.lower()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, (str, PurePath)):
        return str(value).encode("utf-8", "backslashreplace").decode()
    return value
