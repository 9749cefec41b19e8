"""Rules about the long description, which package indexes show: what PyPI refuses to take, or shows as it is."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.finding import Severity
from envdoctor.wheels.rules import Sighting, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.wheels.reviewed import ReviewedWheel

_DIRECTIVE = re.compile(r"\.\.[ ]+(?:\|[^|]+\|[ ]+)?(?P<name>[A-Za-z][\w:.+-]*)[ ]?::(?:\s|$)")
_ROLE = re.compile(r"(?:^|[\s(])(?P<role>:[a-z][\w:+-]*:)`[^`\s]")
_LITERAL = re.compile(r"``.*?``")
_UNDERLINE = re.compile(r"([=\-~^\"'*+#<>`:.])\1{3,}\s*")
_HEADING = re.compile(r"#{1,6} +\S")
_FENCE_OR_LINK = re.compile(r"```|~~~|!?\[[^\]]+\]\([^)\s]+\)")
_MOST_TEXT = 256 * 1024


@rule(
    "description-not-rendered", fix="Mend the text, or give Description-Content-Type what it is: `twine check` tells."
)
def not_rendered(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A long description in reStructuredText with what PyPI can't render: it refuses the upload.

    Looked for are directives and roles that only Sphinx has, and underlines shorter than their titles; a text with
    other mistakes is not told from a right one here.
    """
    text, content_type = _description(wheel)
    if content_type not in {"", "text/x-rst"} or not text:
        return
    for what, line in _mistakes(text):
        yield Sighting(message=f"PyPI can't render the long description: {what}", files=("Description",), excerpt=line)
        return


@rule(
    "description-type-missing", fix="Set Description-Content-Type (`readme` in pyproject.toml does it by the suffix)."
)
def type_missing(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """A long description without Description-Content-Type: indexes take it for reStructuredText.

    Markdown is then shown as it was typed, or refused.
    """
    text, content_type = _description(wheel)
    if not text or content_type:
        return
    lines = text.splitlines()
    headings = [line for line in lines if _HEADING.match(line)]
    is_markdown = headings and any(_FENCE_OR_LINK.search(line) for line in lines)
    if is_markdown:
        message = "the long description is Markdown, and without Description-Content-Type it is shown as typed"
        yield Sighting(message=message, files=("Description-Content-Type",), excerpt=headings[0])
    else:
        message = "no Description-Content-Type: the long description is taken for reStructuredText"
        yield Sighting(message=message, files=("Description-Content-Type",), severity=Severity.INFO)


@rule("description-missing", fix="Give `readme` in pyproject.toml the file that says what the project is.")
def missing(wheel: ReviewedWheel) -> Iterator[Sighting]:
    """No long description: the project's page says nothing."""
    text, _ = _description(wheel)
    if not text:
        yield Sighting(message="no long description", files=("Description",), severity=Severity.INFO)


def _description(wheel: ReviewedWheel) -> tuple[str, str]:
    """The text, "" if there is none, and its type without parameters."""
    from packaging.metadata import parse_email

    raw, _ = parse_email(wheel.metadata_text.encode("utf-8", "surrogateescape"))
    text = raw.get("description", "")[:_MOST_TEXT]
    content_type = raw.get("description_content_type", "").partition(";")[0].strip().lower()
    return ("" if text.strip() in {"", "UNKNOWN"} else text), content_type


def _mistakes(text: str) -> Iterator[tuple[str, str]]:
    """What docutils finds wrong, as seen at lines that begin at the margin: no literal block holds those."""
    lines = text.expandtabs().splitlines()
    directives, roles = _sphinx_names()
    for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        found = _DIRECTIVE.match(line)
        if found and found["name"].lower() in directives:
            yield f"the directive {found['name']} is of Sphinx, or not allowed there", line
        for role in _ROLE.finditer(_LITERAL.sub("", line)) if line[:1].strip() and line[:2] != ".." else ():
            if role["role"].strip(":") in roles or role["role"].startswith((":py:", ":c:", ":cpp:", ":std:")):
                yield f"the role {role['role']} is of Sphinx", line
        title = line.rstrip()
        is_title = title.isascii() and title[:1].isalnum() and not before.strip()
        if is_title and _UNDERLINE.fullmatch(after) and len(after.rstrip()) < len(title):
            yield "the line under a title is shorter than the title", f"{title}\n{after}"


@cache
def _sphinx_names() -> tuple[frozenset[str], frozenset[str]]:
    table = load_table("sphinx_names")
    return frozenset(table["directives"]), frozenset(table["roles"])
