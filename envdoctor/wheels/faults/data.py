"""Rules about data and libraries that a wheel's own text reads, and that the wheel does not have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.wheels.rules import Part, Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.wheels.reviewed import ReviewedWheel

_SHORTEST_NAME = 4


@rule(
    "data-file-absent",
    needs=Part.WHOLE,
    fix="Tell the build tool of the data (`package-data`, `include_package_data`), and look at what is in the wheel.",
)
def data_file_absent(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A module reads a file that should lie beside it, and the wheel does not have it: `FileNotFoundError`.

    Only reads by a written-out path from the module's own place count. A file that is read when the module is imported
    is a warning, one that a function reads a note, since other code may have made it before.
    """
    present = {path.lower() for path in wheel.installed.values()}
    found: dict[bool, list[str]] = {True: [], False: []}
    for module in wheel.module_texts.modules:
        for read in module.reads:
            top = read.path.partition("/")[0]
            of_package = wheel.modules_by_name.get(top, "").endswith("/__init__.py")
            if not read.is_relative and of_package and read.path.lower() not in present:
                found[read.on_import].append(f"{module.name} reads {read.path}")
    for on_import, lines in found.items():
        if lines:
            message = f"files that the wheel lacks are read{' on import' if on_import else ''}: {listed(lines)}"
            severity = Severity.WARNING if on_import else Severity.INFO
            yield Sighting(message=message, files=tuple(lines), severity=severity)


@rule("data-in-working-folder", needs=Part.WHOLE, fix="Find it from `__file__`, or by `importlib.resources.files`.")
def working_folder(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A module reads a file by a relative path when it is imported: it is there only in one working folder."""
    found = tuple(
        f"{module.name} reads {read.path}"
        for module in wheel.module_texts.modules
        for read in module.reads
        if read.is_relative and read.on_import and not module.name.endswith("__main__")
    )
    if found:
        yield Sighting(message=f"files are looked for in the working folder on import: {listed(found)}", files=found)


@rule("library-file-absent", needs=Part.WHOLE, fix="Build the library into the wheel, as a platform wheel.")
def library_absent(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """The text names a shared library that is called like the project, and the wheel has no native file at all."""
    own = re.sub(r"[-_.]", "", wheel.name)
    if wheel.contents.natives or len(own) < _SHORTEST_NAME:
        return
    named = dict.fromkeys(name for module in wheel.module_texts.modules for name in module.libraries)
    found = tuple(name for name in named if _stem(name) == own)
    if found:
        yield Sighting(message=f"loads {listed(found)}, and the wheel has no native file", files=found)


def _stem(library: str) -> str:
    return re.sub(r"[-_]", "", library.rpartition(".")[0].lower().removeprefix("lib"))
