"""Finds the line of a text that asks for what is not there, for a person to look at."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.errors import Unreadable
from envdoctor.facts.importing import Asking
from envdoctor.facts.importing.unit import read_module
from envdoctor.imports.events import What

if TYPE_CHECKING:
    from envdoctor.facts.importing.modules import Modules
    from envdoctor.imports.events import Event

_LONGEST = 160
_TOLD_LINE = re.compile(r"line (\d+):")
_IMPORT = r"^\s*(?:from|import)\b.*"


def find_asking(module: str, cause: Event, modules: Modules) -> Asking:
    """The place that a step of an import stands at; `module` is the one that was imported."""
    at = cause.via[-1] if cause.via else module
    path = modules.find(at).path
    try:
        lines = read_module(path).splitlines() if path.endswith(".py") else []
    except Unreadable:
        lines = []
    told = _TOLD_LINE.match(cause.name)
    number = int(told[1]) if told and cause.what is What.RAISE else cause.line
    if 0 < number <= len(lines):
        excerpt = lines[number - 1].replace("\0", "\\0").strip()[:_LONGEST]
        return Asking(module=at, path=path, line=number, excerpt=excerpt)
    for pattern in _patterns(cause):
        for number, line in enumerate(lines, 1):
            if pattern.search(line):
                return Asking(module=at, path=path, line=number, excerpt=line.strip()[:_LONGEST])
    return Asking(module=at, path=path)


def _patterns(cause: Event) -> list[re.Pattern[str]]:
    """How such a step may be written, the surest form first."""
    subject, last = re.escape(cause.subject), re.escape(cause.subject.rpartition(".")[2])
    if cause.what is What.IMPORT:
        forms = [rf"{_IMPORT}\b{subject}\b", rf"{_IMPORT}\b{last}\b", rf"\b{last}\b"]
    elif cause.what is What.USE:
        name, of_made = re.escape(cause.name), cause.subject.rpartition(".")[2][:1].isupper()
        forms = (
            [rf"\)\.{name}\b"]
            if of_made
            else [rf"{_IMPORT}\b{last}\b.*\b{name}\b", rf"\.{name}\b", rf"{_IMPORT}\b{name}\b", rf"^\s*{name},?$"]
        )
    elif cause.what is What.RAISE:
        forms = [rf"\braise\b.*\b{last}\b"]
    elif cause.what is What.OPEN:
        forms = [re.escape(cause.subject.rpartition("/")[2])]
    elif cause.what is What.ASK and cause.name:
        forms = [r"\.Validate\w*Version\(", rf"\.{subject}\b.*\b(?:runtime_version|descriptor)\b"]
    elif cause.what is What.ASK:
        forms = [rf"['\"]{subject}['\"]", r"\b(?:version|distribution|metadata|requires|files)\("]
    else:
        forms = [rf"['\"/]{subject}['\"]", last]
    return [re.compile(form) for form in forms]
