"""Rules about a wheel's Python text: entry points that lead nowhere, modules that do not compile, shared namespaces."""

from __future__ import annotations

import ast
import re
import sys
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Severity
from envdoctor.core.target import NEWEST_PATCH
from envdoctor.support.newer_syntax import NEWEST, parse_newer
from envdoctor.support.older_syntax import older_grammar
from envdoctor.support.requirement import required_name
from envdoctor.support.syntax import parse_python
from envdoctor.support.text import plural, version_tuple
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
        is_module = f"{module.strip()}.{first}" in wheel.modules_by_name
        if not member.endswith(".py") or not first.isidentifier() or (is_module and "." in attribute):
            continue
        if _is_never_named(first, wheel.text(member)):
            found.append(f"{script.name} = {script.target}")
    for name, target in _entry_points(wheel):  # of other groups some name an object by dots alone
        module, _, last = target.rpartition(".")
        member = wheel.modules_by_name.get(module, "")
        is_absent = ":" not in target and target not in wheel.modules_by_name and member.endswith(".py")
        if (
            is_absent and last.islower() and _is_never_named(last, wheel.text(member))
        ):  # others are classes, made somehow
            found.append(f"{name} = {target}")
    if found:
        yield Sighting(message=f"names functions that the module lacks: {listed(found)}", files=tuple(found))


def _is_never_named(name: str, text: str) -> bool:
    return not _OPEN_NAMES.search(text) and not re.search(rf"\b{name}\b", text)


@rule("command-not-callable", needs=Part.WHOLE, fix="Name a function that needs no argument and is not `async`.")
def not_callable(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A command whose function is a plain value, is `async` (it is never run), or needs an argument (none is given)."""
    for script in wheel.contents.metadata.scripts:
        module, _, name = (part.strip() for part in script.target.partition(":"))
        member = wheel.modules_by_name.get(module, "")
        if member.endswith(".py") and name.isidentifier() and (why := _why_not_called(wheel.text(member), name)):
            message = f"the command {script.name} fails: {script.target} {why}"
            yield Sighting(message=message, files=(f"{script.name} = {script.target}",))


def _why_not_called(text: str, name: str) -> str:
    """Why calling a name without an argument fails; "" unless the only statement of a module that binds it tells."""
    try:
        tree = parse_python(text)
    except Unreadable:
        return ""
    bound = [node for node in ast.walk(tree) if _binds(node, name)]
    alone = bound[0] if len(bound) == 1 else None
    made = next((each for each in tree.body if each is alone or alone in getattr(each, "targets", ())), None)
    if isinstance(made, ast.Assign):
        return "is no function" if isinstance(made.value, ast.Constant) else ""
    if isinstance(made, ast.ClassDef) and not (made.bases or made.keywords or made.decorator_list):
        begins = [each for each in made.body if _binds(each, "__init__")]
        made = begins[0] if len(begins) == 1 else None
    if not isinstance(made, ast.FunctionDef | ast.AsyncFunctionDef) or made.decorator_list:
        return ""
    arguments = made.args
    needed = len(arguments.posonlyargs + arguments.args) - len(arguments.defaults) + arguments.kw_defaults.count(None)
    needed -= made not in tree.body  # which is given the object itself
    if needed:
        return f"needs {plural(needed, 'argument')}, and commands are called with none"
    return "is async: what it does is never awaited" if isinstance(made, ast.AsyncFunctionDef) else ""


def _binds(node: ast.AST, name: str) -> bool:
    is_definition = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == name
    is_target = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del) and node.id == name
    is_import = isinstance(node, ast.alias) and (node.asname or node.name) in {name, "*"}
    return is_definition or is_import or is_target


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
            is_newer = "unknown encoding" not in module.problem and _is_newer(wheel, module.path)
            severity = Severity.INFO if is_newer else Severity.WARNING
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


_PROMISED = re.compile(r"(?:>=|~=|==)\s*3\.(\d+)")


@rule("newer-python-than-promised", needs=Part.WHOLE, fix="Raise Requires-Python, or write it for the older Python.")
def newer_python(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A module with grammar, or an import of a part of Python, that the oldest Python of Requires-Python lacks.

    Installers take the wheel there, and the import fails: `SyntaxError`, `No module named 'tomllib'`. Looked at are
    modules that a public name leads to, and imports that nothing guards.
    """
    oldest = _oldest_python(wheel)
    added: dict[str, str] = load_table("python_modules")["added"]
    if oldest is None:
        return
    for module in wheel.module_texts.modules:
        if module.problem or not all(part.isidentifier() and part[0] != "_" for part in module.name.split(".")):
            continue
        newer = [name for name in module.imports if version_tuple(added.get(name.partition(".")[0], "0")) > oldest]
        text = wheel.text(wheel.modules_by_name[module.name])
        problem = f"imports {newer[0]} of Python {added[newer[0].partition('.')[0]]}" if newer else ""
        problem = problem or _problem_for(text, oldest)
        if problem:
            message = f"Requires-Python allows {oldest[0]}.{oldest[1]}, and {module.path} {problem}"
            yield Sighting(message=message, files=(module.path,))
            return


@rule("part-of-python-gone", needs=Part.WHOLE, fix="Require what took its place, or lower Requires-Python.")
def part_of_python_gone(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A module in any case imports a part of Python that a newer Python has no more, and Requires-Python allows that.

    Installers take the wheel there, and the import fails: `No module named 'imp'`. Of modules below a package it is a
    note: not everybody imports them.
    """
    removed: dict[str, str] = load_table("python_modules")["removed"]
    required = [required_name(line) or "" for line in wheel.contents.metadata.requires]
    gone = {top for top, since in removed.items() if _may_be_installed_on(wheel, since)}
    for module in wheel.module_texts.modules:
        for top in dict.fromkeys(name.partition(".")[0] for name in module.imports):
            brought = any(top in name or (top, name) == ("distutils", "setuptools") for name in required)
            brought |= top in wheel.modules_by_name or (top == "distutils" and "_distutils_hack" in wheel.tops)
            if top in gone and not brought:
                message = f"{module.path} imports {top}, which Python {removed[top]} has no more"
                severity = Severity.INFO if "." in module.name else Severity.WARNING
                yield Sighting(message=message, files=(module.path,), severity=severity)
                return


def _may_be_installed_on(wheel: ReviewedWheel, python: str) -> bool:
    """Whether the tags and Requires-Python let a wheel be installed on a Python, or on later ones."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    any_later = any(tag.interpreter.startswith("py3") or tag.abi == "abi3" for tag in wheel.tags)
    own = f"cp{python.replace('.', '')}"
    try:
        allowed = SpecifierSet(wheel.contents.metadata.requires_python).contains(f"{python}.{NEWEST_PATCH}")
    except InvalidSpecifier:
        return False
    return allowed and (any_later or any(tag.interpreter == own for tag in wheel.tags))


def _oldest_python(wheel: ReviewedWheel) -> tuple[int, int] | None:
    """The oldest Python 3 that Requires-Python promises, or the tags if these are for one; None if it is not said."""
    promised = [int(minor) for minor in _PROMISED.findall(wheel.contents.metadata.requires_python)]
    tagged = [int(tag.interpreter[3:]) for tag in wheel.tags if re.fullmatch(r"(?:cp|py)3\d+", tag.interpreter)]
    oldest = max([*promised, *([min(tagged)] if len(tagged) == len(wheel.tags) else [])], default=None)
    return None if oldest is None or not promised else (3, oldest)


def _problem_for(text: str, python: tuple[int, int]) -> str:
    wrong = older_grammar(text.removeprefix("\ufeff"), python)
    return "" if wrong is None else f"does not compile there, line {wrong.line}: {wrong.problem}"


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
