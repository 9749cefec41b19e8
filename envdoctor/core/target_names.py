"""Names of targets, as typed and as printed: ``macos-arm64-cp311``, ``linux-aarch64-cp311-glibc2.36``, ``colab``.

A name is words joined by ``-`` in any order, each of which says one thing: system (with a version for macOS),
architecture, C library with version, Python. What is not said is taken from a base target. An alias of
data/targets.toml may stand first; the words behind it override it.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from envdoctor.core.data import load_table
from envdoctor.core.errors import UsageProblem
from envdoctor.core.target import Interpreter, Libc, Platform, System, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = "here"
_HINT = "Write it like macos-arm64-cp311, linux-aarch64-cp311-glibc2.36, windows-amd64, colab or here."
_SYSTEM = re.compile(r"([a-z]+?(?:32)?)(\d+)?(?:[._](\d+))?")
_LIBC = re.compile(r"(glibc|musl)(?:(\d+)[._](\d+))?")
_PYTHON = re.compile(r"(cp|cpython|py|python|pp|pypy)?(\d)[._]?(\d{1,2})(?:\.(\d+))?(t)?")
_UNSAID = Interpreter(version=(0, 0))
_SPLIT_VERSION = re.compile(r"\b(mac|macos|macosx|osx|darwin)-(\d+(?:\.\d+)?)(?=-|$)")
_RANGE = re.compile(r"3\.(\d+)-3\.(\d+)")


@dataclass(slots=True)
class _Said:
    """What a name says, word by word."""

    system: System | None = None
    version: tuple[int, int] | None = None
    libc: Libc | None = None
    arch: str | None = None
    python: Interpreter | None = None


def parse_target(text: str, base: Target) -> Target:
    """The target that a name means.

    Args:
        text: the name; ``here`` is `base`.
        base: gives the platform or the Python that the name leaves out.

    Raises:
        UsageProblem: a word is not known, or the words contradict each other.
    """
    said = _read(text)
    platform = base.platform if said.system is None and said.arch is None else _platform(text, said, base.platform)
    if said.system is None and said.libc is not None:
        platform = _versioned(replace(platform, libc=said.libc), said)
    return Target(platform=platform, interpreter=said.python or base.interpreter)


def parse_columns(names: str, pythons: tuple[Interpreter, ...], base: Target) -> tuple[Target, ...]:
    """The targets that a list of names means: a name that says its Python once, another once for each of `pythons`.

    Raises:
        UsageProblem: a name is not understood, or the list is empty.
    """
    found: list[Target] = []
    for name in filter(None, re.split(r"[,\s]+", names)):
        target = parse_target(name, replace(base, interpreter=_UNSAID))
        said = target.interpreter != _UNSAID
        found += [target] if said else [replace(target, interpreter=python) for python in pythons]
    if not found:
        raise UsageProblem(f"{names!r} names no platform. {_HINT}")
    return tuple(dict.fromkeys(found))


def parse_pythons(text: str) -> tuple[Interpreter, ...]:
    """The Pythons that a list names: ``3.11``, ``3.10-3.14``, ``cp313t,pp310``.

    Raises:
        UsageProblem: a word is no Python.
    """
    found: list[Interpreter] = []
    for word in filter(None, re.split(r"[,\s]+", text.strip().lower())):
        if match := _RANGE.fullmatch(word):
            found += [Interpreter(version=(3, minor)) for minor in range(int(match[1]), int(match[2]) + 1)]
        elif (python := _python(word)) is not None:
            found.append(python)
        else:
            raise UsageProblem(f"{word!r} is no Python; write 3.11, 3.10-3.14, cp313t or pp310.")
    if not found:
        raise UsageProblem(f"{text!r} names no Python; write 3.11, 3.10-3.14, cp313t or pp310.")
    return tuple(dict.fromkeys(found))


def target_name(target: Target) -> str:
    """The printed name, which `parse_target` reads back: a version is left out where it is the default."""
    return platform_name(target.platform, target.interpreter.name)


def platform_name(platform: Platform, python: str = "") -> str:
    """The printed name of a platform; with a Python's name in its place if one is given."""
    system, tail = platform.system.value, ""
    if platform.version is not None and (platform.version != _default_version(platform) or platform.libc is Libc.MUSL):
        version = f"{platform.version[0]}.{platform.version[1]}"
        system += version if platform.libc is None else ""
        tail = f"{platform.libc.value}{version}" if platform.libc else ""
    return "-".join(filter(None, (system, platform.arch, python, tail)))


def default_platform(system: System, arch: str, libc: Libc | None = None) -> Platform:
    """A platform in the version that a bare name stands for."""
    if system is System.LINUX:
        libc = libc or Libc.GLIBC
    platform = Platform(system=system, arch=arch, libc=libc)
    return replace(platform, version=_default_version(platform))


def _read(text: str) -> _Said:
    said = _Said()
    for word in _words(text.strip().lower()):
        _read_word(word, text, said)
    return said


def _words(text: str) -> Iterator[str]:
    aliases: dict[str, str] = load_table("targets")["aliases"]
    known = [name for name in aliases if text == name or text.startswith(f"{name}-")]
    if known:
        alias = max(known, key=len)
        yield from aliases[alias].split("-")
        text = text[len(alias) :]
    yield from (word for word in _SPLIT_VERSION.sub(r"\1\2", text).split("-") if word and word != HERE)


def _read_word(word: str, name: str, said: _Said) -> None:
    if match := _LIBC.fullmatch(word):
        said.libc = Libc(match[1])
        said.version = (int(match[2]), int(match[3])) if match[2] else None
    elif (python := _python(word)) is not None:
        said.python = python
    elif any(word == arch or word in spellings for _, arch, spellings in _architectures()):
        said.arch = word
    elif (match := _SYSTEM.fullmatch(word)) and match[1] in load_table("targets")["systems"]:
        said.system = System(load_table("targets")["systems"][match[1]])
        if match[2] and said.system is System.MACOS:
            said.version = (int(match[2]), int(match[3] or 0))
    else:
        where = f" in {name!r}" if word != name else ""
        message = f"{word!r}{where} is no system, architecture, C library or Python"
        raise UsageProblem(f"{message}; {_nearest(name)}" if _nearest(name) else f"{message}. {_HINT}")


def _nearest(name: str) -> str:
    """A question for the alias that was meant; empty if none is near."""
    near = difflib.get_close_matches(name.strip().lower(), load_table("targets")["aliases"], n=1, cutoff=0.75)
    return f"did you mean {near[0]}?" if near else ""


def _python(word: str) -> Interpreter | None:
    match = _PYTHON.fullmatch(word)
    if match is None or match[2] not in "23":
        return None
    return Interpreter(
        implementation="pp" if (match[1] or "").startswith("pp") or match[1] == "pypy" else "cp",
        version=(int(match[2]), int(match[3])),
        patch=int(match[4]) if match[4] else None,
        free_threaded=bool(match[5]),
    )


def _platform(name: str, said: _Said, base: Platform) -> Platform:
    system = said.system or (System.LINUX if said.libc else base.system)
    arch = said.arch or base.arch
    for owner, official, spellings in _architectures():
        if owner is system and (arch == official or arch in spellings):
            break
    else:
        known = ", ".join(official for owner, official, _ in _architectures() if owner is system)
        raise UsageProblem(f"{name!r}: {system.value} has no architecture {arch!r}; known are {known}.")
    if said.libc is not None and system is not System.LINUX:
        raise UsageProblem(f"{name!r}: {said.libc.value} is a C library of Linux, not of {system.value}.")
    return _versioned(default_platform(system, official, said.libc), said)


def _versioned(platform: Platform, said: _Said) -> Platform:
    return replace(platform, version=said.version or _default_version(platform))


def _default_version(platform: Platform) -> tuple[int, int] | None:
    key = platform.libc.value if platform.libc else platform.system.value
    text = load_table("targets")["defaults"].get(key)
    if text is None:
        return None
    major, _, minor = text.partition(".")
    return int(major), int(minor)


def _architectures() -> Iterator[tuple[System, str, list[str]]]:
    table: dict[str, Any] = load_table("targets")["architectures"]
    for system, architectures in table.items():
        for official, spellings in architectures.items():
            yield System(system), official, spellings
