"""Rules about what a wheel's own modules import of it."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.core.finding import Severity
from envdoctor.support.syntax import parse_python
from envdoctor.wheels.contents import module_path
from envdoctor.wheels.rules import Part, Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.wheels.module_texts import ModuleText
    from envdoctor.wheels.reviewed import ReviewedWheel

_OFTEN_OPTIONAL = re.compile(
    r"(?:.*[/_.])?(?:tests?|testing|conftest|examples?|samples?|templates?|_vendor|vendored?|data|docs?|setup"
    r"|benchmarks?|scripts?|tools?)(?:[/_.].*)?",
    re.IGNORECASE,
)
_CODE_LINE = re.compile(r"^import[ \t].*", re.MULTILINE)
_STARTED = re.compile(r"^import[ \t]+(\w+)", re.MULTILINE)
_OF_A_PLATFORM = re.compile(
    r".*(?:win|nt|mac|darwin|osx|linux|posix|unix|bsd|android|ios|java|jython|pypy|cuda|gpu|rocm).*", re.IGNORECASE
)
_OPEN_NAMES = re.compile(
    r"import\s*\*|Importer\b|Finder\b|__getattr__|globals\(\)|setattr\(|sys\.modules|meta_path|exec\(|lazy|__path__|extend_path"
)


@rule(
    "own-module-absent",
    needs=Part.WHOLE,
    fix="Tell the build tool of every package (`include = ['NAME*']` of `packages.find`), and look at the wheel.",
)
def own_module_absent(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A module imports another one of its package, and the wheel does not have it: a subpackage was not packed.

    Looked at are `import` statements that run whenever the module is imported. In modules that may be meant for another
    platform, or that Python does not see as public, it is a note.
    """
    found = {True: list[str](), False: list[str]()}
    for module in wheel.module_texts.modules:
        for absent in _absent(module, wheel):
            is_optional = _OFTEN_OPTIONAL.fullmatch(module.path)
            found[_is_public(module.name) and not is_optional].append(f"{module.name} imports {absent}")
    for public, lines in found.items():
        if lines:
            message = f"modules of the wheel that it lacks are imported: {listed(lines)}"
            severity = Severity.WARNING if public else Severity.INFO
            yield Sighting(message=message, files=tuple(lines), severity=severity)


def _absent(module: ModuleText, wheel: ReviewedWheel) -> Iterator[str]:
    """What a module imports of the wheel's packages in any case, and is nowhere in the wheel."""
    for imported in module.imports:
        is_ours = wheel.modules_by_name.get(imported.partition(".")[0], "").endswith("/__init__.py")
        if is_ours and imported not in wheel.modules_by_name and not _may_be_made(imported, wheel):
            yield imported


def _may_be_made(module: str, wheel: ReviewedWheel) -> bool:
    """Whether something above it may bring a module in another way than as a file."""
    while module := module.rpartition(".")[0]:
        member = wheel.modules_by_name.get(module)
        if member and (not member.endswith("/__init__.py") or _OPEN_NAMES.search(wheel.text(member))):
            return True
    return False


@rule("module-without-init", needs=Part.WHOLE, fix="Define the function PyInit_NAME, NAME being that of the file.")
def module_without_init(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """An extension module that is imported and has no `PyInit_NAME`: "does not define module export function".

    Other libraries are named like extension modules too, for ctypes; nothing imports those.
    """
    imported = {name for module in wheel.module_texts.modules for name in (*module.imports, *module.names)}
    found = tuple(
        native.path for native in wheel.contents.natives if native.lacks_init and _dotted(native.path) in imported
    )
    if found:
        yield Sighting(message=f"imported, and without the function that begins a module: {listed(found)}", files=found)


@rule("startup-import-absent", fix="Leave the line out, or put the module into the wheel.")
def startup_import_absent(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A line of a .pth file that imports what nothing has, or does not compile: every start of Python tells of that.

    A wheel that requires others may have it from these.
    """
    known = {*sys.stdlib_module_names, *(top.partition(".")[0] for top in wheel.tops)}
    files = [member for member, path in wheel.installed.items() if path.endswith(".pth") and "/" not in path]
    for member in files:
        broken = [line for line in _CODE_LINE.findall(wheel.text(member)) if not _compiles(line)]
        if broken:
            message = f"{member} has a line that does not compile; Python tells of that at every start"
            yield Sighting(message=message, files=(member,), excerpt=broken[0][:200])
    for member in files if not wheel.contents.metadata.requires else []:
        absent = [name for name in _STARTED.findall(wheel.text(member)) if name not in known]
        if absent:
            message = f"{member} imports {absent[0]}, which the wheel lacks; Python tells of that at every start"
            yield Sighting(message=message, files=(member,))


def _compiles(line: str) -> bool:
    try:
        parse_python(line)
    except Unreadable:
        return False
    return True


def _dotted(path: str) -> str:
    folder, _, file = module_path(path).rpartition("/")
    return ".".join([*filter(None, folder.split("/")), file.partition(".")[0]])


def _is_public(name: str) -> bool:
    parts = name.split(".")
    return not any(part.startswith("_") or _OF_A_PLATFORM.fullmatch(part) for part in parts[1:])


@rule("typed-without-marker", fix="Put an empty `py.typed` into the package.")
def typed_without_marker(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """The classifier says that the package has types, and without `py.typed` no checker reads them (PEP 561).

    Stubs beside modules, without the classifier, are a note.
    """
    from envdoctor.wheels.metadata import parse_fields

    classifiers = parse_fields(wheel.metadata_text).get("classifier", ())
    paths = wheel.installed.values()
    has_types = any(path.endswith("/py.typed") or path.partition("/")[0].endswith("-stubs") for path in paths)
    if "Typing :: Typed" in classifiers and not has_types and any("/" in path for path in paths):
        message = "the classifier Typing :: Typed stands there, and no package has a py.typed"
        yield Sighting(message=message, files=("METADATA",))
    stubbed = tuple(top for top in wheel.tops if {f"{top}/__init__.py", f"{top}/__init__.pyi"} <= {*paths})
    if stubbed and not has_types:
        message = f"has stubs, and no py.typed: {listed(stubbed)}"
        yield Sighting(message=message, files=stubbed, severity=Severity.INFO)
