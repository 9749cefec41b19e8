"""pip's configuration, read as pip reads it: which files, in which order, and how a value becomes an option.

The rules are those of pip's documentation ("Configuration", "Location" and "Precedence") and of its option parser:
files in the order global, user, site, ``PIP_CONFIG_FILE``; within what was read, the section ``global`` is overridden
by the command's own section and that by ``PIP_*`` variables; an empty value is as good as none.
"""

from __future__ import annotations

import configparser
import io
import locale
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.errors import UsageProblem
from envdoctor.support.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_VARIABLE_PREFIX = "PIP_"
_NOT_OPTIONS = frozenset({"version", "help"})


def configuration_files(environ: Mapping[str, str], prefix: Path, system: str = sys.platform) -> tuple[Path, ...]:
    """The files that pip would read, lowest precedence first; not all of them need exist.

    Args:
        environ: the environment; only ``PIP_CONFIG_FILE`` is looked at here.
        prefix: the ``sys.prefix`` whose ``pip.conf`` counts as the site's.
        system: as `sys.platform` has it.
    """
    file_name = "pip.ini" if system == "win32" else "pip.conf"
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return ()
    user = () if named and Path(named).exists() else _user_folders(system)
    folders = (*_global_folders(system), *user, prefix)
    return (*(folder / file_name for folder in folders), *([Path(named)] if named else []))


def _global_folders(system: str) -> tuple[Path, ...]:
    if system == "darwin":
        from platformdirs.macos import MacOS

        folders = MacOS("pip", appauthor=False, multipath=True).site_data_dir.split(os.pathsep)
    elif system == "win32":
        from platformdirs.windows import Windows

        folders = [Windows("pip", appauthor=False).site_config_dir]
    else:
        from platformdirs.unix import Unix

        folders = [*Unix("pip", appauthor=False, multipath=True).site_config_dir.split(os.pathsep), "/etc"]
    return tuple(map(Path, folders))


def _user_folders(system: str) -> tuple[Path, Path]:
    """The folder of old, and today's."""
    if system == "darwin":
        from platformdirs.macos import MacOS

        current = Path(MacOS("pip", appauthor=False).user_data_dir)
        return Path.home() / ".pip", current if current.is_dir() else Path.home() / ".config" / "pip"
    if system == "win32":
        from platformdirs.windows import Windows

        return Path.home() / "pip", Path(Windows("pip", appauthor=False, roaming=True).user_config_dir)
    from platformdirs.unix import Unix

    return Path.home() / ".pip", Path(Unix("pip", appauthor=False).user_config_dir)


def read_options(files: Iterable[Path], environ: Mapping[str, str], command: str) -> dict[str, str]:
    """The options that hold for ``pip <command>``, by their long name without dashes (``index-url``).

    Raises:
        UsageProblem: a file can't be read or parsed; pip would refuse to run with it as well.
    """
    sections: dict[str, dict[str, str]] = {}
    for file in files:
        for section, options in _read_file(file):
            sections.setdefault(section, {}).update(options)
    merged: dict[str, str] = {}
    for options in (sections.get("global", {}), sections.get(command, {}), _variables(environ)):
        # A key that comes again must also come later: two names of one option are told apart by their order.
        for name, value in options.items():
            if value:
                merged.pop(name, None)
                merged[name] = value
    return merged


def _read_file(file: Path) -> Iterator[tuple[str, dict[str, str]]]:
    if not file.exists():
        return
    parser = configparser.RawConfigParser()
    try:
        with io.TextIOWrapper(open_regular(file), locale.getpreferredencoding(do_setlocale=False)) as stream:
            parser.read_file(stream)
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        reason = str(error).replace("\n", " ")
        raise UsageProblem(f"pip's configuration file {file} can't be read: {reason}. Repair or remove it.") from error
    for section in parser.sections():
        yield section, {_option_name(name): value for name, value in parser.items(section)}


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in environ.items():
        option = name[len(_VARIABLE_PREFIX) :].lower()
        if name.startswith(_VARIABLE_PREFIX) and option not in _NOT_OPTIONS:
            found[_option_name(option)] = value
    return found


def _option_name(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")
