"""What the user's configuration says where the command line does not: the defaults of options, and what is ignored."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from envdoctor.configuration.reading import Configuration
    from envdoctor.core.report import Report

#: Commands and options that work without any configuration, so that a broken one can be understood and mended.
NEEDLESS = frozenset({"-h", "--help", "completion", "config", "explain"})

#: For each key the parameters of commands that it is the default of: of all commands that have one of that name, or
#: of those that are named.
_PARAMETERS: dict[str, tuple[str, frozenset[str]]] = {
    "select": ("only", frozenset({"check"})),
    "skip": ("skip", frozenset({"check"})),
    "goal": ("goal", frozenset({"build", "check", "fix", "model", "report", "routes"})),
    "platforms": ("platforms", frozenset({"guard", "lock", "matrix"})),
    "pythons": ("pythons", frozenset({"guard", "lock", "matrix"})),
    "max_difference": ("max_difference", frozenset({"build", "routes"})),
    "min_cosine": ("min_cosine", frozenset({"build", "routes"})),
    "min_agreement": ("min_agreement", frozenset({"build", "routes"})),
    "max_drop": ("max_drop", frozenset({"build", "routes"})),
    "require_mapped": ("require_mapped", frozenset({"build", "routes"})),
    "max_download": ("max_download", frozenset({"build", "guard", "inspect", "lock", "matrix", "routes"})),
}


@functools.cache
def configuration() -> Configuration:
    """What is in force, read once a process.

    Raises:
        UsageProblem: see `read_configuration`.
    """
    from envdoctor.configuration.reading import read_configuration

    return read_configuration()


def default_map() -> dict[str, dict[str, Any]]:
    """What click takes for options that were not given, by command.

    Raises:
        UsageProblem: the configuration can't be read, or an option would refuse its value.
    """
    found = configuration()
    made: dict[str, dict[str, Any]] = {}
    for key, (parameter, commands) in _PARAMETERS.items():
        if key not in found.origins:
            continue
        value = getattr(found.settings, key)
        _require_valid(key, value, found.origins[key])
        for command in commands:
            several = isinstance(value, list) and key not in {"select", "skip"}
            made.setdefault(command, {})[parameter] = ",".join(value) if several else value
    for key in ("cache", "toolchains"):
        folder = getattr(found.settings, key)
        if folder is not None:  # whoever keeps something asks the variable, in whatever process it runs
            os.environ.setdefault(f"ENVDOCTOR_{key.upper()}", folder)
    return made


def _require_valid(key: str, value: object, origin: str) -> None:
    """Refuse what an option's type refuses, with the place that it comes from."""
    import click

    from envdoctor.cli import _options
    from envdoctor.configuration import spelled
    from envdoctor.core.errors import UsageProblem

    types = {
        "max_difference": _options.percent,
        "min_agreement": _options.percent,
        "require_mapped": _options.percent,
        "min_cosine": _options.cosine,
        "max_drop": _options.points,
        "max_download": _options.size,
    }
    try:
        if key in types:
            types[key](str(value))
    except click.BadParameter as error:
        raise UsageProblem(f"{origin}: {spelled(key)}: {error.message}.") from None


def origin_of_value(message: str) -> str:
    """Which file or variable set the value that a message quotes, to stand behind it; "" if none did."""
    if not configuration.cache_info().currsize:
        return ""
    from envdoctor.configuration import spelled

    found = configuration()
    for key in _PARAMETERS.keys() & found.origins.keys():
        value, origin = getattr(found.settings, key), found.origins[key]
        quoted = [f"'{one}'" for one in (value if isinstance(value, list) else [value])]
        if origin not in message and any(one in message for one in quoted):
            return f" ({spelled(key)} is set in {origin})"
    return ""


def is_typed(name: str) -> bool:
    """Whether a parameter of the running command was given on the command line."""
    import click
    from click.core import ParameterSource

    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def without_ignored(report: Report) -> Report:
    """The report without the findings that the configuration ignores; it tells them all the same."""
    found = configuration()
    if not found.settings.ignore:
        return report
    from envdoctor.doctor.ignoring import ignore

    return ignore(report, found.settings.ignore, found.origins["ignore"])
