"""The other Pythons of this machine; as a program, it names the oldest and the newest that envdoctor is for."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

SUPPORTED = range(10, 15)
_ALL = range(8, 15)


def other_pythons() -> dict[tuple[int, int], str]:
    """Programs by version, from the oldest on: those of pyenv, else those on the PATH."""
    found = {}
    for minor in _ALL:
        places = sorted(Path("~/.pyenv/versions").expanduser().glob(f"3.{minor}.*/bin/python3.{minor}"))
        program = str(places[-1]) if places else shutil.which(f"python3.{minor}")
        if program and minor != sys.version_info[1]:
            found[3, minor] = program
    return found


if __name__ == "__main__":
    programs = [program for (_, minor), program in other_pythons().items() if minor in SUPPORTED]
    sys.stdout.write(" ".join(dict.fromkeys([*programs[:1], *programs[-1:]])))
