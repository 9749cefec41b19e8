"""Rules about what a wheel requires beside what its code needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.support.requirement import required_name
from envdoctor.wheels.rules import Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.wheels.reviewed import ReviewedWheel

_IN_PYTHON = {
    "argparse": "3.2", "asyncio": "3.4", "contextvars": "3.7", "dataclasses": "3.7", "enum34": "3.4", "futures": "3.2",
    "hashlib": "2.5", "multiprocessing": "2.6", "ordereddict": "3.1", "pathlib": "3.4", "ssl": "2.6",
    "statistics": "3.4", "typing": "3.5", "uuid": "2.5", "wsgiref": "2.5",
}  # fmt: skip
_FOR_DEVELOPERS = {
    "black", "build", "coverage", "flake8", "isort", "mypy", "nose", "pre-commit", "pylint", "pytest", "pytest-cov",
    "ruff", "sphinx", "tox", "twine", "wheel",
}  # fmt: skip
_WINDOWS, _LINUX, _MAC = ("win32", "Windows", "nt"), ("linux", "Linux", "posix"), ("darwin", "Darwin", "posix")
_SYSTEMS = {
    **dict.fromkeys(("windows", "win", "win32", "win64", "nt"), _WINDOWS),
    **dict.fromkeys(("macos", "macosx", "mac", "osx", "darwin"), _MAC),
    **dict.fromkeys(("linux", "linux2"), _LINUX),  # linux2 was Python 2's
}
#: How processors are miswritten in markers, and how each system calls them.
_ON_WINDOWS = {"x86_64": "AMD64", "amd64": "AMD64", "arm64": "ARM64", "aarch64": "ARM64"}
_ON_MACS = {"aarch64": "arm64", "ARM64": "arm64", "amd64": "x86_64", "AMD64": "x86_64"}
_ON_LINUX = {"arm64": "aarch64", "ARM64": "aarch64", "amd64": "x86_64", "AMD64": "x86_64"}
_MACHINES = {
    "win32": _ON_WINDOWS, "Windows": _ON_WINDOWS, "nt": _ON_WINDOWS, "darwin": _ON_MACS, "Darwin": _ON_MACS,
    "linux": _ON_LINUX, "Linux": _ON_LINUX,
}  # fmt: skip
_VERSION_WITH_PATCH, _ONE_NUMBER = re.compile(r"\d+\.\d+\.\d+"), re.compile(r"\d+")
_VARIABLES = ("sys_platform", "platform_system", "os_name")
#: Values of other variables of markers, as PEP 508's have them, by how they are miswritten.
_IMPLEMENTATIONS = {
    "platform_python_implementation": {"cpython": "CPython", "pypy": "PyPy"},
    "implementation_name": {"CPython": "cpython", "PyPy": "pypy", "Cpython": "cpython"},
}
_EQUAL = re.compile(r"\b(\w+)\s*==\s*(['\"])([^'\"]+)\2")
_LOCAL = re.compile(r"===?\s*[0-9][^,;+]*\+")


@rule("requires-part-of-python", fix="Require it for the Pythons that need it alone: `; python_version < '3.4'`.")
def requires_python_parts(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A requirement, for every Python, of what Python itself has had for long: an old copy is installed beside it.

    enum34 and typing have broken Pythons so; pip can't build futures on Python 3.
    """
    found = tuple(
        line
        for line in wheel.contents.metadata.requires
        if ";" not in line and required_name(line) in _IN_PYTHON and f"py{_major(wheel)}" != "py2"
    )
    if found:
        names = [f"{required_name(line)} (in Python since {_IN_PYTHON[required_name(line) or '']})" for line in found]
        yield Sighting(message=f"requires for every Python what Python has: {listed(names)}", files=found)


def _major(wheel: ReviewedWheel) -> str:
    """2 for a wheel of Python 2 alone."""
    return "2" if all(tag.interpreter[2:3] == "2" for tag in wheel.tags) else "3"


@rule("requires-tool-of-developers", fix="Move it into an extra, or into a dependency group.")
def requires_tools(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A requirement, for every user, of what tests, checks or builds a project; a plug-in of such a tool needs it."""
    found = tuple(
        line
        for line in wheel.contents.metadata.requires
        if required_name(line) in _FOR_DEVELOPERS
        and "extra" not in line.partition(";")[2]
        and required_name(line).partition("-")[0] not in wheel.name
    )
    if found:
        message = f"requires for every user what developers use: {listed(found)}"
        yield Sighting(message=message, files=found, severity=Severity.INFO)


@rule("requires-local-version", fix="Require the version without what stands after the `+`.")
def requires_local_version(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A requirement of a local version, as `torch==2.0.0+cu118`: PyPI has none, so that it can't be installed there."""
    found = tuple(line for line in wheel.contents.metadata.requires if _LOCAL.search(line.partition(";")[0]))
    if found:
        yield Sighting(message=f"requires local versions, which PyPI has none of: {listed(found)}", files=found)


@rule("requires-itself", fix="Leave it out, or name the extra of its own that is meant: `NAME[EXTRA]`.")
def requires_itself(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A requirement of the very distribution, without an extra: mostly the name of another one is meant."""
    from packaging.utils import canonicalize_name

    found = tuple(
        line
        for line in wheel.contents.metadata.requires
        if canonicalize_name(required_name(line) or "") == wheel.name and "[" not in line.partition(";")[0]
    )
    if found:
        yield Sighting(message=f"requires itself: {listed(found)}", files=found)


@rule("marker-never-true", fix="Write `sys_platform == 'win32'`, `platform_system == 'Windows'` or `os_name == 'nt'`.")
def marker_never_true(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A marker with a value that its variable never has, as `sys_platform == 'windows'`: it is never required.

    Processors are called differently by each system (Windows has AMD64, macOS arm64, Linux aarch64), python_version has
    two numbers, and of two extras at once none is asked. What a marker has beside an `or` is not looked at.
    """
    for line in wheel.contents.metadata.requires:
        marker = line.partition(";")[2]
        equal = [(variable, value) for variable, _, value in _EQUAL.findall(marker)] if " or " not in marker else []
        machines = {one: meant for _, value in equal for one, meant in _MACHINES.get(value, {}).items()}
        extras = sorted({value for variable, value in equal if variable == "extra"})
        if len(extras) > 1:
            message = f"nobody asks for the extra {extras[0]} and {extras[1]} as one, so that this is required nowhere"
            yield Sighting(message=f"{message}: {line}", files=(line,))
        for variable, value in equal:
            meant = machines.get(value, "") if variable == "platform_machine" else _meant(variable, value)
            if meant and meant != value:
                message = (
                    f"{variable} is never {value!r} ({meant!r} is meant?), so that this is required nowhere: {line}"
                )
                yield Sighting(message=message, files=(line,))


def _meant(variable: str, value: str) -> str:
    """The value of a marker's variable that somebody means; "" if that is not known."""
    if variable in _VARIABLES:
        values = _SYSTEMS.get(value.lower(), ())
        return "" if not values else values[_VARIABLES.index(variable)]
    if variable == "python_version":
        if _VERSION_WITH_PATCH.fullmatch(value):
            return value.rpartition(".")[0]
        return f"{value}.*" if _ONE_NUMBER.fullmatch(value) else ""
    return _IMPLEMENTATIONS.get(variable, {}).get(value, "")


_WITHOUT_PATCH = re.compile(r"(===?|<=)\s*(\d+(?:\.\d+)?)")


@rule("python-patches-excluded", fix="Write `==3.11.*` or `<3.13`: 3.12.1 is more than 3.12.")
def patches_excluded(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Requires-Python names a version without its last number, as `<=3.12` or `==3.11`: 3.12.1 is shut out.

    Nearly every Python that somebody has is such a one, so that installers pass the wheel over.
    """
    said = wheel.contents.metadata.requires_python
    for part in said.split(","):
        if match := _WITHOUT_PATCH.fullmatch(part.strip()):
            message = f"Requires-Python {said!r} shuts out {match[2]}{'.0' * ('.' not in match[2])}.1 and all after it"
            yield Sighting(message=message, files=("Requires-Python",))
