"""The errors a user can meet. A message says what is wrong, where, and what to do, in one sentence or two.

Each room raises its own class, so that a caller can tell them apart; every class carries the exit code that
`envdoctor` ends with when nothing catches it. An exception of any other kind is a bug of envdoctor's (exit code 5).
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envdoctor.core.report import Report


class ExitCode(enum.IntEnum):
    """What `envdoctor` returns to the shell; documented in docs/exit-codes.md."""

    OK = 0
    PROBLEMS = 1
    USAGE = 2
    NO_ROUTE = 3
    BUILD_FAILED = 4
    BUG = 5
    WAITING = 6
    INTERRUPTED = 130


class EnvDoctorError(Exception):
    """Something the user can act on; the message says how."""

    exit_code: ExitCode = ExitCode.PROBLEMS


class UsageProblem(EnvDoctorError):
    """The request itself can't be carried out: a wrong name, a missing file, options that contradict each other."""

    exit_code = ExitCode.USAGE


class _OfBuild(EnvDoctorError):
    """A build that came to nothing.

    Attributes:
        report: what was planned and tried; None where it did not come to that.
    """

    def __init__(self, message: str, report: Report | None = None) -> None:
        super().__init__(message)
        self.report = report


class NoRoute(_OfBuild):
    """No way from the source to the goal works on this machine."""

    exit_code = ExitCode.NO_ROUTE


class BuildFailed(_OfBuild):
    """Every route that was tried failed, or the result could not be kept."""

    exit_code = ExitCode.BUILD_FAILED


class FactUnavailable(EnvDoctorError):
    """A fact group could not be collected; a probe that reads it is UNKNOWN, never passed."""

    def __init__(self, group: str, reason: str) -> None:
        super().__init__(f"{group}: {reason}")
        self.group = group
        self.reason = reason


class DoesNotApply(EnvDoctorError):
    """A question that makes no sense here: about another system, or about what is not there and nobody asked for."""


class Unreadable(EnvDoctorError):
    """A file's content can't be read as what it claims to be. Never the same as "needs nothing"."""


class NetworkProblem(EnvDoctorError):
    """The network did not answer as it should. Says nothing about the machine or a package."""


class ToolchainProblem(EnvDoctorError):
    """A compiler could not be acquired, verified, unpacked or found."""


class EnvironmentProblem(EnvDoctorError):
    """A stage's own Python environment could not be made or is not usable."""
