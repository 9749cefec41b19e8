"""Which versions an installation would change: uv resolves it against the environment, and nothing is installed."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.command import Command
from envdoctor.executors.programs import find_uv
from envdoctor.support.requirement import normal_name
from envdoctor.support.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envdoctor.executors import Executor

_SECONDS = 600.0
_LINE = re.compile(r"^ ([-+~]) (\S+?)==(\S+)", re.MULTILINE)
#: What uv says of a source that it found and may not build.
_NEEDS_BUILDING = re.compile("Building source distributions|has no usable wheels")
_UNSATISFIABLE = "No solution found"
#: What stands before the reason: in a tree for a terminal, or in a line of its own.
_WHY = re.compile(r"(?:╰─▶|cause:)\s*(.*?)(?:\n\s*hint:|\Z)", re.DOTALL)
_CREDENTIALS = re.compile(r"(?<=//)[^/@\s]+@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What an installation would change.

    Attributes:
        versions: for each normalized name, its version before and after; "" where it is absent.
        conflict: why no set of versions meets all, in the resolver's words; "" where one does.
        problem: why nothing is known: no network, say; "" otherwise.
    """

    versions: Mapping[str, tuple[str, str]]
    conflict: str = ""
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is a set of versions."""
        return not self.conflict and not self.problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """Asks uv about an environment.

    Attributes:
        variables: what it needs to reach the user's index.
    """

    executor: Executor
    variables: Mapping[str, str | None]

    def resolve(
        self, python: str, wanted: Sequence[str], constraints: Sequence[str] = (), upgraded: Sequence[str] = ()
    ) -> Resolution:
        """What installing requirements in wheels would change.

        Args:
            python: the environment's interpreter.
            wanted: requirements.
            constraints: requirements that hold where a distribution is installed at all.
            upgraded: names of which the newest version is wanted.

        Raises:
            EnvironmentProblem: there is no uv.
        """
        if not wanted:
            return Resolution(versions={})
        with tempfile.TemporaryDirectory(prefix="envdoctor-") as folder:
            file = Path(folder) / "constraints.txt"
            file.write_text("".join(f"{line}\n" for line in constraints), encoding="utf-8")
            newest = [word for name in upgraded for word in ("--upgrade-package", name)]
            limits = ("--constraints", str(file)) if constraints else ()
            words = (*limits, *newest, *wanted)
            return self._ask(python, "--only-binary", ":all:", *words)

    def can_restore(self, python: str, wanted: Sequence[str]) -> bool:
        """Whether requirements can be installed as they stand, without what they require; nothing is built."""
        if not wanted:
            return True
        found = self._ask(python, "--no-deps", "--no-build", *wanted)
        return found.ok or any(_NEEDS_BUILDING.search(words) for words in (found.conflict, found.problem))

    def _ask(self, python: str, *words: str) -> Resolution:
        argv = (find_uv(), "pip", "install", "--dry-run", "--python", python, "--no-progress", *words)
        # To look at what the operating system's packages would become changes nothing.
        variables = {**self.variables, "NO_COLOR": "1", "UV_BREAK_SYSTEM_PACKAGES": "1"}
        result = self.executor.run(Command(argv=argv, env=variables, timeout=_SECONDS))
        said = _CREDENTIALS.sub("***@", result.stderr or result.stdout)
        if result.ok:
            return Resolution(versions=parse_changes(said))
        if _UNSATISFIABLE in said:
            why = _WHY.search(said)
            return Resolution(versions={}, conflict=one_line(" ".join((why[1] if why else said).split()).rstrip(".")))
        words_of_failure = " ".join(said.split()) if said.strip() else result.describe_failure()
        return Resolution(versions={}, problem=one_line(words_of_failure))


def parse_changes(printed: str) -> dict[str, tuple[str, str]]:
    """What uv's dry run prints: ` - name==version` for what goes, ` + ` for what comes, ` ~ ` for what is renewed."""
    versions: dict[str, tuple[str, str]] = {}
    for sign, name, version in _LINE.findall(printed):
        before, after = versions.get(normal_name(name), ("", ""))
        versions[normal_name(name)] = (before if sign == "+" else version, after if sign == "-" else version)
    return versions
