"""Words on an import that fails: what is wrong, what proves it, and what would bring what it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import FactUnavailable
from envdoctor.core.finding import Evidence
from envdoctor.facts.importing.fixes import base_name, emptied, sought
from envdoctor.facts.importing.others import unmet_behind
from envdoctor.imports.events import What
from envdoctor.imports.standard_library import is_of_another_python, optional_module
from envdoctor.support.text import quote_command

if TYPE_CHECKING:
    from envdoctor.facts import Facts
    from envdoctor.facts.importing import FailedImport
    from envdoctor.facts.requirements import Unmet
    from envdoctor.imports.events import Event

_SHOWN = 3


def failures_behind(facts: Facts, unmet: Unmet) -> tuple[FailedImport, ...]:
    """The imports that certainly fail for want of what a requirement asks for; none where nobody looked at imports."""
    try:
        failed = facts.importing.failed
    except FactUnavailable:
        return ()
    return tuple(
        each
        for each in failed
        if each.told_by == "PKG001"
        and unmet_behind(facts, each.distribution, each.owner, each.failures[0].cause) == unmet
    )


def message_of(failed: FailedImport, facts: Facts) -> str:
    """What fails, and for want of what, in one sentence."""
    first, *others = failed.uses
    behind = f", and so {'does' if len(others) == 1 else 'do'} {_listed(others)}" if others else ""
    spared = f"; {failed.spared[0].name}, which requires it, can be imported without" if failed.spared else ""
    names = ", ".join(failed.variables)
    set_so = f", as {names} {'is' if len(failed.variables) == 1 else 'are'} set" if names else ""
    return f"{first[:1].upper()}{first[1:]} fails{behind}: {_cause(failed, facts)}{set_so}{spared}."


def _listed(words: list[str]) -> str:
    shown = words[:_SHOWN] + ([f"{len(words) - _SHOWN} more"] if len(words) > _SHOWN else [])
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _cause(failed: FailedImport, facts: Facts) -> str:
    failure, asker = failed.failures[0], failed.asking.module
    cause = failure.cause
    libraries = sought(failure, What.LOOK_UP)
    if libraries:
        return f"{asker} looks for the library {base_name(libraries[0])}, which this system does not have"
    if cause.what is What.USE:
        owner = failed.owner.title if failed.owner is not None else f"Python {facts.python.version}"
        return f"{asker} asks for {cause.subject}.{cause.name}, which {owner} does not have"
    if cause.what is What.IMPORT:
        return f"{asker} imports {cause.subject}, which {_absence(cause.subject, failed, facts)}{_first(cause, facts)}"
    return _own_cause(failed, facts)


def _own_cause(failed: FailedImport, facts: Facts) -> str:
    """Of what a distribution's own text or files do."""
    failure, asker = failed.failures[0], failed.asking.module
    cause = failure.cause
    if cause.what is What.OPEN:
        return f"{asker} opens {cause.subject}, which is not there"
    if cause.what is What.ASK and cause.name and failed.owner is not None:
        return f"{asker} needs {cause.subject}{cause.name}, and {failed.owner.version} is installed"
    if cause.what is What.ASK:
        return f"{asker} asks for the metadata of the distribution {cause.subject}, which is not installed"
    if cause.what is What.LOAD:
        from envdoctor.facts.importing.init_functions import init_function

        asked = cause.via[-1:] != (cause.name,)
        function = cause.name if asked else init_function(cause.subject)
        return f"{base_name(cause.subject)} has no function {function}, which {asker if asked else 'an import'} calls"
    return _raised(failed, facts)


def _raised(failed: FailedImport, facts: Facts) -> str:
    """Of what a text raises itself."""
    failure, asker = failed.failures[0], failed.asking.module
    raised = failure.raises or "an exception"
    if failure.cause.name and failure.cause.subject != "SyntaxError":
        return f"{asker} raises {raised} ({failure.cause.name})"
    if failure.cause.name:
        return f"the text of {asker} is not Python {'{}.{}'.format(*facts.python.minor)} ({failure.cause.name})"
    version = failure.version
    if version is not None:
        return f"{asker} looks at the version of {version.subject}, which is {version.name}, and raises {raised}"
    modules, files = sought(failure, What.IMPORT), sought(failure, What.OPEN)
    if modules:
        return f"{asker} looks for {' or '.join(modules[:_SHOWN])}, which is not installed, and raises {raised}"
    return (
        f"{asker} looks for {files[0]}, which is not there, and raises {raised}"
        if files
        else f"{asker} raises {raised}"
    )


def _absence(module: str, failed: FailedImport, facts: Facts) -> str:
    if failed.owner is not None:
        return f"{failed.owner.title} does not have"
    lacking = optional_module(module, facts.python.left_out)
    if lacking:
        return f"this Python can't import ({facts.python.left_out[lacking]})"
    if is_of_another_python(module):
        return "Python {}.{} does not have".format(*facts.python.minor)
    lost = emptied(module, facts)
    return "is not installed" if lost is None else f"is not there, though {lost.title} is installed"


def _first(cause: Event, facts: Facts) -> str:
    """What was looked for before, where the module was to take its place."""
    if not cause.instead_of:
        return ""
    gone = is_of_another_python(cause.instead_of)
    where = "Python {}.{} does not have either".format(*facts.python.minor) if gone else "is not installed either"
    return f", in place of {cause.instead_of}, which {where}"


def evidence_of(failed: FailedImport) -> tuple[Evidence, ...]:
    """The line that asks, the chain of modules that leads there, and who does not have what it asks for."""
    cause, asking = failed.failures[0].cause, failed.asking
    place = f"{asking.path}:{asking.line}" if asking.line else asking.path or asking.module
    chain = " > ".join(cause.via or (failed.module,))
    more = [f"{each.cause.subject}.{each.cause.name}".rstrip(".") for each in failed.failures[1:]]
    proof = [Evidence(source=place, excerpt=asking.excerpt or f"{cause.what.value} {cause.subject}")]
    proof.append(Evidence(source="the modules that lead there", excerpt=chain))
    if failed.owner is not None and failed.owner != failed.distribution:
        proof.append(Evidence(source=failed.owner.metadata, excerpt=failed.owner.title))
    if failed.variables:
        proof.append(Evidence(source="environment variable", excerpt=", ".join(failed.variables)))
    if more:
        proof.append(Evidence(source="what would be missing next", excerpt=", ".join(more)))
    return tuple(proof)


def words_on(facts: Facts, failed: FailedImport) -> tuple[Evidence, ...]:
    """What Python said when one of the imports was really done, if it was."""
    try:
        attempts = facts.proven.attempts
    except FactUnavailable:
        return ()
    modules = {each.module for _, each in failed.entrances}
    for attempt in attempts:
        if attempt.entrance.module in modules and attempt.words:
            return (Evidence(source=quote_command(attempt.command), excerpt=attempt.words),)
    return ()
