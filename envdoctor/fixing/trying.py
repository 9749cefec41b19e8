"""A trial: commands run on a copy of the environment, and what that comes to is judged."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.command import Command
from envdoctor.core.errors import EnvDoctorError
from envdoctor.core.fixing import Mending, Step
from envdoctor.fixing.changes import versions_now
from envdoctor.fixing.copying import copied, nothing_starts
from envdoctor.fixing.judging import harm_of_problems, lost_names, mended, new_problems, unanswered
from envdoctor.fixing.uses import project_files
from envdoctor.support.requirement import normal_name
from envdoctor.support.text import one_line, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envdoctor.core.finding import Finding
    from envdoctor.core.fixing import Argv, Change
    from envdoctor.core.report import Report
    from envdoctor.fixing.judging import Harm
    from envdoctor.fixing.world import World

_SECONDS = 3600.0
#: To build a source distribution is to run it, and nobody has agreed to anything yet; nor is anything compiled.
_BUILDS_NOTHING: dict[str, str | None] = {
    "PIP_ONLY_BINARY": ":all:",
    "PIP_NO_BINARY": None,
    "UV_NO_BUILD": "1",
    "UV_NO_BINARY": None,
    "UV_COMPILE_BYTECODE": None,
}
_BY_HAND = " (nothing is built from source in a trial; where that is all there is, run the command yourself)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of trying commands on a copy: why they failed there, why it can't be judged, what they break."""

    failed: str = ""
    unjudged: str = ""
    harms: tuple[Harm, ...] = ()
    notes: tuple[str, ...] = ()


class Trials:
    """Tries the steps of one plan."""

    def __init__(self, world: World, before: Report) -> None:
        """`before`: what a check of the environment says."""
        self._world = world
        self._before = before
        self._code, self._is_whole = ((), True) if world.project is None else project_files(world.project)

    def of(self, step: Step) -> Trial:
        """Run the commands on a copy of the environment, and judge what that comes to."""
        commands, changes, mends = step.commands, step.changes, step.mends
        self._world.say(f"trying {plural(len(changes), 'change')} on a copy of the environment")
        python = self._world.facts.python
        try:
            with copied(python, self._world.executor, self._world.cache) as copy:
                with nothing_starts(Path(copy).parent.parent):
                    failed = self._run_on(copy, commands)
                return Trial(failed=failed) if failed else self._judge(Path(copy), changes, mends)
        except EnvDoctorError as error:
            return Trial(unjudged=str(error))

    def _run_on(self, copy: str, commands: Sequence[Argv]) -> str:
        """Why commands fail on a copy; "" if they do not."""
        python = self._world.facts.python.executable
        for command in map(self._world.called, commands):
            words = tuple(copy if word == python else word for word in command)
            words = (copy, "-I", *words[1:]) if words[0] == copy else words
            variables = self._world.variables_of(words) | _BUILDS_NOTHING
            result = self._world.executor.run(Command(argv=words, env=variables, timeout=_SECONDS))
            if not result.ok:
                return f"tried on a copy, it {result.describe_failure()}: {one_line(result.last_line)}{_BY_HAND}"
        return ""

    def _judge(self, copy: Path, changes: Sequence[Change], mends: Sequence[Finding]) -> Trial:
        changed = [normal_name(one.name) for one in changes]
        facts = self._world.facts_of(copy)
        now = versions_now(facts.packages, changed)
        if odd := [f"{one.name} is {now[one.name] or 'absent'}" for one in changes if now[one.name] != one.after]:
            return Trial(failed=f"tried on a copy, it came to other versions than planned: {', '.join(odd)}")
        after = self._world.check(copy)
        told = [mended(one, self._before, after) for one in mends]
        if told and not any(one.mending is Mending.FIXED for one in told):
            return Trial(failed=f"tried on a copy, it does not mend {mends[0].code}: {mends[0].message}")
        found = new_problems(self._before, after)
        harms = list(harm_of_problems(found, changed))
        harms += lost_names(self._world.facts, facts, changed, self._code)
        silent = unanswered(self._before, after)
        unjudged = f"not all can be told of the result ({silent[0]})" if silent else ""
        left = [one.finding for one in told if one.mending is not Mending.FIXED]
        notes = tuple(f"tried on a copy, it does not mend {one.code}: {one.message}" for one in left)
        if not self._is_whole:
            notes += (f"not all code below {self._world.project} was looked at; name its folder with --code",)
        return Trial(unjudged=unjudged, harms=tuple(harms), notes=notes)
