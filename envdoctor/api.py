"""The Python API: what the commands do, as functions. They return values, print nothing and never end the process.

Only the arguments count: neither `[tool.envdoctor]` nor the user's configuration file is read, so that an application
behaves the same in every folder. What a function needs is imported when it is called.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.errors import BuildFailed, EnvDoctorError, NetworkProblem, NoRoute, UsageProblem
from envdoctor.core.finding import Finding, Severity
from envdoctor.core.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envdoctor.core.availability import Matrix as Matrix  # noqa: PLC0414  (given on, see `__getattr__`)
    from envdoctor.core.events import Listener
    from envdoctor.core.inspection import Inspection as Inspection  # noqa: PLC0414  (the same)
    from envdoctor.core.request import BuildOptions as BuildOptions  # noqa: PLC0414  (the same)

__all__ = [
    "BuildFailed",
    "BuildOptions",
    "EnvDoctorError",
    "Finding",
    "Inspection",
    "Matrix",
    "NetworkProblem",
    "NoRoute",
    "Report",
    "Severity",
    "UsageProblem",
    "build",
    "check",
    "inspect",
    "matrix",
]

#: Classes of values that a first check has no use for, and where they are.
_LATE = {
    "BuildOptions": "envdoctor.core.request",
    "Inspection": "envdoctor.core.inspection",
    "Matrix": "envdoctor.core.availability",
}


def __getattr__(name: str) -> object:
    """A class of values, imported now."""
    if name not in _LATE:
        raise AttributeError(f"module 'envdoctor.api' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(_LATE[name]), name)


def check(  # noqa: PLR0913  (by name, one for each option of the command)
    *,
    only: Iterable[str] | str = (),
    skip: Iterable[str] | str = (),
    goal: str | None = None,
    python: str | Path | None = None,
    timeout: float | None = None,
    fast: bool = False,
) -> Report:
    """Ask what is wrong on this machine, for a Python and what is installed in it.

    Args:
        only: codes (`PKG001`) or families (`PKG`) to ask; empty for all.
        skip: codes or families to leave out.
        goal: a goal whose toolchain matters too (`edgetpu`).
        python: an interpreter or the folder of an environment; None for the active one.
        timeout: seconds after which whatever has no answer yet is TIMED_OUT; None to wait for all.
        fast: True to leave out what importing the installed packages comes to.

    Returns:
        The report: `is_fine`, `problems`, `blind_spots`. What could not be looked at is never fine.

    Raises:
        UsageProblem: an unknown goal, code or family, an interpreter that is none, or a time limit of 0 or less.
    """
    from envdoctor.doctor.check import CheckRequest, check

    if timeout is not None and not timeout > 0:
        raise UsageProblem(f"timeout={timeout!r} is no time limit; give seconds above 0, or None")
    asked = CheckRequest(
        python=_path(python), goal=goal, only=_words(only), skip=_words(skip), fast=fast, timeout=timeout
    )
    return check(asked)


def build(  # noqa: PLR0913  (by name, one for each option of the command)
    model: str | Path,
    goal: str,
    *,
    out: str | Path = "build",
    options: BuildOptions | None = None,
    python: str | Path | None = None,
    offline: bool = False,
    listener: Listener | None = None,
) -> Report:
    """Build a model for a goal by the best route that works here; try the next one when a stage fails.

    Args:
        model: the file or folder to start from.
        goal: where to get to (`tflite-int8`, `edgetpu`, `ethos-u55-128`).
        out: the folder for the results; `manifest.json` in it says how they were made.
        options: how to build: samples, thresholds, limits.
        python: the environment that may be used; None for the active one.
        offline: True to fetch nothing.
        listener: told what goes on, as values of `envdoctor.core.events`.

    Returns:
        The report of a build that arrived; `artifacts` holds what was made, the goal's first.

    Raises:
        UsageProblem: a wrong name, a missing file, samples that do not fit the model.
        NoRoute: no route is open; its `report` has all routes with what stands in their way.
        BuildFailed: every route that was tried failed; its `report` has the attempts.
    """
    from envdoctor.core.events import ignore
    from envdoctor.core.request import BuildOptions
    from envdoctor.core.route import Verdict
    from envdoctor.doctor.build import BuildPlan, build
    from envdoctor.doctor.routes import make_request

    request = make_request(Path(model), goal, options or BuildOptions(), python=_path(python), offline=offline)
    report = build(request, BuildPlan(out=Path(out)), listener or ignore)
    if report.artifacts:
        return report
    if not report.attempts:
        blocking = (one for route in report.routes for one in route.reasons if one.verdict is not Verdict.READY)
        said = "; ".join(dict.fromkeys(one.text for one in blocking))
        raise NoRoute(f"no route from {model} to {goal} is open: {said}", report)
    said = "; ".join(finding.message for finding in report.attempts[-1].results[-1].findings)
    raise BuildFailed(f"{model} was not built for {goal}: {said}", report)


def inspect(  # noqa: PLR0913  (by name, one for each option of the command)
    subject: str | Path,
    *,
    platform: str = "",
    python: str = "",
    alone: bool = False,
    offline: bool = False,
    max_download: int | None = None,
) -> Inspection:
    """Tell what is inside a wheel and whether it loads on a machine, without installing or running anything.

    Args:
        subject: a wheel's path, `name` or `name==version`.
        platform: for which machine (`macos-arm64`); empty for this one.
        python: for which Python (`3.11`); empty for envdoctor's own.
        alone: True to judge the wheel without those that it requires.
        offline: True to ask no network.
        max_download: bytes that may be read over the network; None for any number.

    Returns:
        The inspection: `verdict`, and `reasons` for what is not SOUND.

    Raises:
        UsageProblem: a text is not understood, or there is no such file, package or version.
        NetworkProblem: the index did not answer.
        Unreadable: the wheel is damaged.
    """
    from envdoctor.doctor.inspect import InspectRequest, inspect

    return inspect(
        InspectRequest(
            subject=str(subject),
            platform=platform,
            python=python,
            alone=alone,
            offline=offline,
            max_download=max_download,
        )
    )


def matrix(
    *requirements: str,
    platforms: Iterable[str] | str = (),
    pythons: Iterable[str] | str = (),
    as_of: str = "",
    offline: bool = False,
    max_download: int | None = None,
) -> Matrix:
    """Tell which versions of a package install and load where, and why the others do not.

    Args:
        requirements: PEP 508; the versions of the first are the rows, the others must hold beside it.
        platforms: `macos-arm64`, `linux-aarch64`, `colab`, ...; empty for this machine.
        pythons: `3.11` or `3.10-3.14`; empty for all that are maintained.
        as_of: a day; the index is seen as it was at its end.
        offline: True to ask no network.
        max_download: bytes that may be read over the network; None for any number.

    Returns:
        The matrix: `cells`, each with its `verdict` and `reasons`.

    Raises:
        UsageProblem: a text is not understood, or there is no such package or version.
        NetworkProblem: the index did not answer.
    """
    from envdoctor.core.matrix_request import MatrixRequest
    from envdoctor.doctor.matrix import matrix

    if not requirements:
        raise UsageProblem("matrix() needs a requirement, such as 'ai-edge-litert>=2'")
    return matrix(
        MatrixRequest(
            requirements=requirements,
            platforms=_joined(platforms),
            pythons=_joined(pythons),
            as_of=as_of,
            offline=offline,
            max_download=max_download,
        )
    )


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)


def _words(given: Iterable[str] | str) -> tuple[str, ...]:
    return tuple(word.strip().upper() for word in _joined(given).split(",") if word.strip())


def _joined(given: Iterable[str] | str) -> str:
    return given if isinstance(given, str) else ",".join(given)
