"""Words on an import that fails: what is wrong, what proves it, and what would bring what it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.binaries.policy import provider_of
from envdoctor.core.errors import FactUnavailable
from envdoctor.core.finding import Evidence, Fix
from envdoctor.facts.importing.others import unmet_behind
from envdoctor.facts.packages.installers import installer_for, matrix_command
from envdoctor.imports.events import What
from envdoctor.imports.removed_names import removed_since
from envdoctor.imports.standard_library import is_of_another_python, module_provider
from envdoctor.support.requirement import parse_requirement
from envdoctor.support.system_packages import package_of_name

if TYPE_CHECKING:
    from envdoctor.facts import Facts
    from envdoctor.facts.importing import FailedImport
    from envdoctor.facts.requirements import Unmet
    from envdoctor.imports.standard_library import ModuleProvider
    from envdoctor.imports.verdict import Failure

_SHOWN = 3
_FORMS = ("{}", "lib{}.so", "{}.dll", "lib{}.dylib")


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
    return f"{first[:1].upper()}{first[1:]} fails{behind}: {_cause(failed, facts)}{spared}."


def _listed(words: list[str]) -> str:
    shown = words[:_SHOWN] + ([f"{len(words) - _SHOWN} more"] if len(words) > _SHOWN else [])
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _cause(failed: FailedImport, facts: Facts) -> str:
    failure, asker = failed.failures[0], failed.asking.module
    cause = failure.cause
    libraries = _sought(failure, What.LOOK_UP)
    if libraries:
        return f"{asker} looks for the library {_base(libraries[0])}, which this system does not have"
    if cause.what is What.USE:
        owner = failed.owner.title if failed.owner is not None else f"Python {facts.python.version}"
        return f"{asker} asks for {cause.subject}.{cause.name}, which {owner} does not have"
    if cause.what is What.IMPORT:
        place = "is not installed" if failed.owner is None else f"{failed.owner.title} does not have"
        if failed.owner is None and is_of_another_python(cause.subject):
            place = f"Python {facts.python.minor[0]}.{facts.python.minor[1]} does not have"
        return f"{asker} imports {cause.subject}, which {place}"
    modules = _sought(failure, What.IMPORT)
    if modules:
        return f"{asker} looks for {' or '.join(modules[:_SHOWN])}, which is not installed, and raises {failure.raises}"
    return f"{asker} raises {failure.raises or 'an exception'}"


def _sought(failure: Failure, what: What) -> list[str]:
    steps = (failure.cause, *failure.sought)
    return list(dict.fromkeys(each.subject for each in steps if each.what is what and each.fails))


def _base(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]


def evidence_of(failed: FailedImport) -> tuple[Evidence, ...]:
    """The line that asks, the chain of modules that leads there, and who does not have what it asks for."""
    cause, asking = failed.failures[0].cause, failed.asking
    place = f"{asking.path}:{asking.line}" if asking.line else asking.path or asking.module
    chain = " > ".join(cause.via or (failed.module,))
    more = [f"{each.cause.subject}.{each.cause.name}".rstrip(".") for each in failed.failures[1:]]
    proof = [Evidence(source=place, excerpt=asking.excerpt or f"{cause.what.value} {cause.subject}")]
    proof.append(Evidence(source="modules that lead there", excerpt=chain))
    if failed.owner is not None and failed.owner != failed.distribution:
        proof.append(Evidence(source=failed.owner.metadata, excerpt=failed.owner.title))
    if more:
        proof.append(Evidence(source="wanting after that", excerpt=", ".join(more)))
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
            return (Evidence(source=" ".join(attempt.command), excerpt=attempt.words),)
    return ()


def fix_of(failed: FailedImport, facts: Facts) -> Fix | None:
    """What would bring it, as far as the tables know."""
    failure, cause = failed.failures[0], failed.failures[0].cause
    library = next(iter(_sought(failure, What.LOOK_UP)), "")
    if library:
        return _library_fix(library, facts)
    if cause.what is What.IMPORT and failed.owner is None:
        return _module_fix(cause.subject, failed, facts)
    if cause.what is What.RAISE:
        modules = _sought(failure, What.IMPORT)
        return _module_fix(modules[0], failed, facts) if modules else _other_version(failed)
    installer = installer_for(facts.python, facts.packages, failed.owner)
    since = _removed_since(failed)
    if failed.owner is None or installer is None or failed.owner == failed.distribution:
        return _other_version(failed)
    owner, asker = failed.owner.name, failed.distribution.name
    if since:
        text = f"Install {owner} older than {since}, which still has it, or a newer {asker}."
        return Fix(text=text, commands=installer.install(owner, f"<{since}"))
    text = f"Install a newer {owner}; if that has dropped it, another version of {asker}."
    return Fix(text=text, commands=installer.install(owner, upgrade=True))


def _removed_since(failed: FailedImport) -> str:
    cause, owner = failed.failures[0].cause, failed.owner
    return "" if owner is None else removed_since(owner.key, owner.version, cause.subject, cause.name)


def _other_version(failed: FailedImport) -> Fix:
    text = f"Install another version of {failed.distribution.name}; envdoctor tells which ones can be imported."
    return Fix(text=text, commands=matrix_command(failed.distribution.name))


def _provider(module: str) -> ModuleProvider | None:
    return module_provider(".".join(module.split(".")[:2])) or module_provider(module.partition(".")[0])


def _module_fix(module: str, failed: FailedImport, facts: Facts) -> Fix:
    """The distribution that brings a module; where no table knows it, what it may be called."""
    provider = _provider(module)
    installer = installer_for(facts.python, facts.packages, failed.distribution)
    if provider is None:
        text = f"Install what brings {module.partition('.')[0]}; {failed.distribution.name} does not ask for it."
        return Fix(text=text)
    requirement = parse_requirement(provider.requirement)
    commands = installer.install(requirement.name, requirement.specifier) if installer is not None else ()
    return Fix(text=f"Install {provider.requirement}, which has {module}.", commands=commands)


def _library_fix(name: str, facts: Facts) -> Fix | None:
    base = _base(name)
    package = package_of_name(base, facts.host.distribution) if facts.host.system == "linux" else None
    if package is not None:
        return Fix(text=f"Install the system's package {package.name}.", commands=(package.command,), safe=True)
    provider = next(filter(None, (provider_of(form.format(base)) for form in _FORMS)), None)
    return None if provider is None else Fix(text=f"Install what supplies it: {provider.name}.")
