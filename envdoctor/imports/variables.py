"""Variables of the environment: which a process may have, and what becomes of asking for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.imports.escapes import ANYTHING
from envdoctor.imports.values import UNKNOWN

if TYPE_CHECKING:
    from envdoctor.imports.heap import State
    from envdoctor.imports.machine import Machine

#: Variables that a process mostly has, whoever starts it.
_USUAL = frozenset({
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TERM", "PWD", "TMPDIR", "TEMP", "TMP",
    "HOSTNAME", "APPDATA", "LOCALAPPDATA", "PROGRAMFILES", "SYSTEMROOT", "USERPROFILE", "USERNAME", "COMPUTERNAME",
    "PROGRAMDATA", "DISPLAY", "CI", "VIRTUAL_ENV", "CONDA_PREFIX", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH",
    "PROCESSOR_ARCHITECTURE", "OS", "WINDIR", "COLUMNS",
})  # fmt: skip
_USUAL_STARTS = ("LC_", "PYTHON", "XDG_", "SSH_", "CONDA", "GITHUB_", "PYTEST")


def may_be_set(variable: str, machine: Machine) -> bool:
    """Whether a process may have an environment variable: it has, mostly has, or the code at hand may have set it."""
    return _may_differ(variable, machine) or machine.site.variable(variable) is not None


def _may_differ(variable: str, machine: Machine) -> bool:
    usual = variable.upper() in _USUAL or variable.upper().startswith(_USUAL_STARTS)
    return usual or bool(machine.escapes.settings & {variable, ANYTHING})


def known_variable(name: Any, machine: Machine) -> str | None:  # noqa: ANN401
    """What a variable certainly is; None where that is not known, or it is not set."""
    return machine.site.variable(name) if isinstance(name, str) and not _may_differ(name, machine) else None


def variable_of(values: tuple[Any, ...], machine: Machine, state: State) -> Any:  # noqa: ANN401
    """What `os.environ.get` gives: a variable that is not usual is what the site says, else not set."""
    name = values[0] if values else UNKNOWN
    known = known_variable(name, machine)
    if known is not None:
        return known
    if isinstance(name, str) and not may_be_set(name, machine):
        return values[1] if len(values) > 1 else None
    machine.opaque(state, *values)
    return UNKNOWN


def set_variable(values: tuple[Any, ...], machine: Machine, state: State) -> Any:  # noqa: ANN401
    """`os.environ.setdefault`."""
    name, value, *_ = (*values, UNKNOWN, UNKNOWN)
    machine.statements.targets.setting(name, value, state)
    return UNKNOWN
