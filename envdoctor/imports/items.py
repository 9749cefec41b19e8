"""What is asked of `sys.modules`, `globals()` and `os.environ` by a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.imports.escapes import LOADED, NAMES
from envdoctor.imports.events import What
from envdoctor.imports.heap import DONE, RUNNING
from envdoctor.imports.site import Presence
from envdoctor.imports.targets import ENVIRONMENT
from envdoctor.imports.values import ABSENT, UNKNOWN, External, Made, Perhaps
from envdoctor.imports.variables import known_variable, may_be_set

if TYPE_CHECKING:
    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine


#: Pythons that name themselves in `sys.version`, each with its tag; CPython does not.
_NAMED = {"PyPy": "pp", "IronPython": "ip", "Jython": "jy"}


def holds(machine: Machine, item: Any, container: Any, state: State) -> bool | None:  # noqa: ANN401
    """`item in sys.modules`, in `os.environ` and in `sys.version`."""
    if container == External("sys.version") and item in _NAMED:
        return machine.site.target.interpreter.implementation == _NAMED[item]
    if container == External(ENVIRONMENT) and isinstance(item, str):
        is_known = known_variable(item, machine) is not None
        return True if is_known else None if may_be_set(item, machine) else False
    if container != External(LOADED) or not isinstance(item, str):
        return None
    absent = machine.imports.find(item).presence is Presence.ABSENT and not machine.escapes.may_be_found(item)
    if absent:
        machine.emit(What.IMPORT, item, state)
        return False
    return True if state.status(item) in {RUNNING, DONE} else None


def item_of(machine: Machine, subject: Any, index: Any, state: State) -> Any:  # noqa: ANN401
    """`sys.modules[name]`, `globals()[name]`, `os.environ[name]` and `ctypes.cdll[name]`; None for anything else."""
    if subject == External(ENVIRONMENT):
        return known_variable(index, machine)
    if subject == External(LOADED):
        if isinstance(index, str) and state.status(index) in {RUNNING, DONE}:
            return machine.imports.as_value(index)
        machine.surprise(state)
        return UNKNOWN if isinstance(index, str) else Made(LOADED)
    if isinstance(subject, Made) and subject.maker == NAMES:
        return _of_names(machine, subject.arguments[0], index, state)
    named = isinstance(subject, External) and isinstance(index, str)
    return machine.calls.libraries.named(subject, index, state) if named else None


def _of_names(machine: Machine, place: Any, index: Any, state: State) -> Any:  # noqa: ANN401
    known = state.read(place, index) if isinstance(index, str) else ABSENT
    if known is not ABSENT and not isinstance(known, Perhaps) and not machine.escapes.is_volatile(place, index):
        return known
    machine.surprise(state)
    return External(f"sys.{index}") if place == "sys" else UNKNOWN
