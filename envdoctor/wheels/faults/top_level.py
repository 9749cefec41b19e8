"""Rules about what a wheel puts at the top of site-packages, which all projects share."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.finding import Severity
from envdoctor.wheels.metadata import parse_fields
from envdoctor.wheels.rules import Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.wheels.reviewed import ReviewedWheel

_CODE = (".py", ".pyi", ".so", ".pyd")
_OF_TESTS = re.compile(r"test_\w+|\w+_tests?|tests_\w+")
_FOLDERS_OF_TOOLS = (".dist-info", ".data", ".libs", ".dylibs")


@rule("clashing-top-level-name", fix="Leave it out of the wheel, or move it into the project's own package.")
def clashing_name(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A name such as `tests`, `docs` or `utils` at the top of site-packages.

    Other projects install the same name: the later one overwrites the files of the earlier one, `import tests` finds
    either, and uninstalling one removes what the other needs. A distribution that is called so owns its name.
    """
    table = load_table("top_level_names")
    for top, paths in wheel.tops.items():
        word = posixpath.splitext(top)[0] if top.endswith(".py") else top
        if wheel.owns(word) or top.endswith(_FOLDERS_OF_TOOLS):
            continue
        is_folder = paths[0] != top
        hidden = is_folder and top.startswith(".")
        lower = word.lower()
        if not hidden and (not is_folder and not top.endswith(".py")):
            continue
        if hidden or lower in table["development"] or lower in table["generic"] or _OF_TESTS.fullmatch(lower):
            yield Sighting(
                message=f"{top} is installed at the top of site-packages, where projects clash", files=(top,)
            )
        elif is_folder and lower in table["environment"]:
            message = (
                f"{top}/ is installed into site-packages; files for the environment's {top} belong into .data/data"
            )
            yield Sighting(message=message, files=(top,))


@rule("stray-top-level-file", fix="Leave it out of the wheel, or put it into the package or into .dist-info/licenses.")
def stray_file(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A file of the source tree, a text or data directly in site-packages.

    Every project has a `LICENSE`, a `README` or a `setup.py`: the later one overwrites the earlier one's.
    """
    table = load_table("top_level_names")
    for top, paths in wheel.tops.items():
        if paths[0] != top or wheel.owns(top):
            continue
        lower = top.lower()
        own = wheel.name.replace("-", "") in lower.replace("-", "").replace("_", "").replace(".", "")
        known = lower in table["files"] or (
            lower.startswith(tuple(table["texts"])) and not lower.endswith(tuple(table["suffixes"]))
        )
        if known or top.startswith(".") or not (own or lower.endswith(tuple(table["suffixes"]))):
            yield Sighting(
                message=f"{top} is installed directly into site-packages, where projects clash", files=(top,)
            )


@rule("top-level-init", fix="Put the module into a folder that is called like the package.")
def top_level_init(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """An `__init__.py` or `__main__.py` directly in site-packages: no package is made of it, and projects clash."""
    for name in ("__init__.py", "__main__.py"):
        if name in wheel.tops:
            yield Sighting(
                message=f"{name} lies directly in site-packages, and belongs to no package there", files=(name,)
            )


@rule("unimportable-name", fix="Give it a name that is a Python identifier.")
def unimportable_name(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Python text at the top under a name that no `import` statement can spell, such as `my-package/`."""
    for top, paths in wheel.tops.items():
        stem = posixpath.splitext(top)[0] if top.endswith(".py") else top
        is_code = top.endswith(".py") if paths[0] == top else any(path == f"{top}/__init__.py" for path in paths)
        if is_code and not stem.isidentifier() and not top.endswith((*_FOLDERS_OF_TOOLS, "-stubs")):
            yield Sighting(message=f"{top} holds Python modules, and no import can name it", files=(top,))


_OF_ONE_PYTHON = re.compile(r"lib(?:64)?/python3\.\d+/", re.IGNORECASE)
_OF_MACHINES = ("usr", "home", "Users", "root", "tmp", "opt", "var", "mnt", "workspace", "build")


@rule("data-at-absolute-path", fix="Give the files a path below the environment, such as `share/NAME`.")
def data_at_absolute_path(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Data for an absolute path, as /usr/share: installers put it below the environment, `ENVIRONMENT/usr/share`."""
    marks = tuple(f".data/data/{top}/" for top in _OF_MACHINES)
    found = tuple(name for name in wheel.members if any(mark in name for mark in marks))
    if found:
        message = f"is installed below the environment, not at the path that is meant: {listed(found)}"
        yield Sighting(message=message, files=found)


@rule("data-in-environment-root", fix="Put the files below `share/NAME`, or into the package itself.")
def data_in_root(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Data beside `bin` and `lib` of the environment, as `ENVIRONMENT/LICENSE`: projects overwrite each other's.

    Or below the `lib/python3.11` of one Python: others do not look there.
    """
    places = {name: name.partition(".data/data/")[2] for name in wheel.members}
    is_for_any = any(tag.interpreter.startswith("py") for tag in wheel.tags)
    found = tuple(
        name
        for name, place in places.items()
        if place and ("/" not in place or (is_for_any and _OF_ONE_PYTHON.match(place)))
    )
    if found:
        message = f"is installed beside bin and lib of the environment, or for one Python: {listed(found)}"
        yield Sighting(message=message, files=found)


@rule("folder-without-modules", fix="Leave the folder out, or move it into the package or into .data/data.")
def folder_without_modules(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A folder at the top of site-packages in which Python finds nothing: data that was meant for elsewhere."""
    natives = {native.path.partition("/")[0] for native in wheel.contents.natives}
    table = load_table("top_level_names")
    known = {*table["development"], *table["generic"], *table["environment"]}
    for top, paths in wheel.tops.items():
        told = top.endswith(_FOLDERS_OF_TOOLS) or top in natives or top.lower() in known or top.startswith(".")
        plain = wheel.name.replace("-", "")
        own = plain in top.lower().replace("_", "").replace("-", "") or top.lower().replace("_", "") in plain
        if paths[0] != top and not told and not own and not any(path.endswith(_CODE) for path in paths):
            yield Sighting(
                message=f"the folder {top}/ is installed into site-packages and holds no module", files=(top,)
            )


@rule("empty-wheel", fix="Tell the build tool where the package lies, and look at what is in the wheel.")
def empty_wheel(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A wheel that installs nothing but its own metadata.

    Most come of a build tool that did not find the package. A wheel without files that requires others is a
    metapackage, which is no fault.
    """
    if any(not name.startswith(f"{wheel.folder}/") for name in wheel.members) or wheel.contents.metadata.scripts:
        return
    requires = wheel.contents.metadata.requires
    if any("extra" not in line.partition(";")[2] for line in requires):
        message = f"installs no file of its own: it is there for what it requires ({listed(requires)})"
        yield Sighting(message=message, files=(wheel.folder,), severity=Severity.INFO)
    else:
        yield Sighting(message="installs nothing: no module, no command, no data", files=(wheel.folder,))


@rule("absent-top-level-module", fix="Build the wheel with the package in it, or mend top_level.txt.")
def absent_top_level(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """top_level.txt, or Import-Name of METADATA, names a package of which the wheel has no file."""
    present = {top.partition(".")[0] for top in wheel.tops}
    imported = [
        re.split(r"[.;\s]", name, maxsplit=1)[0] for name in parse_fields(wheel.metadata_text).get("import-name", ())
    ]
    for source, names in (("top_level.txt", wheel.text(wheel.own("top_level.txt")).split()), ("METADATA", imported)):
        absent = [name for name in names if name.isidentifier() and name not in present]
        if absent and len(absent) == len(names):
            message = f"{source} names {listed(absent)}, and the wheel has no such module"
            yield Sighting(message=message, files=tuple(absent))


@rule("stub-package-name", fix="Call the folder NAME-stubs, as PEP 561 wants it.")
def stub_name(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A folder with stubs alone under the very name of a package: it hides the package that it describes.

    Not so beside an extension module of that name, which Python finds first.
    """
    modules = {path.partition(".")[0] for path in wheel.tops if path.endswith((".so", ".pyd"))}
    for top, paths in wheel.tops.items():
        stubs = [path for path in paths if path.endswith(".pyi")]
        code = [path for path in paths if path.endswith((".py", ".so", ".pyd"))]
        alone = stubs and not code and top not in modules
        if alone and f"{top}/__init__.pyi" in paths and not top.endswith("-stubs"):
            yield Sighting(message=f"{top}/ holds stubs alone, and is not called {top}-stubs (PEP 561)", files=(top,))
