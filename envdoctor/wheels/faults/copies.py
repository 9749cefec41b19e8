"""Rules about files that a wheel has twice, as when a build folder of an earlier build was packed with the package."""

from __future__ import annotations

import collections
import itertools
import posixpath
import re
import zlib
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.wheels.rules import Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.wheels.reviewed import ReviewedWheel

_FEW_MODULES = 3
_ALIKE = 0.8  # of a folder's modules
_MOST_COPIES = 20  # of one content; more are a placeholder, and say nothing of folders
_TYPING_MARKERS = {"py.typed"}
_SHORT_INIT = 1024  # bytes: a licence's head, a docstring
_BUILD_FOLDERS = re.compile(
    r"build|bdist.*|dist|lib|src|old|copy|backup|bak|tmp|temp|out|.*[-_. ](?:old|copy|bak|backup)"
)
_SAY_NOTHING = {
    (zlib.crc32(content), len(content))
    for content in (b"", b"\n", b"\r\n", b"# -*- coding: utf-8 -*-", b"# -*- coding: utf-8 -*-\n", b"partial\n")
}


@rule("package-twice", fix="Delete the build folder, and tell the build tool which packages belong into the wheel.")
def package_twice(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A folder whose modules are those of another folder: mostly `build/lib`, packed again with the package.

    Which of them `import` takes depends on the name, and a change in the one is not in the other.
    """
    modules = collections.Counter[str]()
    for path in wheel.installed.values():
        if path.endswith(".py"):
            modules.update(_folders_above(path))
    shared: dict[tuple[str, str], list[str]] = {}
    for paths in _alike(wheel).values():
        code = [path for path in paths if path.endswith(".py")]
        if len(code) <= _MOST_COPIES:
            for one, other in itertools.combinations(code, 2):
                shared.setdefault(_roots(one, other), []).append(other)
    for (first, second), files in sorted(shared.items(), key=lambda item: -len(item[1])):
        smaller = min(modules.get(first, 0), modules.get(second, 0))
        if smaller >= _FEW_MODULES and len(files) >= _ALIKE * smaller:
            message = f"{second or 'site-packages'}/ holds the modules of {first or 'site-packages'}/ once more"
            differing = set(first.split("/")) ^ set(second.split("/"))
            is_left = any(map(_BUILD_FOLDERS.fullmatch, differing))
            severity = Severity.WARNING if is_left else Severity.INFO  # else it may be meant
            yield Sighting(message=f"{message} ({len(files)} of them)", files=tuple(files), severity=severity)
            return


@rule("duplicate-files", fix="Leave in one of them, unless both places are meant.")
def duplicate_files(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Files with the same content at several places; empty ones and markers do not count."""
    groups = [
        paths for (_, size), paths in _alike(wheel).items() if size >= _SHORT_INIT or not all(map(_is_init, paths))
    ]
    if groups:
        largest = max(groups, key=len)
        more = f"; {len(groups) - 1} more such groups" if len(groups) > 1 else ""
        yield Sighting(
            message=f"the same content at {len(largest)} places: {listed(largest)}{more}",
            files=tuple(path for paths in groups for path in paths),
            severity=Severity.INFO,
        )


def _alike(wheel: ReviewedWheel) -> dict[tuple[int, int], list[str]]:
    """Paths by content, which the archive's directory tells by checksum and size."""
    found: dict[tuple[int, int], list[str]] = {}
    for name, path in wheel.installed.items():
        member = wheel.members[name]
        is_marker = posixpath.basename(path) in _TYPING_MARKERS
        if (member.crc, member.size) not in _SAY_NOTHING and not is_marker:
            found.setdefault((member.crc, member.size), []).append(path)
    return {key: paths for key, paths in found.items() if len(paths) > 1}


def _is_init(path: str) -> bool:
    return posixpath.basename(path).startswith("__init__.py")


def _folders_above(path: str) -> Iterator[str]:
    while path:
        path = posixpath.dirname(path)
        yield path


def _roots(one: str, other: str) -> tuple[str, str]:
    """The folders from which on two paths are alike: ("pkg", "build/lib/pkg") for a module of both."""
    left, right = one.split("/"), other.split("/")
    while len(left) > 1 and len(right) > 1 and left[-1] == right[-1]:
        left.pop()
        right.pop()
    if left[-1] != right[-1]:
        return "/".join(left), "/".join(right)  # files of other names
    return "/".join(left), "/".join(right)
