"""Requirements, markers and specifiers: answered at once where they are plain, by `packaging` where they are not.

Importing `packaging` takes as long as judging every requirement of a large environment, and nearly all that stands in
metadata is a name, bounds of plain numbers and at most one comparison of a marker. What these few lines don't recognise
as such, they hand on; what they answer is what `packaging` answers (PEP 440 and PEP 508; a property test holds them
against it).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_BOUND = r"(?:~=|==|!=|<=|>=|<|>)\s*\d+(?:\.\d+)*(?:\.\*)?"
_REQUIREMENT = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*"
    r"(?:\[(?P<extras>\s*[A-Za-z0-9_-]+(?:\s*,\s*[A-Za-z0-9_-]+)*\s*)\]\s*)?"
    rf"(?P<open>\()?\s*(?P<specifier>(?:{_BOUND}(?:\s*,\s*{_BOUND})*)?)\s*(?(open)\))\s*"
    r"(?:;\s*(?P<marker>.*\S))?\s*",
    re.ASCII,
)
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", re.ASCII)
_SEPARATORS = re.compile(r"[-_.]+")
_CLAUSE = re.compile(r"\s*(~=|==|!=|<=|>=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?\s*", re.ASCII)
_RELEASE = re.compile(r"\d+(?:\.\d+)*", re.ASCII)
_COMPARISON = re.compile(r"(\w+)\s*(==|!=|<=|>=|<|>)\s*([\"'])([^\"']*)\3")
_WORDS = frozenset(
    {"sys_platform", "os_name", "platform_system", "platform_machine", "implementation_name"}
    | {"platform_python_implementation"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedRequirement:
    """A requirement in parts; `specifier` and `marker` are text, empty where there is none."""

    name: str
    extras: tuple[str, ...] = ()
    specifier: str = ""
    marker: str = ""


def parse_requirement(text: str) -> ParsedRequirement:
    """Take a requirement apart.

    Raises:
        ValueError: it is none as PEP 508 has it (`packaging.requirements.InvalidRequirement`).
    """
    match = _REQUIREMENT.fullmatch(text)
    if match:
        extras = tuple(sorted({one.strip() for one in (match["extras"] or "").split(",")} - {""}))
        return ParsedRequirement(
            name=match["name"], extras=extras, specifier=match["specifier"], marker=match["marker"] or ""
        )
    from packaging.requirements import Requirement

    parsed = Requirement(text)
    return ParsedRequirement(
        name=parsed.name,
        extras=tuple(sorted(parsed.extras)),
        specifier=str(parsed.specifier),
        marker=str(parsed.marker or ""),
    )


def admits(specifier: str, version: str) -> bool:
    """Whether a version meets a specifier; a pre-release may, as it does for `pip check`.

    Raises:
        ValueError: one of the two is not as PEP 440 has it (`InvalidSpecifier`, `InvalidVersion`).
    """
    if not specifier:
        return True
    clauses = [_CLAUSE.fullmatch(text) for text in specifier.split(",")]
    if _RELEASE.fullmatch(version):
        have = tuple(map(int, version.split(".")))
        answers = [_meets(have, *clause.groups()) for clause in clauses if clause]
        if len(answers) == len(clauses) and None not in answers:
            return all(answers)
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    if "===" not in specifier:
        Version(version)  # some releases of packaging call an invalid version one that does not match
    return SpecifierSet(specifier).contains(version, prereleases=True)


def _meets(have: tuple[int, ...], operator: str, bound_text: str, any_end: str | None) -> bool | None:
    """Compare plain releases; None where that is not allowed."""
    bound = tuple(map(int, bound_text.split(".")))
    if any_end:
        same = _padded(have, len(bound))[: len(bound)] == bound
        return {"==": same, "!=": not same}.get(operator)
    length = max(len(have), len(bound))
    mine, theirs = _padded(have, length), _padded(bound, length)
    if operator == "~=":
        return None if len(bound) == 1 else mine >= theirs and mine[: len(bound) - 1] == bound[:-1]
    return {
        "==": mine == theirs,
        "!=": mine != theirs,
        "<=": mine <= theirs,
        ">=": mine >= theirs,
        "<": mine < theirs,
        ">": mine > theirs,
    }[operator]


def _padded(release: tuple[int, ...], length: int) -> tuple[int, ...]:
    return release + (0,) * (length - len(release))


def holds(marker: str, environment: Mapping[str, str]) -> bool:
    """Whether a marker is true.

    Args:
        marker: its text; an empty one is true.
        environment: all variables, `extra` among them, which is empty where no extra is asked for.

    Raises:
        ValueError: it is none as PEP 508 has it (`packaging.markers.InvalidMarker`).
    """
    if not marker:
        return True
    match = _COMPARISON.fullmatch(marker)
    if match:
        name, operator, _, value = match.groups()
        if name == "python_version" and _RELEASE.fullmatch(value):
            return admits(operator + value, environment[name])
        if name in _WORDS and operator in {"==", "!="} and not value[:1].isdigit():
            return (environment[name] == value) is (operator == "==")
    from packaging.markers import Marker

    return Marker(marker).evaluate(dict(environment))


def normal_name(name: str) -> str:
    """The form of a distribution's name that is compared (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


def required_name(line: str) -> str:
    """The name that a requirement begins with, in the form that is compared; empty if it begins with none."""
    match = _NAME.match(line)
    return normal_name(match[1]) if match else ""
