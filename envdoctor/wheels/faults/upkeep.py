"""Rules about what does no harm in use, and is worth a look before a wheel is published: all of them make notes."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.binaries.debug_sections import debug_bytes
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Severity
from envdoctor.support.text import plural, size
from envdoctor.wheels.rules import Part, Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.wheels.reviewed import ReviewedWheel

_OF_REPOSITORIES = re.compile(
    r"(?:.*/)?(?:\.git(?:ignore|attributes|modules|keep|pod\.yml|lab-ci\.yml)|\.hgignore|\.hgtags|\.editorconfig"
    r"|\.pre-commit-config\.yaml|\.?(?:appveyor|azure-pipelines|cirrus|codecov|vsts-ci)\.ya?ml|\.travis\.yml"
    r"|\.readthedocs\.ya?ml|\.hadolint\.yaml|\.flake8|\.pylintrc|\.coveragerc|(?:\.github|\.circleci|\.binder)/.*)"
)
_SPELLINGS = (
    (".cc", ".cpp"),
    (".htm", ".html"),
    (".jpg", ".jpeg"),
    (".jsonl", ".ndjson"),
    (".txt", ".text"),
    (".yaml", ".yml"),
)
_INDEX_FILE_LIMIT = 100 << 20  # what the public index takes of a project that did not ask for more
_TAKEN = {"linux_armv6l", "linux_armv7l"}
_MANY_FILES = 2000
_LARGE_UNPACKED = 75 << 20
_CODE = (".py", ".so", ".pyd")


@rule("repository-file", fix="Leave it out of the wheel.")
def repository_file(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A file for the repository or its services: it says nothing to those who install the wheel."""
    found = tuple(path for path in wheel.installed.values() if _OF_REPOSITORIES.fullmatch(path))
    if found:
        yield _note(f"files of the repository: {listed(found)}", found)


@rule("path-with-space", fix="Use no spaces in the names of files.")
def path_with_space(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A space in a path: scripts that do not quote it fail."""
    found = tuple(name for name in wheel.members if any(map(str.isspace, name)))
    if found:
        yield _note(f"spaces in paths: {listed(found)}", found)


@rule("mixed-file-extensions", fix="Take one of the spellings.")
def mixed_extensions(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """One kind of file under several extensions, as `.yaml` and `.yml`: a search for the one misses the other."""
    by_extension: dict[str, list[str]] = {}
    for name in wheel.members:
        by_extension.setdefault(posixpath.splitext(name)[1], []).append(name)
    for group in _SPELLINGS:
        present = sorted(extension for extension in by_extension if extension.lower() in group)
        if len(present) > 1:
            files = tuple(name for extension in present for name in by_extension[extension])
            yield _note(f"one kind of file under several extensions: {', '.join(present)}", files)


@rule("large-wheel", fix="Leave out tests, data and debug symbols, or let users fetch data when they need it.")
def large_wheel(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """More than PyPI takes by default (100 MiB), or very many or large files, which cost every user time and space."""
    packed, count = wheel.contents.effort.size, len(wheel.members)
    unpacked = sum(member.size for member in wheel.members.values())
    if packed > _INDEX_FILE_LIMIT:
        yield _note(f"{size(packed)}; PyPI takes files of up to 100 MiB unless asked for more", (wheel.filename,))
    elif count > _MANY_FILES or unpacked > _LARGE_UNPACKED:
        yield _note(f"installs {plural(count, 'file')} of {size(unpacked)}", (wheel.filename,))


@rule("no-module", fix="Tell the build tool where the package lies, unless commands or data are all there is.")
def no_module(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A wheel with commands or data and no module in site-packages: `import` finds nothing of it.

    With a `py.typed` there, a module was meant to be beside it.
    """
    outside = tuple(name for name in wheel.members if not name.startswith(f"{wheel.folder}/"))
    paths = wheel.installed.values()
    if outside and not any(path.endswith((*_CODE, ".pyi", ".pth")) or ".so." in path for path in paths):
        what = "no module" if wheel.tops else "nothing"
        typed = any(posixpath.basename(path) == "py.typed" for path in paths)
        note = _note(f"puts {what} into site-packages, only {listed(outside)}", outside)
        yield replace(note, severity=Severity.WARNING) if typed else note


@rule("unimportable-module", fix="Give it, and the folders above it, names that are Python identifiers.")
def unimportable_module(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A module in a package under a name that no `import` statement can spell; a template or a script may be meant."""
    found = tuple(
        path
        for path in wheel.installed.values()
        if path.endswith(_CODE) and "/" in path and not _is_importable(path) and ".libs/" not in path
    )
    if found:
        yield _note(f"no import can name {listed(found)}", found)


def _is_importable(path: str) -> bool:
    top, *folders, file = path.split("/")
    parts = [top.removesuffix("-stubs"), *folders, file.partition(".")[0]]
    # A digit in front is no fault: importlib takes `0001_initial`, as Django's migrations are called.
    return all(f"_{part}".isidentifier() for part in parts) and (not file.endswith(".py") or file.count(".") == 1)


@rule("debug-symbols", needs=Part.WHOLE, fix="Link with `-s`, or run `strip --strip-debug` before the wheel is packed.")
def debug_symbols(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Native files with the debugger's tables, which users do not need and which can be most of the file."""
    sizes: dict[str, int] = {}
    for native in wheel.contents.natives:
        if native.library:
            try:
                sizes[native.path] = debug_bytes(wheel.read(native.member))
            except Unreadable:  # other rules tell of damage; what is very large is not looked at
                continue
    found = tuple(sorted((path for path in sizes if sizes[path]), key=lambda path: -sizes[path]))
    if found:
        total = size(sum(sizes.values()))
        yield _note(f"debug symbols ({total} before packing) in {listed(found)}", found)


@rule("platform-of-no-index", fix="Give it a manylinux or musllinux tag with `auditwheel repair`.")
def platform_of_no_index(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """The tag is for Linux without a C library's version: good for one's own machines, and refused by PyPI."""
    texts = [platform.text for platform in wheel.platforms]
    if all(text.startswith("linux_") and text not in _TAKEN for text in texts):
        yield _note(f"the tag is for {listed(texts)}, which PyPI does not take", (wheel.filename,))


@rule("startup-file", fix="Do without it, unless the project is about how Python starts.")
def startup_file(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A .pth file with code: it runs whenever a Python of the environment starts."""
    found = tuple(
        member
        for member, path in wheel.installed.items()
        if path.endswith(".pth") and "/" not in path and re.search(r"^import[ \t]", wheel.text(member), re.MULTILINE)
    )
    if found:
        yield _note(f"runs whenever Python starts: {listed(found)}", found)


@rule("hidden-module", fix="Leave one of them out, or rename it.")
def hidden_module(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A module beside a package of the same name, which Python finds first: nobody can import the module."""
    paths = set(wheel.installed.values())
    found = tuple(path for path in paths if path.endswith(".py") and f"{path[:-3]}/__init__.py" in paths)
    if found:
        yield _note(f"hidden by packages of the same name: {listed(sorted(found))}", found)


def _note(message: str, files: tuple[str, ...]) -> Sighting:
    return Sighting(message=message, files=files, severity=Severity.INFO)
