"""Which other probe tells the cause of an import that fails: each cause is told once, by the one that knows most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.imports.events import What
from envdoctor.imports.removed_names import release_numbers
from envdoctor.imports.standard_library import is_project_of
from envdoctor.support.requirement import normal_name

if TYPE_CHECKING:
    from collections.abc import Collection

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.requirements import Unmet
    from envdoctor.imports.events import Event

#: Probes on native files: each tells of those that don't load.
_OF_NATIVE_FILES = "LIB001"


def told_by(facts: Facts, distribution: Distribution, owner: Distribution | None, cause: Event, path: str) -> str:
    """The code of the probe; "" where none knows.

    Args:
        facts: of the environment.
        distribution: that asks for what is not there.
        owner: that has, or would have, what is asked for; None where none has.
        cause: the step that fails.
        path: the native file that does not load, or where the module that is not there would be; "" for neither.
    """
    if (cause.what is What.LOAD and not cause.name) or (
        path and cause.what is What.IMPORT and not path.endswith(".py")
    ):
        return _OF_NATIVE_FILES
    if unmet_behind(facts, distribution, owner, cause) is not None:
        return "PKG001"
    if cause.what is What.LOAD:
        return ""
    module = f"{cause.subject}.{cause.name}".rstrip(".")
    if _is_lost(facts, module, owner):
        return "PKG005"
    stem = "/" + module.replace(".", "/") + "."
    if any(stem in one.path and not one.importable for one in facts.natives.files):
        return "PKG007"
    gone = any(one.project_missing and is_project_of(cause.subject, {one.key}) for one in facts.packages.distributions)
    return "PKG012" if gone else ""


def unmet_behind(facts: Facts, by: Distribution, owner: Distribution | None, cause: Event) -> Unmet | None:
    """The requirement that is not met and whose distribution would have what is asked for."""
    for unmet in facts.requirements.unmet:
        if unmet.by.metadata != by.metadata:
            continue
        found = unmet.found or unmet.stand_in
        is_old = found is not None and owner is not None and found.metadata == owner.metadata
        is_absent = found is None and cause.what is What.IMPORT and _is_of(cause.subject, {unmet.name})
        if is_old or is_absent:
            return unmet
    return None


def is_refused(unmet: Unmet) -> bool:
    """Whether what requires a distribution is known to compare its version when imported, and then raises."""
    return unmet.found is not None and any(
        row["by"] == unmet.by.key
        and normal_name(unmet.name) in row["of"]
        and release_numbers(unmet.by.version) >= release_numbers(row.get("since", "0"))
        for row in load_table("checked_requirements")["checked"]
    )


def _is_of(module: str, projects: Collection[str]) -> bool:
    """Whether a module is of one of some projects; one in a namespace may have the name of its second part too."""
    whole = module.replace(".", "-").replace("_", "-")
    return is_project_of(module, projects) or any(whole.startswith(project) for project in projects)


def _is_lost(facts: Facts, module: str, owner: Distribution | None) -> bool:
    """Whether a file that a RECORD lists is not there, and would be the module."""
    start = module.replace(".", "/")
    endings = tuple(f"{start}{end}" for end in (".py", "/__init__.py"))
    return any(
        path.endswith(endings)
        for record in facts.records.records
        if owner is None or record.distribution.metadata == owner.metadata
        for path in record.missing
    )
