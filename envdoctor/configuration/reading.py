"""Reads the files and variables, and says which of them a setting comes from."""

from __future__ import annotations

import os
import re
from dataclasses import field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envdoctor.configuration import NOT_IN_ENVIRONMENT, ONLY_USER, Ignore, Settings, spelled, variable
from envdoctor.core.errors import Unreadable, UsageProblem
from envdoctor.core.frozen import frozen
from envdoctor.support.files import read_regular
from envdoctor.support.toml import parse_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Bytes of a configuration file that are read.
_MOST = 4 << 20
_TABLE = "tool.envdoctor"
#: msgspec's names of types.
_TYPES = {
    "str": "a text",
    "array": "a list",
    "object": "a table",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
    "date": "a date",
}
KEYS = tuple(one.name for one in fields(Settings))


@frozen
class Configuration:
    """What is in force.

    Attributes:
        settings: the values.
        origins: for each key that somebody set, the file or variable that did.
    """

    settings: Settings = field(default_factory=Settings)
    origins: Mapping[str, str] = field(default_factory=dict)


def read_configuration(folder: Path | None = None, environ: Mapping[str, str] | None = None) -> Configuration:
    """What holds in a folder, the current one by default.

    Raises:
        UsageProblem: a file is no TOML, or has an unknown key or a value of the wrong type.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    sources = [_of_user_file(user_file(environ)), _of_project(project_file(folder or Path.cwd())), _of_environ(environ)]
    for found in sources:
        for key, (value, origin) in found.items():
            values[key], origins[key] = value, origin
    return Configuration(settings=Settings(**values), origins=origins)


def project_file(folder: Path) -> Path | None:
    """The nearest pyproject.toml, in the folder or above it; no other one is looked at."""
    return next((file for one in (folder, *folder.parents) if (file := one / "pyproject.toml").is_file()), None)


def user_file(environ: Mapping[str, str]) -> Path | None:
    """The file that ENVDOCTOR_CONFIG names, else `config.toml` in the user's configuration folder for envdoctor."""
    if named := environ.get("ENVDOCTOR_CONFIG"):
        return Path(named).expanduser()
    import platformdirs

    file = platformdirs.user_config_path("envdoctor", appauthor=False) / "config.toml"
    return file if file.is_file() else None


_Found = dict[str, tuple[Any, str]]


def _of_user_file(file: Path | None) -> _Found:
    if file is None:
        return {}
    return _checked(_toml(file, _read(file)), file, "")


def _of_project(file: Path | None) -> _Found:
    if file is None:
        return {}
    text = _read(file)
    if "envdoctor" not in text:  # most have nothing for us, and reading TOML takes a while
        return {}
    tool = _toml(file, text).get("tool", {})
    table = tool.get("envdoctor", {}) if isinstance(tool, dict) else tool
    found = _checked(table, file, f"{_TABLE}.")
    for key in sorted(ONLY_USER & found.keys()):
        raise UsageProblem(
            f"{file}: {_TABLE}.{spelled(key)} may not be set by a project, since it says where programs come from; "
            f"set it in your own file or by {variable(key)}."
        )
    return found


def _of_environ(environ: Mapping[str, str]) -> _Found:
    found: _Found = {}
    for key in KEYS:
        text = environ.get(variable(key), "")
        if not text or key in NOT_IN_ENVIRONMENT:
            continue
        several = str(Settings.__annotations__[key]).startswith("list")
        value: Any = [word.strip() for word in text.split(",") if word.strip()] if several else text
        found[key] = value, variable(key)
    return found


def _read(file: Path) -> str:
    try:
        return read_regular(file, _MOST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"the configuration {file} can't be read: {error}.") from None


def _toml(file: Path, text: str) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except Unreadable as error:
        raise UsageProblem(f"{file} is no TOML file: {error}.") from None


def _checked(table: object, file: Path, before: str) -> _Found:
    """The keys of a table, each of the type that it must have."""
    if not table and isinstance(table, dict):
        return {}
    import msgspec

    if not isinstance(table, dict):
        raise UsageProblem(f"{file}: {before.rstrip('.')} is no table.")
    named = {_known(str(key), KEYS, file, before): value for key, value in table.items()}
    for row in named.get("ignore", ()) if isinstance(named.get("ignore"), list) else ():
        for key in row if isinstance(row, dict) else ():
            _known(str(key), tuple(one.name for one in fields(Ignore)), file, f"{before}ignore.")
    try:
        settings = msgspec.convert(named, Settings)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        key = spelled(where.rstrip("`"))
        raise UsageProblem(f"{file}: {before}{key}: {_in_words(what)}.") from None
    for one in settings.ignore or ():
        if not one.reason.strip():
            raise UsageProblem(f"{file}: {before}ignore: {one.code} needs a reason; say why it is accepted.")
    return {key: (getattr(settings, key), str(file)) for key in named}


def _in_words(what: str) -> str:
    """What msgspec says of a value of the wrong type, as one says it of TOML."""
    if said := re.fullmatch(r"Expected `(.+)`, got `(.+)`", what):
        wanted, got = ([_TYPES.get(one, one) for one in types.split(" | ") if one != "null"] for types in said.groups())
        return f"it must be {' or '.join(dict.fromkeys(wanted))}, not {' or '.join(got)}"
    words = {"Object missing required field": "the table lacks", "Invalid RFC3339 encoded date": "write 2027-03-31"}
    return next((what.replace(said, plain) for said, plain in words.items() if said in what), what)


def _known(key: str, keys: tuple[str, ...], file: Path, before: str) -> str:
    name = key.replace("-", "_")
    if name in keys:
        return name
    import difflib

    near = difflib.get_close_matches(name, keys, n=1, cutoff=0.5)
    hint = f"did you mean '{spelled(near[0])}'?" if near else f"the keys are {', '.join(map(spelled, keys))}."
    raise UsageProblem(f"{file}: there is no key '{before}{key}'; {hint}")
