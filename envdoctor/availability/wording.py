"""What wheels are there for, in words: tags as platforms and Pythons, versions as short lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.target import LEGACY_MANYLINUX, System
from envdoctor.support.text import read_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packaging.tags import Tag
    from packaging.version import Version

    from envdoctor.core.target import Platform, Target

_SHOWN = 6
_SHAPES = (
    (re.compile(r"manylinux_(?P<major>\d+)_(?P<minor>\d+)_(?P<arch>.+)"), "Linux {arch} (glibc {version})"),
    (re.compile(r"musllinux_(?P<major>\d+)_(?P<minor>\d+)_(?P<arch>.+)"), "Linux {arch} (musl {version})"),
    (re.compile(r"macosx_(?P<major>\d+)_(?P<minor>\d+)_(?P<arch>.+)"), "macOS {arch} ({version})"),
    (re.compile(r"linux_(?P<arch>.+)"), "Linux {arch}"),
    (re.compile(r"win_(?P<arch>.+)"), "Windows {arch}"),
    (re.compile(r"win32(?P<arch>)"), "Windows x86"),
)


def platform_words(tag: str) -> tuple[str, tuple[int, int]]:
    """A platform tag for people, ``Linux x86_64 (glibc {version})``, and the version to put in."""
    for name, alias in LEGACY_MANYLINUX.items():
        tag = tag.replace(f"{alias}_", f"manylinux_{name[0]}_{name[1]}_")
    for shape, words in _SHAPES:
        if match := shape.fullmatch(tag):
            said = match.groupdict()
            return words.replace("{arch}", said["arch"]), (int(said.get("major", 0)), int(said.get("minor", 0)))
    return tag, (0, 0)


def describe_platform(platform: Platform) -> str:
    """A target's platform for people: ``macOS arm64 (13.0)``, ``Linux x86_64 (glibc 2.28)``."""
    if platform.version is None:
        return f"Windows {platform.arch}"
    version = f"{platform.version[0]}.{platform.version[1]}"
    if platform.system is System.MACOS:
        return f"macOS {platform.arch} ({version})"
    return f"Linux {platform.arch} ({platform.libc.value if platform.libc else 'libc'} {version})"


def describe_python(target: Target) -> str:
    """``Python 3.11``, ``Python 3.13 without the lock``, ``PyPy 3.10``."""
    python = target.interpreter
    name = "PyPy" if python.implementation == "pp" else "Python"
    return f"{name} {python.short_version}{' free-threaded' if python.free_threaded else ''}"


def wheels_words(tags: frozenset[Tag], target: Target) -> str:
    """Why none of these tags is one of the target's: what is missing, platform, Python or both, and what is there.

    Both are said where both are missing: mending one alone would be a dead end.
    """
    platforms, pythons = set(target.platform.tags) | {"any"}, {(tag.interpreter, tag.abi) for tag in target.tags}
    here = {tag for tag in tags if tag.platform in platforms}
    ours = {tag for tag in tags if (tag.interpreter, tag.abi) in pythons}
    said = []
    if not here:
        said.append(f"none for {describe_platform(target.platform)}")
    if not ours:
        said.append(f"none for {describe_python(target)}")
    if here and ours:
        said.append(f"none for {describe_python(target)} on {describe_platform(target.platform)}")
    if here:
        said.append(f"on this platform for {pythons_words(here)} only")
    elif ours:
        said.append(f"for this Python on {', '.join(platforms_words(ours))} only{_newer(ours, target.platform)}")
    else:
        said.append(f"only for {pythons_words(tags)} on {', '.join(platforms_words(tags))}")
    return "; ".join(said)


def _newer(tags: Iterable[Tag], platform: Platform) -> str:
    """From which version of the same system on there is a wheel, if there is: a target's is often a guess."""
    own = {platform_words(tag)[0] for tag in platform.tags}
    found = (version for words, version in map(platform_words, {tag.platform for tag in tags}) if words in own)
    newer = [version for version in found if platform.version is not None and version > platform.version]
    if not newer:
        return ""
    major, minor = min(newer)
    return f", so from {platform.libc.value if platform.libc else 'macOS'} {major}.{minor} on"


def versions_words(versions: Sequence[Version], shown: int = _SHOWN) -> str:
    """A short list, newest first: ``2.3.0, 2.2.0 and 12 older``."""
    ordered = sorted(versions, reverse=True)
    text = ", ".join(map(str, ordered[:shown]))
    return f"{text} and {len(ordered) - shown} older" if len(ordered) > shown else text


def neighbours_words(wanted: Version, versions: Sequence[Version]) -> str:
    """The versions next below and next above, ``2.0.3 and 2.1.1``; ``none`` if there is neither.

    A pre-release is named only next to one, or where there is nothing else on its side.
    """
    below = [version for version in versions if version < wanted]
    above = [version for version in versions if version > wanted]
    nearest = ((max, below), (min, above))
    found = [str(choose(_preferred(wanted, side))) for choose, side in nearest if side]
    return " and ".join(found) or "none"


def _preferred(wanted: Version, versions: Sequence[Version]) -> Sequence[Version]:
    stable = [version for version in versions if not version.is_prerelease]
    return versions if wanted.is_prerelease else stable or versions


def platforms_words(tags: Iterable[Tag]) -> tuple[str, ...]:
    """Distinct platforms, each with the lowest version that some wheel asks for."""
    lowest: dict[str, tuple[int, int]] = {}
    for tag in tags:
        words, version = platform_words(tag.platform)
        lowest[words] = min(lowest.get(words, version), version)
    return tuple(words.replace("{version}", f"{major}.{minor}") for words, (major, minor) in sorted(lowest.items()))


def pythons_words(tags: Iterable[Tag]) -> str:
    """Distinct Pythons, oldest first: ``cp310, cp311, cp313t``; a stable ABI serves later ones too."""
    found = set()
    for tag in tags:
        if tag.abi == "abi3":
            found.add(f"{tag.interpreter}+")
        else:
            found.add(tag.abi if tag.abi.startswith(tag.interpreter) else tag.interpreter)
    return ", ".join(sorted(found, key=lambda name: (re.sub(r"\d.*", "", name), _number(name), name)))


def _number(name: str) -> tuple[int, int]:
    digits = re.search(r"(\d)(\d*)", name)
    return (int(digits[1]), read_number(digits[2] or "0")) if digits else (0, 0)
