"""Requirements, markers and specifiers: answered at once where they are plain, by `packaging` where they are not.

Importing `packaging` takes as long as judging every requirement of a large environment, and nearly all that stands in
metadata is a name, bounds of plain numbers and at most one comparison of a marker. What these few lines don't recognise
as such, they hand on; what they answer is what `packaging` answers (PEP 440 and PEP 508; a property test holds them
against it).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.requirements import Requirement

_BOUND = r"(?:~=|==|!=|<=|>=|<|>)\s*\d+(?:\.\d+)*(?:\.\*)?"
_REQUIREMENT = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*"
    r"(?:\[(?P<extras>\s*[A-Za-z0-9_-]+(?:\s*,\s*[A-Za-z0-9_-]+)*\s*)\]\s*)?"
    rf"(?P<open>\()?\s*(?P<specifier>(?:{_BOUND}(?:\s*,\s*{_BOUND})*)?)\s*(?(open)\))\s*"
    r"(?:;\s*(?P<marker>.*\S))?\s*",
    re.ASCII,
)
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)", re.ASCII)
#: PEP 508, "Names"; no index takes a longer one, nor a longer version.
_PROJECT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?", re.ASCII)
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,127}", re.ASCII)
_VERSIONS = re.compile(rf"(?:(?:~=|===?|!=|<=?|>=?|=)\s*{_VERSION.pattern}(?:\.\*)?(?:\s*,\s*(?!$))?)*", re.ASCII)
#: A number that no version has, and that Python refuses to read from 4,301 digits on.
_ENDLESS = re.compile(r"\d{1000}", re.ASCII)
_LONGEST = 100_000
_OF_EXTRA = re.compile(r";.*\bextra\s*==")
_SEPARATORS = re.compile(r"[-_.]+")
_CLAUSE = re.compile(r"\s*(~=|==|!=|<=|>=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?\s*", re.ASCII)
_NUMBERS = re.compile(r"(?<![\w.])\d+(?:\.\d+)*", re.ASCII)
_RELEASE = re.compile(r"\d+(?:\.\d+)*", re.ASCII)
_COMPARISON = re.compile(r"(\w+)\s*(==|!=|<=|>=|<|>)\s*([\"'])([^\"']*)\3")
_WORDS = frozenset(
    {"sys_platform", "os_name", "platform_system", "platform_machine", "implementation_name"}
    | {"platform_python_implementation"}
)


@frozen
class ParsedRequirement:
    """A requirement in parts; `specifier`, `marker` and `url` (PEP 508, `name @ URL`) are empty where there is none."""

    name: str
    extras: tuple[str, ...] = ()
    specifier: str = ""
    marker: str = ""
    url: str = ""


def parse_requirement(text: str) -> ParsedRequirement:
    """Take a requirement apart.

    Raises:
        ValueError: it is not valid (PEP 508) (`packaging.requirements.InvalidRequirement`), is nested too deeply
            or too long, or has a number that no version has.
    """
    _check_size(text)
    match = _REQUIREMENT.fullmatch(text)
    if match:
        extras = tuple(sorted({one.strip() for one in (match["extras"] or "").split(",")} - {""}))
        return ParsedRequirement(
            name=match["name"], extras=extras, specifier=match["specifier"], marker=match["marker"] or ""
        )
    parsed = read_requirement(text)
    return ParsedRequirement(
        name=parsed.name,
        extras=tuple(sorted(parsed.extras)),
        specifier=str(parsed.specifier),
        marker=str(parsed.marker or ""),
        url=parsed.url or "",
    )


def read_requirement(text: str) -> Requirement:
    """A requirement as `packaging` has it; see `parse_requirement` for what it raises."""
    from packaging.requirements import Requirement

    _check_size(text)
    try:
        return Requirement(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _check_size(text: str) -> None:
    if len(text) > _LONGEST:
        raise ValueError(f"it has more than {_LONGEST:,} characters")
    if _ENDLESS.search(text):
        raise ValueError("it has a number of more than 1,000 digits")


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


def admit_both(specifier: str, other: str) -> bool:
    """Whether some version could meet two specifiers: one that stands in them, the next behind it, or the first of all.

    Returns:
        False too for what is no specifier.
    """
    both = f"{specifier},{other}" if specifier and other else specifier or other
    bounds = _NUMBERS.findall(both)
    try:
        return any(admits(both, version) for bound in ("0", *bounds) for version in (bound, f"{bound}.0.0.1"))
    except ValueError:
        return False


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
        ValueError: it is not valid (PEP 508) (`packaging.markers.InvalidMarker`).
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

    try:
        return Marker(marker).evaluate(dict(environment))
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def is_project_name(text: str) -> bool:
    """Whether a text is a project's name (PEP 508)."""
    return _PROJECT.fullmatch(text) is not None


def is_version(text: str) -> bool:
    """Whether a text can be a version: of PEP 440, or of the time before it."""
    return _VERSION.fullmatch(text) is not None


def command_words(name: str, versions: str = "") -> tuple[str, ...]:
    """What a command says to name a project: the one place where names that others wrote become words of commands.

    Args:
        name: of the project.
        versions: what stands behind it: `==1.0`, `=1.0` as conda has it, `<2,>=1`.

    Returns:
        One word; none where the name is no project's name or the versions are none, since an option of the installer,
        a path or a URL in their place would be obeyed.
    """
    return (name + versions,) if is_project_name(name) and _VERSIONS.fullmatch(versions) else ()


def normal_name(name: str) -> str:
    """The form of a distribution's name that is compared (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


def is_of_extra(line: str) -> bool:
    """Whether a requirement holds only where an extra is asked for."""
    return bool(_OF_EXTRA.search(line))


def required_name(line: str) -> str:
    """The name that a requirement begins with, in the form that is compared; empty if it begins with none."""
    match = _NAME.match(line)
    return normal_name(match[1]) if match else ""
