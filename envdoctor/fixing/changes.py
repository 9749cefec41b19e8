"""What a step does to the versions of an environment, and what would put the ones of before back."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.core.fixing import Change
from envdoctor.facts.packages.installers import Deed
from envdoctor.support.files import read_regular
from envdoctor.support.requirement import is_version, normal_name, parse_requirement
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envdoctor.core.fixing import Argv
    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution, Packages
    from envdoctor.facts.packages.installers import Installer, Operation
    from envdoctor.fixing.resolving import Resolution, Resolver

_LARGEST = 1 << 16


def changes_of(operations: Sequence[Operation], resolution: Resolution, facts: Facts) -> tuple[Change, ...]:
    """Each distribution that is touched, with its versions."""
    versions = dict(resolution.versions)
    gone = {normal_name(one.name) for one in operations if one.deed is Deed.REMOVE}
    for one in operations:
        name, there = normal_name(one.name), facts.packages.find(one.name)
        before = there.version if there else ""
        if one.deed is Deed.REINSTALL:
            kept = before or _pinned(one)  # what can't be read is not found, and its version is in the command
            if versions.get(name, ("", kept)) == ("", kept):  # its files are there: an undo must not remove them
                versions[name] = kept, kept
        elif one.deed is Deed.INSTALL and name in gone and name not in versions:
            versions[name] = (before, _pinned(one) or before)
    for name in gone - versions.keys():
        there = facts.packages.find(name)
        versions[name] = (there.version if there else "", "")
    return tuple(
        Change(name=name, before=before, after=after, **_origin(facts.packages.find(name)))
        for name, (before, after) in sorted(versions.items())
    )


def _pinned(operation: Operation) -> str:
    versions = parse_requirement(f"{operation.name}{operation.versions}").specifier
    return versions.removeprefix("==").strip() if versions.startswith("==") and "," not in versions else ""


def _origin(distribution: Distribution | None) -> dict[str, Any]:
    """The requirement that installs a distribution again as it is; "" where none does."""
    if distribution is None:
        return {}
    if distribution.editable:
        back = "" if distribution.project_missing else f"-e {distribution.editable}"
        return {"undo": back, "editable": True}
    return {"undo": requirement_of(distribution)}


def requirement_of(distribution: Distribution) -> str:
    """What installs a distribution again: its version, or where it came from (PEP 610, `direct_url.json`).

    Returns:
        "" where the file that it was installed from is gone, or nothing says its version.
    """
    try:
        told = json.loads(read_regular(f"{distribution.metadata}/direct_url.json", _LARGEST))
        url, vcs = str(told["url"]), told.get("vcs_info")
    except FileNotFoundError:
        return f"{distribution.name}=={distribution.version}" if is_version(distribution.version) else ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""
    if vcs:
        return f"{distribution.name} @ {vcs.get('vcs')}+{url}@{vcs.get('commit_id')}"
    if url.startswith("file://"):
        from urllib.parse import urlsplit
        from urllib.request import url2pathname

        if not Path(url2pathname(urlsplit(url).path)).exists():
            return ""
    return f"{distribution.name} @ {url}"


def with_undo(changes: Iterable[Change], resolver: Resolver, python: str) -> tuple[Change, ...]:
    """The changes, without the requirements that can't be had any more: a version that the index lost, say.

    A project's folder was looked at before, and to ask more of it would run what builds it.
    """
    rows = tuple(changes)
    asked = [one for one in rows if one.undo and one.before != one.after and not one.editable]
    if resolver.can_restore(python, [one.undo for one in asked]):
        return rows
    gone = {one.name for one in asked if not resolver.can_restore(python, [one.undo])}
    return tuple(replace(one, undo="") if one.name in gone else one for one in rows)


def summed_up(changes: Iterable[Change]) -> str:
    """How many distributions are put back, added, changed and removed."""
    counts = Counter("put back" if one.before == one.after else _verb(one) for one in changes)
    return ", ".join(f"{verb} {count}" for verb, count in counts.items())


def _verb(change: Change) -> str:
    return "remove" if not change.after else "change" if change.before else "add"


def undo_command(python: str) -> str:
    """The command that takes back the last fix of an interpreter's environment, to stand in a sentence."""
    return f"`{quote_command(('envdoctor', 'fix', '--undo', '--python', python))}`"


def undo_words(changes: Sequence[Change], python: str) -> str:
    """How changes are undone, in a sentence; "" where nothing of them can be, or there is nothing to undo."""
    lost = [one for one in changes if one.lost]
    changed = [one for one in changes if one.before != one.after]
    if not changed or len(lost) == len(changed):
        return ""
    but = f"; not {', '.join(f'{one.name} {one.before}' for one in lost)}" if lost else ""
    return f"{undo_command(python)} restores the versions of before{but}"


def versions_now(packages: Packages, names: Iterable[str]) -> dict[str, str]:
    """The installed version of each name; "" for what is absent."""
    found = {name: packages.find(name) for name in names}
    return {name: one.version if one else "" for name, one in found.items()}


def commands_of(operations: Sequence[Operation], changes: Sequence[Change], installer: Installer) -> tuple[Argv, ...]:
    """What removes (again, where a distribution is registered several times), and what installs: a command each.

    What can't be removed, since no RECORD lists its files, is written over by a command of its own.
    """
    times = Counter(normal_name(one.name) for one in operations if one.deed is Deed.REMOVE)
    # Of several findings that remove the same, each says it as often as it takes.
    most = max(times.values(), default=1) if installer.name == "pip" else 1
    rounds = [[name for name, count in times.items() if count > number] for number in range(most)]
    commands = [(*installer.removes, *names) for names in rounds if names]
    over = {normal_name(one.name) for one in operations if one.over}
    fresh = installer.afresh if any(one.fresh for one in operations) else ()
    if written_over := [f"{one.name}=={one.after}" for one in changes if one.after and normal_name(one.name) in over]:
        commands.append((*installer.overwrites, *fresh, *written_over))
    rest = [one for one in changes if one.after and normal_name(one.name) not in over]
    if rest:
        again = any(one.before == one.after and normal_name(one.name) not in times for one in rest)
        beginning = installer.reinstalls if again else (*installer.installs, "--no-deps")
        commands.append((*beginning, *fresh, *(f"{one.name}=={one.after}" for one in rest)))
    return tuple(commands)
