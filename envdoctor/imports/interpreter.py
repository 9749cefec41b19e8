"""Imports a module in thought; see the room's own docstring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.imports.calls import Calls
from envdoctor.imports.events import Outcome
from envdoctor.imports.exceptions import Raised, TooLong
from envdoctor.imports.expressions import Expressions
from envdoctor.imports.heap import State
from envdoctor.imports.importing import Imports
from envdoctor.imports.machine import Machine
from envdoctor.imports.statements import Statements

if TYPE_CHECKING:
    from envdoctor.imports.site import Site

MOST_MODULES = 400


def import_in_thought(module: str, site: Site, most_modules: int = MOST_MODULES) -> Outcome:
    """What `import module` does in a new process; nothing is run, and nothing raised.

    Args:
        module: its absolute name.
        site: where modules and libraries are found.
        most_modules: texts read at most; what comes after is not known.
    """
    machine = Machine(site)
    machine.calls, machine.expressions = Calls(machine), Expressions(machine)
    machine.imports, machine.statements = Imports(machine, most_modules), Statements(machine)
    try:
        machine.imports.load(module, State())
    except Raised as error:
        exc = error.exc
        return Outcome(
            events=tuple(machine.events), fails=True, raises=exc.name, cause=exc.cause, complete=machine.complete
        )
    except (TooLong, RecursionError):
        return Outcome(events=tuple(machine.events), complete=False)
    return Outcome(events=tuple(machine.events), complete=machine.complete)
