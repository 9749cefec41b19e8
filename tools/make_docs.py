"""Writes the pages of docs/ that are made from the program itself; `--check` only says which are not up to date.

    python tools/make_docs.py [--check]

docs/codes/*.md come from the docstrings of the probes and the tables stage-problems.toml, docs/commands.md from the
command line's own help, docs/goals.md from the goals of each compiler, docs/faults.md from the rules of
envdoctor/wheels/faults, docs/*-schema.json from the types of the core. One page lies elsewhere and is in no commit:
codes.html, which is installed with the renderers, so that a terminal's links lead to it (tools/build_hook.py).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from codes_page import PAGE, codes_page

from envdoctor.cli._run import group
from envdoctor.core.data import DATA, built_in_folders, load_file
from envdoctor.core.goal import goal_names, parse_goal
from envdoctor.doctor.explain import explanations
from envdoctor.registry import probes
from envdoctor.support.outputs import write_output
from envdoctor.wheels.rules import all_rules
from envdoctor_reports._schema import DOCUMENTS, schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.doctor.explain import Explanation

DOCS = Path(__file__).resolve().parent.parent / "docs"
_MADE = "<!-- Made by tools/make_docs.py; don't edit. -->\n"
_WIDTH = 100


def pages() -> dict[str, str]:
    """Every page that is made, by its path below docs/."""
    known = explanations()
    made = {f"codes/{one.code}.md": _page(one) for one in known}
    made["codes/index.md"] = "\n".join(_list(known))
    made["architecture.svg"] = "\n".join(_architecture())
    made["commands.md"] = "\n".join(_commands())
    made["goals.md"] = "\n".join(_goals())
    made["faults.md"] = "\n".join(_faults())
    made["schemas.md"] = "\n".join(_schemas())
    return made | {f"{name}-schema.json": json.dumps(schema(name), indent=2) + "\n" for name in DOCUMENTS}


def outdated(folder: Path = DOCS) -> list[str]:
    """The pages that are missing, differ from what would be made, or are about a code that is no more."""
    made = pages()
    stale = [name for name, text in made.items() if not (folder / name).is_file() or _read(folder / name) != text]
    stale += [f"codes/{file.name}" for file in (folder / "codes").glob("*.md") if f"codes/{file.name}" not in made]
    return sorted(stale)


def write(folder: Path = DOCS) -> list[str]:
    """Bring all pages up to date; returns the ones that were not."""
    made, stale = pages(), outdated(folder)
    for name in stale:
        path = folder / name
        if name in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_output(path, made[name], option="docs:")
        else:
            path.unlink()
    return stale


def _read(path: Path) -> str:
    return path.read_bytes().decode().replace("\r\n", "\n")


def _page(one: Explanation) -> str:
    origin = "Found by a check." if one.origin == "probe" else "Found by a stage of a build."
    sources = "\nSources:\n\n" + "".join(f"- <{link}>\n" for link in one.sources)
    place = f"Judged in `{_source(one).relative_to(DOCS.parent).as_posix()}`."
    text = f"{_MADE}\n# {one.code}: {one.title}\n\n`{one.name}` | {one.family}. {origin}\n\n{one.text}\n"
    return f"{text}{sources}\n{place}\n"


def _source(one: Explanation) -> Path:
    """The module of a probe, or the table of a stage's problem."""
    if one.origin == "probe":
        return next(Path(each.check.__code__.co_filename) for each in probes() if each.code == one.code)  # type: ignore[attr-defined]
    tables = (folder / "stage-problems.toml" for folder in (*built_in_folders(), DATA))
    return next(file for file in tables if file.is_file() and f'code = "{one.code}"' in file.read_text("utf-8"))


def _architecture() -> Iterator[str]:
    """The rooms as a picture: the layers that import-linter checks."""
    project = load_file(DOCS.parent / "pyproject.toml")
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    rows = [layer.split(" | ") for layer in layers]
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {len(rows) * 34 + 8}" role="img" '
        'font-family="sans-serif" font-size="13"><title>The rooms of envdoctor, top may import below</title>'
    )
    for number, row in enumerate(rows):
        width = 704 / len(row)
        for place, name in enumerate(row):
            left, top = 8 + place * width, 8 + number * 34
            box = f'x="{left:.1f}" y="{top}" width="{width - 6:.1f}" height="28"'
            middle = f'x="{left + (width - 6) / 2:.1f}" y="{top + 19}"'
            yield f'<rect {box} rx="4" fill="#e8eef7" stroke="#5b7db1"/>'
            yield f'<text {middle} text-anchor="middle" fill="#1b2a41">{name}</text>'
    yield "</svg>\n"


def _list(known: tuple[Explanation, ...]) -> Iterator[str]:
    yield f"{_MADE}\n# Codes\n\nWhat `envdoctor explain` knows. A code is never used again for anything else."
    family = ""
    for one in known:
        if one.family != family:
            family = one.family
            yield f"\n## {family}\n"
        yield f"- [{one.code}]({one.code}.md) {one.title}"
    yield ""


def _faults() -> Iterator[str]:
    """What `inspect` tells those who make wheels."""
    yield _MADE
    yield "# Faults of how wheels are made\n"
    yield "What `envdoctor inspect` tells apart from the verdict; see [the guide](guide-inspect.md).\n"
    for rule in all_rules():
        yield f"## {rule.name}\n\n{rule.explanation}\n\nFix: {rule.fix}\n"


def _commands() -> Iterator[str]:
    yield f"{_MADE}\n# Commands\n\n`envdoctor COMMAND --help` says the same."
    settings = {**group.context_settings, "max_content_width": _WIDTH, "terminal_width": _WIDTH}
    context = click.Context(group, info_name="envdoctor", **settings)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            yield from _help(command, click.Context(command, info_name=name, parent=context))


def _help(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"\n## {context.command_path}\n\n```text\n{command.get_help(context)}\n```"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _help(child, click.Context(child, info_name=name, parent=context))


def _schemas() -> Iterator[str]:
    yield f"""{_MADE}
# JSON schemas

What `--json` prints, as JSON Schema 2020-12. A schema's number, `schema_version`, is raised when a field is taken away
or changes its meaning; a new field does not raise it. These members stand first, whatever the command:

| member | what it says |
| --- | --- |
| `schema_version` | the number of the schema |
| `summary.verdict` | `fine`, `problems`, `unknown`, ...: what it all comes to |
| `summary.exit_code` | what the command returns to the shell; see [exit codes](exit-codes.md) |
| `summary.findings` | how many findings of which severity there are |
| `summary.counts`, `summary.outcomes` | how many cells, targets, rows or probes came to what |
| `findings` | all findings in one list, the worst first |

The same values are what the [Python API](python-api.md) returns. `config`, `env list` and `toolchain list` print
settings and folders, which have no verdict and no schema.

| value | printed by | schema |
| --- | --- | --- |"""
    for name, (_, commands) in DOCUMENTS.items():
        words = ", ".join(f"`{command}`" for command in commands)
        yield f"| {name} | {words} | [{name}-schema.json]({name}-schema.json) |"
    yield ""


def _goals() -> Iterator[str]:
    yield f"{_MADE}\n# Goals\n\nWhat `--to` takes.\n\n| goal | what it is | kind of file |\n| --- | --- | --- |"
    for name in goal_names():
        goal = parse_goal(name)
        yield f"| `{name}` | {goal.title} | {goal.kind} |"
    yield ""


if __name__ == "__main__":
    checking = sys.argv[1:] == ["--check"]
    if not checking:
        PAGE.write_text(codes_page(), "utf-8", newline="")
    found = outdated() if checking else write()
    for name in found:
        print(f"{'out of date' if checking else 'written'}: docs/{name}")
    sys.exit(1 if checking and found else 0)
