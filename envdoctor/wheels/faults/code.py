"""Rules about a wheel's Python text: entry points that lead nowhere, modules that do not compile, shared namespaces."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Severity
from envdoctor.support.newer_syntax import NEWEST, parse_newer
from envdoctor.wheels.module_texts import MOST_TEXT
from envdoctor.wheels.rules import Part, Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.wheels.reviewed import ReviewedWheel

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_OPEN_NAMES = re.compile(r"import\s*\*|__getattr__|globals\(\)|setattr\(|sys\.modules|exec\(|lazy")
_OF_DATA = re.compile(r".*(?:^|/)data/.*")
_SHARED_NAMESPACES = {
    "azure",
    "backports",
    "google",
    "jaraco",
    "plone",
    "ruamel",
    "sphinxcontrib",
    "zc",
    "zope",
    "repoze",
    "paste",
}
_EXTENDS = re.compile(r"extend_path|declare_namespace")


@rule("entry-point-malformed", fix="Write it as `name = package.module:function`.")
def entry_point_malformed(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A command that is not `module:function`.

    pip 26.3 and uv 0.13.9 refuse the wheel where the function is absent.
    """
    found = []
    for script in wheel.contents.metadata.scripts:
        module, colon, attribute = script.target.partition(":")
        if not colon or not _DOTTED.fullmatch(module.strip()) or not _DOTTED.fullmatch(attribute.strip()):
            found.append(f"{script.name} = {script.target}")
    if found:
        no_function = any(":" not in text for text in found)
        yield Sighting(message=f"not module:function: {listed(found)}", files=tuple(found), is_refused=no_function)


@rule("entry-point-absent", fix="Put the module into the wheel, or mend the entry point.")
def entry_point_absent(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """An entry point of a module that the wheel lacks: the command ends with `ModuleNotFoundError`.

    Only names under a package of the wheel's own count; another may come from what it requires.
    """
    known = wheel.modules_by_name
    found = []
    for name, target in _entry_points(wheel):
        module, colon, _ = target.partition(":")
        module = module.strip()
        top = module.partition(".")[0]
        if not colon and module.rpartition(".")[0] in known:
            continue  # other groups than commands may name an object by dots alone, as fsspec's
        if not _DOTTED.fullmatch(module) or module in known:
            continue
        package = known.get(top)
        others = wheel.contents.metadata.requires and not wheel.owns(top)
        foreign = package is None and (others or any(each.endswith(".pth") for each in wheel.tops))
        if not foreign and package != "":  # what others put into a shared namespace is not known
            found.append(f"{name} = {target}")
    if found:
        yield Sighting(message=f"names modules that the wheel lacks: {listed(found)}", files=tuple(found))


def _entry_points(wheel: ReviewedWheel) -> Iterator[tuple[str, str]]:
    for line in wheel.text(wheel.own("entry_points.txt")).splitlines():
        stripped = line.strip()
        if "=" in stripped and stripped[0] not in "#;[":
            name, _, target = stripped.partition("=")
            yield name.strip(), target.partition("[")[0].strip()


@rule("entry-point-function-absent", needs=Part.WHOLE, fix="Name a function that the module has.")
def function_absent(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A command whose function the module does not even mention: it ends with `AttributeError` or `ImportError`."""
    found = []
    for script in wheel.contents.metadata.scripts:
        module, _, attribute = script.target.partition(":")
        member = wheel.modules_by_name.get(module.strip(), "")
        first = attribute.strip().partition(".")[0]
        if (
            not member.endswith(".py")
            or not first.isidentifier()
            or f"{module.strip()}.{first}" in wheel.modules_by_name
        ):
            continue
        text = wheel.text(member)
        if not _OPEN_NAMES.search(text) and not re.search(rf"\b{first}\b", text):
            found.append(f"{script.name} = {script.target}")
    if found:
        yield Sighting(message=f"names functions that the module lacks: {listed(found)}", files=tuple(found))


@rule("module-does-not-compile", needs=Part.WHOLE, fix="Mend it, leave it out, or raise Requires-Python.")
def does_not_compile(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A module that this Python can't compile, though the wheel says that it is for it.

    Modules of tests, templates and vendored code do not count, nor those that no package leads to. It is a note of
    what newer Pythons compile: a module for them may be imported there alone.
    """
    if not _is_for_this_python(wheel):
        return
    for module in wheel.module_texts.modules:
        package = wheel.modules_by_name.get(module.name.rpartition(".")[0], "")
        is_led_to = "." not in module.name or package
        if module.problem and is_led_to and not _OF_DATA.fullmatch(module.path):
            python = f"{sys.version_info[0]}.{sys.version_info[1]}"
            message = f"{module.path} does not compile under Python {python}: {module.problem}"
            severity = Severity.INFO if _is_newer(wheel, module.path) else Severity.WARNING
            yield Sighting(message=message, files=(module.path,), severity=severity)
            return
    if cut_at := wheel.module_texts.cut_at:
        message = f"only the first {MOST_TEXT >> 20} MiB of its modules were looked at; from {cut_at} on none was"
        yield Sighting(message=message, files=(cut_at,), severity=Severity.INFO)


def _is_newer(wheel: ReviewedWheel, path: str) -> bool:
    member = next((name for name, installed in wheel.installed.items() if installed == path), "")
    try:
        parse_newer(wheel.text(member).removeprefix("\ufeff"), NEWEST)
    except Unreadable:
        return False
    return True


def _is_for_this_python(wheel: ReviewedWheel) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    tags = {tag.interpreter for tag in wheel.tags}
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    try:
        allowed = SpecifierSet(wheel.contents.metadata.requires_python).contains(f"{here}.0")
    except InvalidSpecifier:
        return False
    return allowed and bool(tags & {"py3", f"cp{here.replace('.', '')}", f"py{here.replace('.', '')}"})


@rule("namespace-taken", needs=Part.WHOLE, fix="Leave the namespace without an __init__.py (PEP 420).")
def namespace_taken(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """An `__init__.py` with code in a namespace that many projects share: it hides theirs, or is overwritten."""
    for top in _SHARED_NAMESPACES & wheel.tops.keys():
        member = wheel.modules_by_name.get(top, "")
        if member.endswith("/__init__.py") and not wheel.owns(top):
            text = wheel.text(member)
            lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
            if lines and not _EXTENDS.search(text):
                yield Sighting(message=f"{member} takes a namespace that other projects share", files=(member,))
