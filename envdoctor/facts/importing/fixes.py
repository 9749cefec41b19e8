"""What would mend an import that fails, as far as what is at hand tells."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from envdoctor.binaries.policy import provider_of
from envdoctor.core.data import load_table
from envdoctor.core.finding import Fix
from envdoctor.facts.natives.listing import top_level
from envdoctor.facts.packages.installers import installer_for, matrix_command
from envdoctor.facts.python.search_path import Origin
from envdoctor.facts.requirements import contradict
from envdoctor.imports.events import What
from envdoctor.imports.lazy_keras import KERAS
from envdoctor.imports.removed_names import release_numbers, removed_since
from envdoctor.imports.standard_library import (
    is_of_another_python,
    is_project_of,
    module_provider,
    optional_module,
    outdated,
    was_removed,
)
from envdoctor.support.requirement import admits, is_of_extra, parse_requirement, required_name
from envdoctor.support.system_packages import package_of_name

if TYPE_CHECKING:
    from envdoctor.facts import Facts
    from envdoctor.facts.importing import FailedImport
    from envdoctor.facts.packages import Distribution
    from envdoctor.facts.packages.installers import Installer
    from envdoctor.imports.standard_library import ModuleProvider, Outdated
    from envdoctor.imports.verdict import Failure

_NOT_AS_BUILT = {What.LOAD: "it was built wrong", What.OPEN: "its wheel lacks that file"}
_FORMS = ("{}", "lib{}.so", "{}.dll", "lib{}.dylib")


def emptied(module: str, facts: Facts) -> Distribution | None:
    """An installed distribution that would have a module that is not there, and whose RECORD lists no file either."""
    wrong = {record.distribution.metadata for record in facts.records.records if record.problem}
    for one in facts.packages.active().values():
        unlisted = one.metadata in wrong or not one.has_record
        if unlisted and not one.editable and (_top(module) in top_level(one) or is_project_of(module, {one.key})):
            return one
    return None


def sought(failure: Failure, what: What) -> list[str]:
    """What an import looked for in vain."""
    steps = (failure.cause, *failure.sought)
    return list(dict.fromkeys(each.subject for each in steps if each.what is what and each.fails))


def base_name(path: str) -> str:
    """The last part of a path of any system."""
    return path.replace("\\", "/").rpartition("/")[2]


def fix_of(failed: FailedImport, facts: Facts) -> Fix | None:
    """What would bring what is asked for, as far as the tables and the metadata tell."""
    failure, cause = failed.failures[0], failed.failures[0].cause
    if failed.variables:
        return Fix(text=f"Unset {' or '.join(failed.variables)}, or give it another value.")
    library = next(iter(sought(failure, What.LOOK_UP)), "")
    if library:
        return _library_fix(library, facts)
    known = replacement(failed.distribution, facts) or _as_it_was(failed, facts) or _for_another_python(failed, facts)
    if known is not None:
        return known
    if cause.what is What.IMPORT and failed.owner is None:
        if not failed.distribution.has_record and _top(cause.subject) == _top(failed.asking.module):
            return _again(failed, facts, "its wheel lacks that module")
        return _module_fix(cause.instead_of or cause.subject, failed, facts)
    return _owner_fix(failed, facts) if cause.what in {What.IMPORT, What.USE} else _own_fix(failed, facts)


def _top(module: str) -> str:
    return module.partition(".")[0]


def _own_fix(failed: FailedImport, facts: Facts) -> Fix:
    """Of a distribution that fails for what it holds itself, or for a distribution that it names."""
    cause = failed.failures[0].cause
    if failed.failures[0].version is not None and failed.owner is not None:
        is_asked = cause.what is What.ASK
        asked = version_fix(failed.distribution, failed.owner, cause.name, facts) if is_asked else None
        return asked or _owner_fix(failed, facts)
    if cause.what is What.RAISE and not cause.name:
        modules = sought(failed.failures[0], What.IMPORT)
        return _module_fix(modules[0], failed, facts) if modules else _other_version(failed)
    if cause.what is What.ASK:
        installer = installer_for(facts.python, facts.packages, failed.distribution)
        text = f"Install {cause.subject}; {failed.distribution.name} can't be imported without its metadata."
        return Fix(text=text, commands=installer.install(cause.subject) if installer is not None else ())
    if cause.what is What.RAISE and cause.subject != "SyntaxError":
        return _other_version(failed)
    if cause.what is not What.LOAD or cause.subject in {one.path for one in facts.natives.files}:
        return _again(failed, facts, _NOT_AS_BUILT.get(cause.what, "it was made for another Python"))
    return Fix(text=f"Remove {cause.subject}, which no distribution installed; Python takes it for {cause.name}.")


def unfit(one: Distribution, facts: Facts) -> Outdated | None:
    """What is known of a distribution that does not work with this Python; None for nothing."""
    return outdated(one.key, one.version, facts.python.minor)


def replacement(one: Distribution, facts: Facts) -> Fix | None:
    """Of a distribution that is known not to work with this Python, what does."""
    row = unfit(one, facts)
    installer = installer_for(facts.python, facts.packages, one)
    if row is None or installer is None:
        return None
    since = "{}.{}".format(*row.python)
    if _parts(row.instead)[0] == one.key:
        text = f"{one.title} does not work with Python {since} or newer: install {row.instead}, or use an older Python."
        return Fix(text=text, commands=installer.install(*_parts(row.instead)))
    text = f"No release of {one.name} works with Python {since} or newer: install {row.instead} in its place"
    return Fix(
        text=f"{text}{f', or {row.otherwise}' if row.otherwise else ''}, or use an older Python.",
        commands=(*installer.remove(one), *installer.install(*_parts(row.instead))),
    )


def _parts(requirement: str) -> tuple[str, str]:
    parsed = parse_requirement(requirement)
    return parsed.name, parsed.specifier


def _as_it_was(failed: FailedImport, facts: Facts) -> Fix | None:
    """Where the text that asks, or the module that is asked, was changed since it was installed: that undone."""
    module = failed.failures[0].cause.subject.replace(".", "/")
    asked = {f"{failed.owner.root}/{module}{end}" for end in (".py", "/__init__.py")} if failed.owner else set()
    for record in facts.records.records:
        one = record.distribution
        changed = {f"{one.root}/{each.path}" for each in record.changed}
        installer = installer_for(facts.python, facts.packages, one)
        if installer is not None and not one.editable and not changed.isdisjoint({failed.asking.path, *asked}):
            text = f"Install {one.title} again: its files are not as they were installed."
            return installer.again(one, text, safe=False)
    return None


def _for_another_python(failed: FailedImport, facts: Facts) -> Fix | None:
    """Of a distribution that says itself that it is not for this Python."""
    one = failed.distribution
    try:
        if not one.requires_python or admits(one.requires_python, facts.python.version):
            return None
    except ValueError:
        return None
    if any(each.path == one.root and each.origin is Origin.PYTHONPATH for each in facts.python.search_path):
        return Fix(text=f"Take {one.root} out of PYTHONPATH: it was filled for another Python.")
    installer = installer_for(facts.python, facts.packages, one)
    commands = installer.install(one.name, upgrade=True) if installer is not None else ()
    return Fix(text=f"Install a version of {one.name} that admits this Python.", commands=commands)


def _owner_fix(failed: FailedImport, facts: Facts) -> Fix:
    """Of a distribution that lacks what another asks of it: which of both is too old for the other."""
    owner, asker = failed.owner, failed.distribution
    installer = installer_for(facts.python, facts.packages, owner)
    if installer is not None and failed.failures[0].cause.subject.startswith(KERAS):
        text = f"Install tf-keras and set TF_USE_LEGACY_KERAS=1, which makes tf.keras Keras 2, or a newer {asker.name}."
        return Fix(text=text, commands=installer.install("tf-keras", _as_tensorflow(facts)))
    if owner is None or installer is None or owner == asker:
        return _other_version(failed)
    since = _gone_since(owner, failed)
    before = since or _older_major(asker, owner, facts)
    holder = _holder(owner, before, facts) if before else None
    if holder is not None:
        text = f"Install a newer {asker.name}; {holder.title} does not take {owner.name} older than {before}."
        return Fix(text=text, commands=installer.install(asker.name, upgrade=True))
    if before:
        why = "which still has it" if since else f"as there was when {asker.title} came"
        text = f"Install {owner.name} older than {before}, {why}, or a newer {asker.name}."
        return Fix(text=text, commands=installer.install(owner.name, f"<{before}"))
    if any(by == asker and not text for by, text in facts.requirements.wanted.get(owner.key, ())):  # any version
        both = f"envdoctor matrix {asker.name} {owner.name}"
        text = f"Install a newer {owner.name}; if it lacks that too, `{both}` tells which versions suit each other."
        return Fix(text=text, commands=installer.install(owner.name, upgrade=True))
    text = f"{owner.title} and {asker.title} don't suit each other: install others; envdoctor tells which do."
    return Fix(text=text, commands=matrix_command(asker.name, owner.name))


def _as_tensorflow(facts: Facts) -> str:
    """The versions of tf-keras that are for the TensorFlow that is installed."""
    names = ("tensorflow", "tensorflow-cpu", "tensorflow-intel", "tensorflow-macos")
    found = next(filter(None, map(facts.packages.find, names)), None)
    numbers = release_numbers(found.version) if found is not None else ()
    return "~={}.{}.0".format(*numbers) if len(numbers) > 1 else ""


def _gone_since(owner: Distribution, failed: FailedImport) -> str:
    """The first version of a distribution that lacks any of what is asked for, as far as is known; "" for none."""
    causes = [each.cause for each in failed.failures]
    asked = [(one.subject, one.name) if one.name else one.subject.rpartition(".")[::2] for one in causes]
    found = (removed_since(owner.key, owner.version, module, name) for module, name in asked)
    return min(filter(None, found), key=release_numbers, default="")


def _holder(owner: Distribution, before: str, facts: Facts) -> Distribution | None:
    """Who takes no version of a distribution that is older than one; None for nobody."""
    wanting = dict.fromkeys(by for by, _ in facts.requirements.wanted.get(owner.key, ()))
    first = release_numbers(before)
    return next((by for by in wanting if any(least >= first for least in _least(by, owner, facts))), None)


def version_fix(asker: Distribution, owner: Distribution, needed: str, facts: Facts) -> Fix:
    """The versions of a distribution that another needs, or where a third forbids those, another version of the other.

    Args:
        asker: that needs them.
        owner: of which they are, and which is installed in another version.
        needed: a specifier.
        facts: of the environment.
    """
    installer = installer_for(facts.python, facts.packages, owner)
    wanted = [(by, text) for by, text in facts.requirements.wanted.get(owner.key, ()) if text and by != asker]
    against = next((by for by, text in wanted if contradict((text, needed))), None)
    if against is not None:
        text = f"{against.title} forbids {owner.name}{needed}: install another version of {asker.name}, or of both."
        return Fix(text=text, commands=matrix_command(asker.name, against.name))
    commands = installer.install(owner.name, needed) if installer is not None else ()
    return Fix(text=f"Install {owner.name}{needed}, or another version of {asker.name}.", commands=commands)


def _older_major(asker: Distribution, owner: Distribution, facts: Facts) -> str:
    """The major version installed, if the oldest that a distribution asks for is of the one before.

    Where more lie between, it may have been made for any of them.
    """
    majors = [numbers[0] for numbers in _least(asker, owner, facts) if numbers and numbers[0]]
    have = release_numbers(owner.version)
    return str(have[0]) if majors and have and have[0] == max(majors) + 1 else ""


def _least(asker: Distribution, owner: Distribution, facts: Facts) -> list[tuple[int, ...]]:
    """The oldest versions that a distribution asks for, as numbers."""
    wanted = [text for by, text in facts.requirements.wanted.get(owner.key, ()) if by == asker]
    bounds = [part.strip()[2:] for text in wanted for part in text.split(",") if part.strip().startswith(">=")]
    return [tuple(release_numbers(bound)) for bound in bounds]


def _again(failed: FailedImport, facts: Facts, otherwise: str) -> Fix:
    """Of a file that is not what it should be: the distribution's own, or that of another version."""
    installer = installer_for(facts.python, facts.packages, failed.distribution)
    if installer is None or failed.distribution.editable:
        return _other_version(failed)
    text = f"Install {failed.distribution.title} again; if that does not help, {otherwise}: another version."
    return installer.again(failed.distribution, text)


def _other_version(failed: FailedImport) -> Fix:
    if failed.distribution.editable:
        return Fix(text=f"Correct the project in {failed.distribution.editable}.")
    text = f"Install another version of {failed.distribution.name}; envdoctor tells which ones can be imported."
    return Fix(text=text, commands=matrix_command(failed.distribution.name))


def _provider(module: str) -> ModuleProvider | None:
    return module_provider(".".join(module.split(".")[:2])) or module_provider(_top(module))


def _module_fix(module: str, failed: FailedImport, facts: Facts) -> Fix:
    """The distribution that brings a module; where no table knows it, what it may be called."""
    lost = emptied(module, facts)
    installer = installer_for(facts.python, facts.packages, lost or failed.distribution)
    if lost is not None and installer is not None:
        text = f"Install {lost.title} again: its files are gone."
        return installer.again(dataclasses.replace(lost, has_record=False), text)
    lacking = optional_module(module, facts.python.left_out)
    if lacking:
        return _python_fix(lacking, facts)
    provider = _provider(module)
    if provider is None and was_removed(_top(module)):
        name, python = failed.distribution.name, "{}.{}".format(*facts.python.minor)
        text = f"Install a newer {name} that does without {module}, or use a Python older than {python}."
        return Fix(text=text, commands=installer.install(name, upgrade=True) if installer is not None else ())
    if provider is None:
        return _requirements_fix(failed, facts) or _extra_fix(module, failed, installer)
    newer = f", or a newer {failed.distribution.name} that does without" if is_of_another_python(module) else ""
    commands = installer.install(*_parts(provider.requirement)) if installer is not None else ()
    return Fix(text=f"Install {provider.requirement}, which has {module}{newer}.", commands=commands)


def _python_fix(lacking: str, facts: Facts) -> Fix:
    """The library behind a module, a package of the system that its own Python may do without, or another Python."""
    row, library = load_table("python_modules")["optional"][lacking], facts.python.left_out[lacking].partition(":")[0]
    if ".so" in library:
        return _library_fix(library, facts) or Fix(text=f"Install what brings {library}, or take another Python.")
    packaged = row.get("debian", "") if facts.python.base_prefix == "/usr" and facts.host.system == "linux" else ""
    if packaged:
        return Fix(text=f"Install the system's package {packaged} (Debian's name), which has {lacking}.")
    text = f"Build this Python again with {row['build_with']} (Debian's name) installed, or take another Python: "
    return Fix(text=text + f"`import {lacking}` must work in it.")


def _extra_fix(module: str, failed: FailedImport, installer: Installer | None) -> Fix:
    """What an extra of the distribution would bring, or what is known to have a module of that name; else nothing."""
    lines = {required_name(line): line for line in failed.distribution.requires if is_of_extra(line)}
    name = next((each for each in lines if each and is_project_of(module, {each})), "")
    if not name:
        name = load_table("project_packages")["packages"].get(_top(module), "").partition(" ")[0]
        commands = installer.install(name) if name and installer is not None else ()
        brings = f"{name}, which has" if name else "what brings"
        text = f"Install {brings} {_top(module)}; {failed.distribution.name} does not ask for it."
        return Fix(text=text, commands=commands)
    wanted = parse_requirement(lines[name])
    commands = installer.install(wanted.name, wanted.specifier) if installer is not None else ()
    return Fix(text=f"Install {wanted.name}, which an extra of {failed.distribution.name} brings.", commands=commands)


def _requirements_fix(failed: FailedImport, facts: Facts) -> Fix | None:
    """All that a distribution requires and that is not there; None for nothing."""
    one = failed.distribution
    installer = installer_for(facts.python, facts.packages, one)
    absent = [each for each in facts.requirements.unmet if each.by.metadata == one.metadata and each.found is None]
    if not absent or installer is None:
        return None
    commands = [command for each in absent for command in installer.install(each.name, each.specifier)]
    names = ", ".join(dict.fromkeys(each.name for each in absent))
    return Fix(text=f"Install what {one.name} requires and is not there: {names}.", commands=tuple(commands))


def _library_fix(name: str, facts: Facts) -> Fix | None:
    base = base_name(name)
    package = package_of_name(base, facts.host.distribution) if facts.host.system == "linux" else None
    if package is not None:
        return Fix(text=f"Install the system's package {package.name}.", commands=(package.command,), safe=True)
    provider = next(filter(None, (provider_of(form.format(base)) for form in _FORMS)), None)
    return None if provider is None else Fix(text=f"Install what supplies it: {provider.name}.")
