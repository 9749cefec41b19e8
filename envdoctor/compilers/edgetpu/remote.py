"""The machine that `--ssh` or `--route ssh:HOST` names: whether it answers, what it is, and its compiler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envdoctor.core.command import CommandResult
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor

_QUESTION = "exec sh -c 'uname -s -m; command -v edgetpu_compiler || true'"
_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A machine behind ssh.

    Attributes:
        host: as the user named it; empty if none was named.
        answers: True if it let us in.
        system: `Linux x86_64`.
        compiler: its own edgetpu_compiler; empty if it has none.
        words: what ssh said instead.
    """

    host: str = ""
    answers: bool = False
    system: str = ""
    compiler: str = ""
    words: str = ""

    @property
    def usable(self) -> bool:
        """It answers, and runs x86_64 Linux programs."""
        return self.answers and self.system == "Linux x86_64"


def collect(request: Request, executor: Executor) -> Remote:
    """Ask the machine, if one was named."""
    from envdoctor.core.errors import EnvDoctorError
    from envdoctor.executors.ssh import SshExecutor

    host = request.options.ssh_host
    if not host:
        return Remote()
    if request.offline:
        return Remote(host=host, words="--offline forbids to ask it")
    try:
        return read_answer(host, SshExecutor(host=host, inner=executor).ask(_QUESTION, _SECONDS))
    except EnvDoctorError as error:
        return Remote(host=host, words=str(error))


def read_answer(host: str, result: CommandResult) -> Remote:
    """What the machine's answer says."""
    lines = [line.strip() for line in result.stdout.splitlines() if line.strip()]
    system = next((line for line in lines if len(line.split()) == 2), "")  # noqa: PLR2004  (system and machine)
    if not result.ok or not system:
        return Remote(host=host, words=result.last_line or result.describe_failure())
    compiler = lines[-1] if lines[-1].startswith("/") else ""
    return Remote(host=host, answers=True, system=system, compiler=compiler)
