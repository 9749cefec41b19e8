"""The formats a report can be written in, and writing one: secrets and names are hidden before anything is rendered."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from envdoctor.cli import _options
from envdoctor.core.errors import UsageProblem
from envdoctor.support.streams import safe_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from envdoctor.core.availability import Matrix
    from envdoctor.core.report import Report
    from envdoctor.core.upstream import UpstreamReport

F = TypeVar("F", bound="Callable[..., Any]")

#: The format that the end of a file's name tells.
_ENDINGS = {
    ".sarif.json": "sarif",
    ".sarif": "sarif",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".xml": "junit",
    ".svg": "svg",
}
NAMES = "markdown, html, json, sarif, junit or github"

format_option = click.option(
    "--format",
    "format_name",
    metavar="FORMAT",
    help=f"{NAMES} (annotations of a workflow, and its step's summary); else told by the suffix of --output.",
)
upstream_option = click.option(
    "--upstream",
    type=_options.FILE,
    metavar="FOLDER",
    help="Also write there a report to the maintainers, and a script that shows the fault without envdoctor.",
)
output_option = click.option(
    "--output", type=_options.FILE, metavar="FILE", help="Write the report to a file instead of printing it."
)


def format_of(name: str | None, output: Path | None) -> str:
    """The format that is asked for, or that a file's name tells; Markdown where neither tells one.

    Raises:
        UsageProblem: the file's name tells no format.
    """
    if name:
        return name
    if output is None or not output.suffix:
        return "markdown"
    told = next((one for ending, one in _ENDINGS.items() if output.name.lower().endswith(ending)), None)
    if told is None:
        known = ", ".join(ending for ending in _ENDINGS if ending not in {".svg", ".sarif.json"})
        raise UsageProblem(
            f"--output {output}: the suffix '{output.suffix.lower()}' tells no format; use one of {known}, or say"
            f" --format ({NAMES})"
        )
    return told


def asked(name: str | None, output: Path | None, *, as_json: bool) -> str | None:
    """The format of a command that prints for a person where none is asked for; None for that.

    Raises:
        UsageProblem: the file's name tells no format, there is none of that name, or --json asks for another.
    """
    from envdoctor import registry

    if name is None and output is None:
        return None
    told = format_of(name, output)
    if as_json and told != "json":
        raise UsageProblem(f"--json and the format {told} contradict each other; leave one of them out.")
    registry.renderer(told)
    return told


def show_or_write(report: Report, written: str | None, output: Path | None, *, as_json: bool, verbose: bool) -> None:
    """Print a report for a person or as JSON; where a format was asked for, write it in that, for others to read."""
    from envdoctor.support.redaction import Redactor, redact_report

    if written is None:
        _options.show(report, as_json=as_json, verbose=verbose)
    else:
        write_report(redact_report(report, Redactor.here(personal=True)), written, output)


def write_report(report: Report, name: str, output: Path | None) -> None:
    """Print a report in a format, or write it to a file.

    Annotations of GitHub's workflows are always printed, and the summary of the workflow's step gets the report, too.

    Args:
        report: what must not leave the machine is hidden in it already.
        name: of the format.
        output: the file; None to print.

    Raises:
        UsageProblem: there is no such format, or the file can't be written.
    """
    from envdoctor import registry
    from envdoctor.support.outputs import write_output
    from envdoctor.support.text import visible

    text = visible(registry.renderer(name).render(report))
    if output is None:
        _options.write_safe(text + ("" if text.endswith("\n") else "\n"))
    else:
        write_output(output, text, option="--output")
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if name == "github" and summary:
        _append_summary(Path(summary), visible(registry.renderer("markdown").render(report)))


def write_matrix(matrix: Matrix, output: Path) -> None:
    """Write a matrix as an HTML page, without what must not leave the machine."""
    from envdoctor import registry
    from envdoctor.support.outputs import write_output
    from envdoctor.support.redaction import Redactor, redact

    safe = redact(matrix, Redactor.here(personal=True))
    write_output(output, registry.renderer("html").render_matrix(safe), option="--html")


def write_upstream(report: UpstreamReport, folder: Path) -> None:
    """Write the text for a package's maintainers and the script that shows the fault; nothing is sent.

    Raises:
        UsageProblem: the folder can't be made or written to.
    """
    from envdoctor import registry
    from envdoctor.support.outputs import write_output
    from envdoctor.support.redaction import Redactor, redact

    safe, markdown = redact(report, Redactor.here(personal=True)), registry.renderer("markdown")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageProblem(f"--upstream {folder}: {error.strerror or error}; name a folder") from None
    written = [folder / "report.md"]
    write_output(written[0], markdown.render_upstream(safe, "reproduce.py"), option="--upstream")
    if safe.claims:
        written.append(folder / "reproduce.py")
        write_output(written[1], markdown.upstream_script(safe), option="--upstream")
    told = " and ".join(safe_words(str(file)) for file in written)
    click.echo(f"Written: {told}. Nothing was sent; read and run them before you hand them on.", err=True)


def _append_summary(file: Path, text: str) -> None:
    """Add to the summary of a workflow's step: others may have written to it before."""
    try:
        with file.open("a", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
    except OSError as error:
        raise UsageProblem(f"GITHUB_STEP_SUMMARY {file}: {error.strerror or error}") from None
