"""What planning and running fixes need of the machine, as one value."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envdoctor.core.command import Command
from envdoctor.core.errors import EnvironmentProblem
from envdoctor.executors.programs import find_uv
from envdoctor.fixing.resolving import Resolver
from envdoctor.index.settings import load_settings
from envdoctor.index.uv_settings import uv_environment
from envdoctor.support.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from envdoctor.core.fixing import Argv
    from envdoctor.core.report import Report
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts


#: Variables with which pip or uv would work on another folder or interpreter than the one that the command names.
_LEADING_ASTRAY = (
    *("PIP_PYTHON", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_DRY_RUN"),
    *("UV_TARGET", "UV_PREFIX", "UV_SYSTEM_PYTHON", "UV_PYTHON", "UV_PROJECT_ENVIRONMENT"),
)
#: To build a source distribution is to run it, and nobody has agreed to anything yet; nor is anything compiled.
_BUILDS_NOTHING: dict[str, str | None] = {
    "PIP_ONLY_BINARY": ":all:",
    "PIP_NO_BINARY": None,
    "UV_NO_BUILD": "1",
    "UV_NO_BINARY": None,
    "UV_COMPILE_BYTECODE": None,
}
_SECONDS = 3600.0
#: What pip refuses itself; more may follow.
_PIP_SAID = re.compile(r"(?m)^ERROR: (.+)")
_BY_HAND = " (nothing is built from source in a trial; where that is all there is, run the command yourself)"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """An environment and what may be done with it.

    Attributes:
        facts: of the environment.
        executor: runs commands here.
        check: asks the probes about an interpreter's environment.
        facts_of: the facts of another interpreter's environment.
        newest_with: of a package, names and the version to stay below, the newest version that has them; "" for none.
        instead_for_pip: of a package and a version that pip refuses for this Python, the newest that it takes; "" where
            it takes that version, or nothing is known.
        cache: a folder of envdoctor's own, for copies.
        project: the folder of the user's code; None to leave it out.
        say: told in a sentence what takes time.
        uv: uv as it is called: by its name where the user has one, else by its path.
        variables: what uv needs to reach the user's index as pip does; empty where the user has settings for uv.
    """

    facts: Facts
    executor: Executor
    check: Callable[[Path], Report]
    facts_of: Callable[[Path], Facts]
    newest_with: Callable[[str, Sequence[str], str], str]
    instead_for_pip: Callable[[str, str], str]
    cache: Path
    project: Path | None
    say: Callable[[str], None]
    uv: str = "uv"
    variables: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def resolver(self) -> Resolver:
        """Asks uv with the user's own index."""
        return Resolver(executor=self.executor, variables=self.variables)

    def variables_of(self, command: Argv) -> dict[str, str | None]:
        """The variables of a command: nobody is asked anything, and nothing leads it to another place."""
        variables = dict(self.variables) if command[0] == self.uv else {}
        return {**variables, **dict.fromkeys(_LEADING_ASTRAY), "PIP_NO_INPUT": "1", "DEBIAN_FRONTEND": "noninteractive"}

    def called(self, command: Argv) -> Argv:
        """A command as it can be run: uv by its path where there is none on PATH."""
        return (self.uv, *command[1:]) if command[0] == "uv" else command

    def failure_on(self, copy: str, commands: Sequence[Argv]) -> str:
        """Why commands fail on a copy of the environment, by the path of its interpreter; "" if they do not."""
        python = self.facts.python.executable
        for command in map(self.called, commands):
            words = tuple(copy if word == python else word for word in command)
            words = (copy, "-I", *words[1:]) if words[0] == copy else words
            variables = self.variables_of(words) | _BUILDS_NOTHING
            result = self.executor.run(Command(argv=words, env=variables, timeout=_SECONDS))
            if not result.ok:
                said = _PIP_SAID.search(result.stderr)
                why = one_line(said[1] if said else result.last_line)
                return f"tried on a copy, it {result.describe_failure()}: {why}{_BY_HAND}"
        return ""


def uv_of_user(uses_pip: bool, prefix: Path) -> tuple[str, dict[str, str | None]]:  # noqa: FBT001 - a fact
    """How uv is called, and the variables that it needs.

    A user who has uv has told it where packages come from; for all others pip's settings say it.

    Raises:
        UsageProblem: pip's settings can't be read.
    """
    found = shutil.which("uv")
    if found is not None and not uses_pip:
        return "uv", {}
    called = "uv"
    with contextlib.suppress(EnvironmentProblem):  # who asks it says so; fixes for root need none
        called = "uv" if found else find_uv()
    variables = uv_environment(load_settings(prefix=prefix))
    if limits := os.environ.get("PIP_CONSTRAINT"):  # which pip would refuse the resolved versions by
        variables["UV_CONSTRAINT"] = limits
    return called, variables
