"""Which modules the use of a distribution imports: the packages that it provides, and what its commands enter.

Wheels and installed distributions are asked alike; both are `WheelContents`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.core.frozen import frozen
from envdoctor.support.requirement import normal_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envdoctor.wheels.contents import WheelContents

# Names at the top that nobody means to be imported.
_STRAY = re.compile(
    r"_.*|tests?|testing|docs?|examples?|benchmarks?|scripts?|tools?|samples?|conftest|setup|third_party"
)


@frozen
class Entrance:
    """A module that somebody who uses a distribution imports.

    Attributes:
        module: its absolute name.
        severity: of a failure to import it: ERROR where the distribution is of no use without it.
        command: the console or GUI script that enters it; "" for an `import` in code.
        attribute: what the command calls, as `NAME` or `NAME.NAME`; "" for none.
    """

    module: str
    severity: Severity
    command: str = ""
    attribute: str = ""

    @property
    def use(self) -> str:
        """What the user does, as the subject of a sentence."""
        return use_of(self.module, self.command)


def use_of(module: str, command: str = "") -> str:
    """Of an import what the user does to come by it, as the subject of a sentence."""
    return f"the command `{command}`" if command else f"`import {module}`"


def import_surface(distribution: WheelContents) -> tuple[Entrance, ...]:
    """What using a distribution imports: its packages first, then what its commands enter.

    A command of the distribution's own name counts as much as its package does, any other less. Commands that ask for
    an extra (`name = module:function [extra]`, entry points specification) are left out: nobody has to install it.
    """
    packages = tuple(_packages(distribution))
    known = {each.module for each in packages}
    commands = dict.fromkeys(each for each in _commands(distribution) if each.module not in known)
    return (*packages, *commands)


def is_stray(name: str) -> bool:
    """Whether nobody means a module of a name to be imported."""
    return _STRAY.fullmatch(name) is not None


def _packages(distribution: WheelContents) -> Iterator[Entrance]:
    """What can be imported: it is for the package of its own name, or the only one; others matter less."""
    extra = _of_extras(distribution)
    every = [name for name in distribution.imports if not is_stray(name)]
    public = [name for name in every if name not in extra] or every
    own = normal_name(distribution.metadata.name)
    for name in public:
        matters = len(public) == 1 or normal_name(name) == own
        severity = Severity.ERROR if matters else Severity.WARNING
        yield from (Entrance(module=each, severity=severity) for each in _importable(distribution, name))


def _of_extras(distribution: WheelContents) -> set[str]:
    """What is imported only by commands that ask for an extra, as black's `blackd` is."""
    entered = [(script.target.partition(":")[0].strip(), script.extras) for script in distribution.metadata.scripts]
    plain = {module for module, extras in entered if not extras} | {distribution.metadata.name}
    return {module for module, _ in entered} - plain


def _importable(distribution: WheelContents, top: str) -> Iterable[str]:
    """A package, or those in it if it is a namespace, or a namespace in one (`google.cloud.storage`)."""
    below = [path for path in distribution.members if path.startswith(f"{top}/")]
    if not below:
        return (top,)
    packages = {path.removesuffix("/__init__.py") for path in below if path.endswith("/__init__.py")}
    highest = (each for each in packages if not any(each.startswith(f"{other}/") for other in packages))
    return (each.replace("/", ".") for each in sorted(highest))


def _commands(distribution: WheelContents) -> Iterator[Entrance]:
    own = normal_name(distribution.metadata.name)
    for script in distribution.metadata.scripts:
        module, _, attribute = script.target.partition(":")
        if module.strip() and not script.extras:
            severity = Severity.ERROR if normal_name(script.name) == own else Severity.WARNING
            yield Entrance(module=module.strip(), severity=severity, command=script.name, attribute=attribute.strip())
