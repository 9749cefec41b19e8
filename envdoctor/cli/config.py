"""`envdoctor config`: what is configured here, and where each value comes from."""

from __future__ import annotations

import click

from envdoctor.cli import _options


@click.command(short_help="Show what is configured here, and where it comes from.")
@_options.json_option
def command(as_json: bool) -> None:
    """Show every key of the configuration with the value that is in force and the file or variable that set it.

    An option of the command line counts more than all of them. Exit code 2 if a file is wrong.
    """
    import dataclasses
    import os

    from envdoctor.cli._defaults import configuration, default_map
    from envdoctor.configuration import spelled, variable
    from envdoctor.configuration.reading import KEYS
    from envdoctor.support.streams import safe_words

    default_map()
    found = configuration()
    values = {key: getattr(found.settings, key) for key in KEYS}
    unheard = sorted(
        name for name in os.environ if name.startswith("ENVDOCTOR_") and name not in {*map(variable, KEYS), *_OTHERS}
    )
    if as_json:
        shown = {**values, "ignore": [dataclasses.asdict(one) for one in values["ignore"] or ()]}
        rows = {spelled(key): {"value": shown[key], "origin": found.origins.get(key)} for key in KEYS}
        _options.show_json({"keys": rows, "unknown_variables": unheard})
        return
    for key in KEYS:
        value = (
            ", ".join(
                f"{one.code} ({one.reason}{f', until {one.until}' if one.until else ''})" for one in values[key] or ()
            )
            if key == "ignore"
            else _text(values[key])
        )
        origin = f"  ({found.origins[key]})" if key in found.origins else ""
        click.echo(safe_words(f"{spelled(key)}: {value or 'not set'}{origin}"))
    for name in unheard:
        click.echo(safe_words(f"{name} is set, and envdoctor knows no such variable."))


#: Variables that are no keys; docs/configuration.md says what they do.
_OTHERS = frozenset(
    {
        *("ENVDOCTOR_CONFIG", "ENVDOCTOR_CONTAINER_IMAGE", "ENVDOCTOR_EDGETPU_COMPILER", "ENVDOCTOR_HISTORY"),
        *("ENVDOCTOR_STATE", "ENVDOCTOR_TRACEBACK"),
    }
)


def _text(value: object) -> str:
    return "" if value is None else ", ".join(value) if isinstance(value, list) else str(value)
