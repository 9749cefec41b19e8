"""Running uv, and saying what its failures mean."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.command import Command
from envdoctor.core.data import load_table
from envdoctor.core.errors import EnvironmentProblem, NetworkProblem
from envdoctor.executors.programs import find_uv
from envdoctor.support.files import remove_special

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from envdoctor.core.command import CommandResult
    from envdoctor.core.errors import EnvDoctorError
    from envdoctor.environments.cache import Cache
    from envdoctor.executors import Executor

#: Seconds for anything that uv does; a silent index ends much earlier, by uv's own limits.
_LIMIT = 7200.0
# The user's own variables for uv that say how to reach a network; all others would change what uv does.
_KEPT = re.compile(r"UV_(NATIVE_TLS|SYSTEM_CERTS|HTTP_.*|REQUEST_TIMEOUT|CONCURRENT_.*|KEYRING_PROVIDER)")
_CREDENTIALS = re.compile(r"(?<=//)[^/@\s]+@")
_HINT = re.compile(r"^hint: (.*)$", re.MULTILINE)
_CAUSE = re.compile(r"^(?:error|  cause): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uv:
    """uv, run on this machine with a cache of envdoctor's own.

    Attributes:
        executor: who runs it.
        cache: where its cache is.
        variables: what it needs to reach the user's index (`uv_environment`); empty where it needs none.
    """

    executor: Executor
    cache: Cache
    variables: Mapping[str, str | None]

    def run(
        self, *arguments: str, env: Mapping[str, str | None] | None = None, log: Path | None = None
    ) -> CommandResult:
        """Run uv with these arguments; a failure is a result.

        Args:
            arguments: what stands behind `uv`.
            env: more variables.
            log: where its output goes as it comes.

        Raises:
            EnvironmentProblem: there is no uv.
        """
        theirs = {name: None for name in os.environ if name.startswith("UV_") and not _KEPT.fullmatch(name)}
        fixed = {"UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}
        # Looking for Pythons changes nothing, so it must work without a cache too.
        fixed |= {"UV_CACHE_DIR": str(self.cache.uv)} if self.cache.writable else {"UV_NO_CACHE": "1"}
        remove_special(self.cache.uv, spared="archive-v0")  # of which it only makes links
        variables = {**theirs, **self.variables, **fixed, **(env or {})}
        return self.executor.run(Command(argv=(find_uv(), *arguments), env=variables, log=log, timeout=_LIMIT))


def explain(result: CommandResult) -> EnvDoctorError:
    """What made uv fail: an error with one sentence, of the class that fits.

    The words that tell are data/uv_failures.toml; uv prints `error: ...` and then `  cause: ...`, the root last.
    """
    if result.returncode is None or result.returncode < 0 or result.ended:
        return EnvironmentProblem(f"uv {result.describe_failure()}.")
    output = _CREDENTIALS.sub("***@", result.stdout + result.stderr)
    causes = _CAUSE.findall(output) or [result.last_line or "it printed nothing"]
    for row in load_table("uv_failures")["failures"]:
        if row.get("offline") and "--offline" not in result.argv:
            continue
        if any(word in output for word in row["words"]):
            hint = (_HINT.findall(output) or causes)[-1]
            sentence = row["says"].format(first=causes[0], detail=causes[-1].rstrip("."), hint=hint.rstrip("."))
            return NetworkProblem(sentence) if row.get("network") else EnvironmentProblem(sentence)
    return EnvironmentProblem(f"uv failed: {': '.join(dict.fromkeys(causes))}")
