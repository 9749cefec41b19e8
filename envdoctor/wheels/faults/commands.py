"""Rules about the commands that a wheel installs: scripts, and the lines of entry_points.txt."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from envdoctor.binaries.magic import is_native
from envdoctor.core.data import load_table
from envdoctor.wheels.rules import Part, Sighting, listed, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.wheels.reviewed import ReviewedWheel

#: A path that is on no system from the start; the Filesystem Hierarchy Standard has the others, Android `/system`.
_SYSTEMS_PYTHON = re.compile(rb"#!\s*/usr/(?:local/)?bin/(?:env\s+python2[\d.]*|python[\d.]*)\s*$")
_BUILD_MACHINE = re.compile(rb"#!\s*(?!/(?:usr|bin|sbin|system)/)(?:/|[A-Za-z]:\\)")
_HEAD = 256
_LARGEST_SCRIPT = 4 << 20


@rule(
    "script-without-interpreter",
    needs=Part.WHOLE,
    fix="Begin it with `#!python`, which installers replace by the Python.",
)
def without_interpreter(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A script in `.data/scripts` whose first line names no interpreter, or one that the environment does not have.

    The latter is one of the build machine, or the system's own Python, for which the project is not installed. Systems
    run the first by their shell, or not at all. A line that ends with a carriage return names none, either, unless it
    is `#!python`, which installers write anew.
    """
    found: dict[str, str] = {}
    for name, member in wheel.members.items():
        is_script = "/scripts/" in name and name.partition("/")[0].endswith(".data") and not posixpath.splitext(name)[1]
        if is_script and 0 < member.size <= _LARGEST_SCRIPT and (why := _problem(wheel.read(name)[:_HEAD])):
            found[name] = why
    if found:
        first, why = next(iter(found.items()))
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        yield Sighting(message=f"{first}{more}: {why}", files=tuple(found))


def _problem(head: bytes) -> str:
    line = head.partition(b"\n")[0]
    if is_native(head) or line.startswith(b"#!python"):
        return ""
    if not line.startswith(b"#!"):
        return "its first line names no interpreter"
    if _BUILD_MACHINE.match(line):
        return f"it asks for {line[2:].decode(errors='replace').strip()}, which only the build machine has"
    if _SYSTEMS_PYTHON.match(line):
        return f"it asks for {line[2:].decode(errors='replace').strip()}, which is not the environment's Python"
    return "its first line ends with a carriage return" if line.endswith(b"\r") else ""


@rule("clashing-command", fix="Give the command a name of the project's own.")
def clashing_command(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A command such as `test`, `lint` or `python`: another project's, or the system's, is overwritten or hidden."""
    clashing = set(load_table("top_level_names")["commands"])
    found = tuple(
        script.name
        for script in wheel.contents.metadata.scripts
        if script.name.lower() in clashing and not wheel.owns(script.name.rstrip("0123456789."))
    )
    if found:
        yield Sighting(message=f"installs commands that other projects install, too: {listed(found)}", files=found)


@rule("entry-points-malformed", fix="Write it as sections, `[console_scripts]`, with lines `name = module:function`.")
def entry_points_malformed(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A line of entry_points.txt that stands in no section, or has no `=`: no command comes of it."""
    found, section = [], ""
    for line in wheel.text(wheel.own("entry_points.txt")).splitlines():
        stripped = line.strip()
        if stripped.startswith("["):
            section = stripped
        elif stripped and stripped[0] not in "#;" and (not section or ("=" not in stripped and line[0] not in " \t")):
            found.append(stripped)
    if found:
        yield Sighting(
            message=f"entry_points.txt has lines that are no entry points: {listed(found)}", files=tuple(found)
        )


_GROUPS = {
    "console-scripts", "console_script", "console-script", "consolescripts", "scripts", "script", "gui-scripts",
    "gui_script", "gui-script", "entry_points", "commands",
}  # fmt: skip
_MADE = {"console_scripts", "gui_scripts"}
_FILE_LIKE = re.compile(r".*[/\\:].*|.*\.(?:exe|bat|cmd|sh)", re.IGNORECASE)
_IN_FOLDER = re.compile(r"[^/]+\.data/scripts/.+/[^/]+")


@rule("command-not-made", fix="Call the group `console_scripts` or `gui_scripts`, and the command by its bare name.")
def command_not_made(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A group of entry points that no installer makes commands of, or a command with a path or a suffix in its name.

    Scripts lie in no folder: uv 0.13.8 refuses the wheel, and pip 26.3 makes a folder among the commands.
    Of `tool.exe` Windows gets `tool.exe.exe`; a path leads out of the folder of commands.
    """
    text = wheel.text(wheel.own("entry_points.txt"))
    groups = [each.strip(" '\"") for each in re.findall(r"(?m)^\s*\[([^\]]+)\]", text)]
    found = tuple(group for group in groups if group.lower() in _GROUPS)
    found += tuple(each for each in re.findall(r"(?m)^\s*\[\s*(['\"][^\]]+)\]", text) if each.strip("'\"") in _MADE)
    if found:
        yield Sighting(message=f"no command is made of the entry points in {listed(found)}", files=found)
    nested = tuple(name for name in wheel.members if _IN_FOLDER.fullmatch(name))
    if nested:
        yield Sighting(message=f"scripts in folders, for which uv refuses the wheel: {listed(nested)}", files=nested)
    named = tuple(script.name for script in wheel.contents.metadata.scripts if _FILE_LIKE.fullmatch(script.name))
    if named:
        yield Sighting(message=f"commands are called like files: {listed(named)}", files=named)


@rule("command-twice", fix="Leave one of them.")
def command_twice(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """Two commands of one name, as an entry point and a script in `.data/scripts`: the one overwrites the other."""
    names = [script.name.lower() for script in wheel.contents.metadata.scripts]
    names += [posixpath.basename(name).lower() for name in wheel.members if ".data/scripts/" in name]
    found = tuple(sorted({name for name in names if names.count(name) > 1}))
    if found:
        yield Sighting(message=f"one name, several commands: {listed(found)}", files=found)
