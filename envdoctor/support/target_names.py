"""Names of targets, as typed and as printed: ``macos-arm64-cp311``, ``linux-aarch64-cp311-glibc2.36``, ``colab``.

A name is words joined by ``-`` or spaces in any order, each of which says one thing: system (with a version for
macOS), architecture, C library with version, Python. What is not said is taken from a base target. An alias of
data/targets.toml may stand first; the words behind it override it. A platform tag of a wheel is a name too.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from envdoctor.core.data import load_table
from envdoctor.core.errors import UsageProblem
from envdoctor.core.target import Interpreter, Libc, Platform, System, Target
from envdoctor.support.python_names import read_python

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = "here"
_HINT = "Write it like macos-arm64-cp311, linux-aarch64-cp311-glibc2.36, windows-amd64, colab or here."
_SYSTEM = re.compile(r"([a-z]+?(?:32)?)(\d+)?(?:[._](\d+))?")
_LIBC = re.compile(r"(glibc|musl)(?:(\d+)[._](\d+))?")
# Platform tags of wheels (PEP 600, PEP 656), as the names that they mean.
_TAGS = (
    (re.compile(r"manylinux_(\d+)_(\d+)_(\w+)"), r"linux-\3-glibc\1.\2"),
    (re.compile(r"musllinux_(\d+)_(\d+)_(\w+)"), r"linux-\3-musl\1.\2"),
    (re.compile(r"macosx_(\d+)_(\d+)_(\w+)"), r"macos\1.\2-\3"),
    (re.compile(r"win_(\w+)"), r"windows-\1"),
    (re.compile(r"manylinux2014_(\w+)"), r"linux-\1-glibc2.17"),
)
_UNSAID = Interpreter(version=(0, 0))
_SPLIT_VERSION = re.compile(r"\b(mac|macos|macosx|osx|darwin)-(\d+(?:\.\d+)?)(?=-|$)")


@dataclass(slots=True)
class _Said:
    """What a name says, word by word."""

    system: System | None = None
    version: tuple[int, int] | None = None
    libc: Libc | None = None
    arch: str | None = None
    python: Interpreter | None = None

    def say(self, what: str, value: object, name: str) -> None:
        """Takes one thing in; two that differ are no name."""
        known = getattr(self, what)
        if known not in {None, value}:
            words = " and ".join(str(getattr(one, "name", one)).lower() for one in (known, value))
            raise UsageProblem(f"{name!r} says both {words}; for several platforms, join their names by commas.")
        setattr(self, what, value)

    def over(self, other: _Said) -> _Said:
        """What this says, and what the other says of what this leaves open."""
        library = self if self.libc or self.version else other
        return _Said(
            system=self.system or other.system,
            version=library.version,
            libc=library.libc,
            arch=self.arch or other.arch,
            python=self.python or other.python,
        )


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
    for name in filter(None, map(str.strip, names.split(","))):
        target = parse_target(name, replace(base, interpreter=_UNSAID))
        said = target.interpreter != _UNSAID
        found += [target] if said else [replace(target, interpreter=python) for python in pythons]
    if not found:
        raise UsageProblem(f"{names!r} names no platform. {_HINT}")
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
    name = " ".join(text.lower().split()).replace(" ", "-")
    for shape, meant in _TAGS:
        if shape.fullmatch(name):
            name = shape.sub(meant, name)
            break
    alias, words = _split(name)
    return _said(words, text).over(_said(alias.split("-"), text))


def _split(name: str) -> tuple[str, list[str]]:
    """What the alias at the head of a name stands for, if there is one, and the words behind it."""
    aliases: dict[str, str] = load_table("targets")["aliases"]
    alias = max((one for one in aliases if name == one or name.startswith(f"{one}-")), key=len, default="")
    rest = _SPLIT_VERSION.sub(r"\1\2", name.removeprefix(alias))
    return aliases.get(alias, ""), rest.split("-")


def _said(words: list[str], name: str) -> _Said:
    said = _Said()
    for word in words:
        if word not in {"", HERE}:
            _read_word(word, name, said)
    return said


def _read_word(word: str, name: str, said: _Said) -> None:
    systems: dict[str, str] = load_table("targets")["systems"]
    if match := _LIBC.fullmatch(word):
        said.say("libc", Libc(match[1]), name)
        if match[2]:
            said.say("version", (int(match[2]), int(match[3])), name)
    elif (python := read_python(word)) is not None:
        said.say("python", python, name)
    elif word in _arch_words():
        said.say("arch", word, name)
    elif (match := _SYSTEM.fullmatch(word)) and match[1] in systems:
        said.say("system", System(systems[match[1]]), name)
        if match[2] and said.system is System.MACOS:
            said.say("version", (int(match[2]), int(match[3] or 0)), name)
    else:
        where = f" in {name!r}" if word != name.lower() else ""
        message = f"{word!r}{where} is no system, architecture, C library or Python"
        near = _nearest(word, name)
        raise UsageProblem(f"{message}; did you mean {near}?" if near else f"{message}. {_HINT}")


def _nearest(word: str, name: str) -> str:
    """What may have been meant: aliases like the name, else the name with a word like the unknown one."""
    name, aliases = name.strip().lower(), load_table("targets")["aliases"]
    of_the_kind = [one for one in aliases if one.startswith(f"{word}-")]
    near = difflib.get_close_matches(name, aliases, n=1, cutoff=0.9)
    near = near or difflib.get_close_matches(name, of_the_kind or aliases, n=3, cutoff=0.0 if of_the_kind else 0.75)
    if not near:
        known = (*load_table("targets")["systems"], *_arch_words())
        near = [name.replace(word, one) for one in difflib.get_close_matches(word, known, n=1, cutoff=0.75)]
    return " or ".join(near)


def _arch_words() -> frozenset[str]:
    """Every spelling of every architecture."""
    return frozenset(word for _, arch, spellings in _architectures() for word in (arch, *spellings))


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
