"""Licences of what an environment is made of: shown before it is fetched, and accepted once by the user.

What was accepted is kept in `licenses.json` in the user's configuration folder, by the name that
`--accept-license` takes.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.data import load_table
from envdoctor.core.errors import EnvironmentProblem, UsageProblem
from envdoctor.support.files import read_regular
from envdoctor.support.outputs import write_output

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envdoctor.core.request import Request
    from envdoctor.environments.spec import License

#: Bytes of such a file.
_LARGEST = 64 << 20


def licenses_file() -> Path:
    """Where it is kept what the user accepted."""
    import platformdirs

    return Path(platformdirs.user_config_path("envdoctor", appauthor=False)) / "licenses.json"


def accepted() -> Mapping[str, str]:
    """The names of what the user accepted, and when; nothing where that can't be read."""
    try:
        found = json.loads(read_regular(licenses_file(), _LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(name): str(moment) for name, moment in found.items()} if isinstance(found, dict) else {}


def require_known(names: Iterable[str]) -> None:
    """Refuse a name that is no licence's.

    Raises:
        UsageProblem: there is none of that name.
    """
    known = {row["license"]["name"] for row in load_table("environments").values() if "license" in row}
    for name in names:
        if name not in known:
            raise UsageProblem(f"--accept-license: there is no licence '{name}'; they are {', '.join(sorted(known))}.")


def accept(names: Iterable[str]) -> None:
    """Remember that the user accepts licences.

    Raises:
        UsageProblem: the file can't be written.
    """
    wanted, before = tuple(names), accepted()
    if set(wanted) <= before.keys():
        return
    today = dt.datetime.now(tz=dt.timezone.utc).date().isoformat()
    content = json.dumps(dict.fromkeys(wanted, today) | dict(before), indent=2) + "\n"
    try:
        licenses_file().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageProblem(f"--accept-license: {error.filename} can't be made: {error.strerror}.") from None
    write_output(licenses_file(), content, option="--accept-license")


def is_accepted(asked: License | None, request: Request) -> bool:
    """True if there is none to accept, or the user did, now or before."""
    return asked is None or asked.name in request.options.accepted_licenses or asked.name in accepted()


def require_accepted(asked: License | None, request: Request) -> None:
    """Refuse to fetch what the user did not accept the licence of.

    Raises:
        EnvironmentProblem: it was not accepted.
    """
    if asked is not None and not is_accepted(asked, request):
        raise EnvironmentProblem(f"{asked.words}; accept it once with --accept-license {asked.name}.")
