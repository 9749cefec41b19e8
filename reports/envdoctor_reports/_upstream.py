"""A report to the maintainers of a package: the text, and a script that shows the fault without envdoctor."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from envdoctor import __version__
from envdoctor.support.text import one_line, plural, visible
from envdoctor_reports.html import TEMPLATES
from envdoctor_reports.markdown import code, fenced, plain, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.upstream import AffectedRelease, UpstreamReport

#: pip's own names of platforms, where there is no wheel whose tags could be taken.
_PLATFORMS = {"linux-x86_64": "manylinux_2_28_x86_64", "linux-aarch64": "manylinux_2_28_aarch64"}
_PLATFORMS |= {"macos-arm64": "macosx_13_0_arm64", "macos-x86_64": "macosx_13_0_x86_64", "windows-amd64": "win_amd64"}


def text(report: UpstreamReport, script: str) -> str:
    """The text of an issue in Markdown; `script` is the name of the file beside it."""
    return "\n".join(_text(report, script)) + "\n"


def _text(report: UpstreamReport, script: str) -> Iterator[str]:
    yield f"# {plain(report.label)} does not work on {plain(report.target)}"
    yield ""
    yield from (f"- {plain(claim.message)}" for claim in report.claims)
    yield from (f"- {plain(message)} (the script does not show this)" for message in report.others)
    yield ""
    yield "## To see it"
    yield ""
    if report.claims:
        local = " and give it the wheel's path" if report.local else ""
        yield f"Run {code(f'python3 {script}')}{local}: it needs pip and, for native files, readelf or otool."
        yield "It downloads the wheels and reads them; nothing of them is run. It returns 0 if it shows every fault."
    else:
        yield "No script shows it; what was found stands above."
    yield ""
    yield "## Fix"
    yield ""
    yield from (f"- {plain(fix)}" for fix in dict.fromkeys(claim.fix for claim in report.claims))
    if report.remedies:
        yield f"- Until then users get round it with {', '.join(map(code, report.remedies))}."
    yield ""
    yield from _releases(report)
    yield "## Set"
    yield from fenced("\n".join(pin.filename or str(pin) for pin in report.wheels))
    yield f"Found by envdoctor {__version__}, which sent nothing."


def _releases(report: UpstreamReport) -> Iterator[str]:
    yield "## Releases affected"
    yield ""
    if not report.releases:
        yield "Only this release was looked at."
        yield ""
        return
    yield _since(report.releases)
    yield ""
    words = {True: "affected", False: "not affected", None: "not known"}
    rows = ((one.version, one.uploaded or "not told", words[one.affected]) for one in report.releases)
    yield from table(rows, ("release", "uploaded", ""))
    yield f"As of {report.looked_at}; releases that are not listed were not looked at."
    yield ""


def _since(releases: tuple[AffectedRelease, ...]) -> str:
    bad = [one for one in releases if one.affected]
    if not bad:
        return "No release that was looked at has it for certain."
    oldest = bad[-1]
    before = releases[releases.index(oldest) + 1 :]
    known = bool(before) and before[0].affected is False
    when = f" ({oldest.uploaded})" if oldest.uploaded else ""
    since = f"Since {oldest.version}{when}" if known else f"Since {oldest.version}{when} or before"
    fixed = [one.version for one in releases[: releases.index(bad[0])] if one.affected is False]
    return f"{since}; {f'not in {fixed[-1]}' if fixed else 'the newest that was looked at has it, too'}."


def script(report: UpstreamReport) -> str:
    """The script: Python without anything but its standard library and pip."""
    labels = {_label(f"{pin.name} {pin.version}"): pin for pin in report.wheels}
    by_name = {pin.name: label for label, pin in labels.items()}
    also = [by_name[name] for one in report.remedies if (name := _project(one)) in by_name]
    platform = next((tag for name, tag in _PLATFORMS.items() if report.target.startswith(name)), "")
    data = {
        "title": f"{report.label} on {report.target}: {plural(len(report.claims), 'fault')}",
        "requirement": report.requirement,
        "python": report.python,
        "platform": ["--platform", platform] if platform else [],
        "also": also,
        "wheels": [{"label": label, "filename": pin.filename} for label, pin in labels.items()],
        "checks": [
            {
                "kind": claim.cause.kind.value,
                "wheel": _label(claim.cause.wheel),
                "other": _label(claim.cause.other),
                "message": one_line(claim.message),
                "files": list(claim.cause.files),
                "names": list(claim.cause.names),
            }
            for claim in report.claims
        ],
    }
    template = (TEMPLATES / "reproduce.py.txt").read_text(encoding="utf-8")
    return template.replace("@DATA@", repr(visible(json.dumps(data, indent=1))))


def _label(wheel: str) -> str:
    """As the set spells it: a wheel's own metadata may spell its name in another way."""
    name, _, version = wheel.partition(" ")
    return f"{canonicalize_name(name)} {version}" if version else wheel


def _project(requirement: str) -> str:
    try:
        return canonicalize_name(Requirement(requirement).name)
    except InvalidRequirement:
        return ""
