"""Versions of distributions as values: who makes them of a text, what they have, and how they compare.

Source: PEP 440 (as `packaging.version` has it), `distutils.version.LooseVersion`, `numpy.lib.NumpyVersion`.
"""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

from envdoctor.imports.events import What
from envdoctor.imports.values import UNKNOWN, Made

if TYPE_CHECKING:
    from collections.abc import Callable

    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine

_STRICT, _LOOSE = "packaging.version.Version", "distutils.version.LooseVersion"
_IN_PACKAGING = ("packaging.version.parse", _STRICT, "pkg_resources.parse_version", "numpy.lib.NumpyVersion")
_VENDORED = ("pkg_resources.extern.", "pkg_resources.", "setuptools.extern.", "setuptools._vendor.", "pip._vendor.")
#: What makes a version of a text, and which kind of it.
MAKERS = {
    **dict.fromkeys(_IN_PACKAGING, _STRICT),
    **{f"{above}packaging.version.{name}": _STRICT for above in _VENDORED for name in ("parse", "Version")},
    **dict.fromkeys((_LOOSE, "distutils.version.StrictVersion", "looseversion.LooseVersion"), _LOOSE),
}
#: Names by which modules tell their version.
TOLD = frozenset({"__version__", "VERSION", "version"})
_NUMBERS = re.compile(r"\d{1,8}(\.\d{1,8}){0,7}\Z")
_PLAIN = re.compile(r"\d+(\.\d+){1,2}\Z")
_HAS = frozenset({
    "release", "major", "minor", "micro", "base_version", "public", "local", "epoch", "is_prerelease",
    "is_postrelease", "is_devrelease", "pre", "post", "dev",
})  # fmt: skip
_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip


def version_made(maker: str, values: tuple[Any, ...]) -> Any:  # noqa: ANN401 - any value of Python
    """The version that is made of a text; UNKNOWN where the text is not known, or is none."""
    kind = MAKERS[maker]
    text = values[0] if len(values) == 1 else UNKNOWN
    made = Made(kind, (text,)) if isinstance(text, str) else UNKNOWN
    return UNKNOWN if made is UNKNOWN or _sorting(made) is None else made


def _sorting(value: Any) -> Any:  # noqa: ANN401
    """That by which a version is compared; None for what is no version."""
    if not isinstance(value, Made) or value.maker not in {_STRICT, _LOOSE}:
        return None
    text = value.arguments[0]
    if value.maker == _LOOSE:
        return [int(part) for part in text.split(".")] if _NUMBERS.match(text) else None
    try:
        return Version(text)
    except InvalidVersion:
        return None


def version_attribute(value: Made, name: str) -> Any:  # noqa: ANN401
    """An attribute of a version; None for what is no version, or is not known."""
    if value.maker == _LOOSE and name == "vstring":
        return value.arguments[0]
    return getattr(_sorting(value), name) if value.maker == _STRICT and name in _HAS else None


def text_of_version(value: Any) -> Any:  # noqa: ANN401
    """What `str` makes of a version; any other value as it is."""
    if not isinstance(value, Made) or _sorting(value) is None:
        return value
    return str(_sorting(value)) if value.maker == _STRICT else value.arguments[0]


def compared_versions(op: ast.cmpop, left: Any, right: Any) -> bool | None:  # noqa: ANN401
    """Whether a comparison of two versions holds; None where it is none, or not known."""
    kinds = {each.maker for each in (left, right) if isinstance(each, Made)}
    work = _ORDER.get(type(op))
    if kinds == {_LOOSE}:  # which compares with texts, too
        left, right = (Made(_LOOSE, (each,)) if isinstance(each, str) else each for each in (left, right))
    first, second = _sorting(left), _sorting(right)
    if len(kinds) != 1 or work is None or first is None or second is None:
        return None
    return work(first, second)


def version_told(text: str, module: str, name: str, version: str) -> str:
    """The version that a module of a distribution tells under a name; "" where that is not known.

    A text of its own that is known decides; where it is worked out, or native code tells it, it is taken to be that of
    the distribution.

    Args:
        text: what the module certainly binds the name to; "" where that is not known.
        module: its absolute name.
        name: the name that it is asked for.
        version: of the distribution.
    """
    is_its_own = "." not in module and name == "__version__" and _PLAIN.match(version)
    return text or (version if is_its_own else "")


def told_version(machine: Machine, module: str, name: str, state: State) -> Any:  # noqa: ANN401
    """The version that a module of another distribution tells under a name; UNKNOWN where that is not known."""
    distribution, text = machine.site.told_version(module, name) if name in TOLD else ("", "")
    if not text:
        return UNKNOWN
    machine.emit(What.ASK, distribution, state, name=text)
    return text
