"""Making an environment: once, whole or not at all."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from envdoctor.core.command import Command
from envdoctor.core.errors import EnvDoctorError, EnvironmentProblem, NetworkProblem
from envdoctor.environments.cache import VARIABLE, Cache, human_size, open_cache
from envdoctor.environments.choice import Machine, choose
from envdoctor.environments.following import following
from envdoctor.environments.interpreters import Interpreters
from envdoctor.environments.licenses import require_accepted
from envdoctor.environments.locking import locked
from envdoctor.environments.proof import isolated, prove
from envdoctor.environments.store import (
    ManagedEnvironment,
    abandon,
    damaged_distributions,
    discard,
    folder_name,
    inspect_folder,
    made_environments,
    python_of,
    remove_abandoned,
    write_marker,
)
from envdoctor.environments.uv_runner import Uv, explain
from envdoctor.executors.bare_environment import make_bare
from envdoctor.index.settings import load_settings
from envdoctor.index.uv_settings import uv_arguments, uv_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from envdoctor.core.request import Request
    from envdoctor.environments.interpreters import Interpreter
    from envdoctor.environments.spec import EnvironmentSpec, PlatformNeed
    from envdoctor.executors import Executor

#: Room on the disk beyond what the environment takes: uv unpacks before it moves into place.
_MARGIN = 50 * 10**6
_RUNS = "import sys; print('%d.%d' % sys.version_info[:2])"


def ensure(
    spec: EnvironmentSpec, request: Request, executor: Executor, on_progress: Callable[[str], None]
) -> ManagedEnvironment:
    """Find an environment, or make it; rebuild it if it is damaged.

    Args:
        spec: which one.
        request: where the cache is, whether the network may be used, and which Python is the user's own.
        executor: runs uv and the interpreters; local.
        on_progress: gets one line at a time, also from another thread while something runs.

    Raises:
        EnvironmentProblem: no Python fits, its licence was not accepted, more would be fetched than the request
            allows, the disk is full, the cache can't be written to, the index does not have the pinned versions, or
            what was installed does not import. Nothing half-made is left.
        NetworkProblem: the index did not answer.
    """
    cache = open_cache(request)
    maker = _Maker(spec=spec, request=request, executor=executor, cache=cache, say=on_progress)
    found = maker.find()
    if found is not None:
        return found
    choice = maker.choose()
    require_accepted(spec.license, request)
    cache.prepare()
    folder = cache.environments / folder_name(spec, choice.interpreter.minor, choice.interpreter.platform)
    try:
        with locked(folder, lambda: on_progress(f"another envdoctor is making {spec.title}; waiting for it")):
            return maker.find() or maker.make(folder, choice)
    except OSError as error:
        raise cache.unusable(error) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Suitable:
    """A Python to make an environment with, and what that takes."""

    interpreter: Interpreter
    need: PlatformNeed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    spec: EnvironmentSpec
    request: Request
    executor: Executor
    cache: Cache
    say: Callable[[str], None]

    def find(self) -> ManagedEnvironment | None:
        """An environment that is there, whole, and whose Python runs."""
        for one in made_environments(self.spec, self.cache, thorough=True):
            result = self.executor.run(
                Command(argv=(str(one.python), "-I", "-S", "-c", _RUNS), env=isolated(), timeout=60)
            )
            if result.ok and one.version.startswith(f"{result.stdout.strip()}."):
                return one
        return None

    def choose(self) -> _Suitable:
        pythons = Interpreters(executor=self.executor, python=own_python(self.request))
        choice = choose(self.spec, pythons.own(), pythons.all, Machine.here())
        if choice.interpreter is None or choice.need is None:
            raise EnvironmentProblem(f"{choice.reason}{pythons.remark()}.")
        return _Suitable(interpreter=choice.interpreter, need=choice.need)

    def make(self, folder: Path, choice: _Suitable) -> ManagedEnvironment:
        """Make it in a folder that this process has locked, replacing what is there."""
        if folder.exists():
            problem = inspect_folder(folder, thorough=True).problem or "its Python does not run"
            self.say(f"{self.spec.title} is there but can't be used ({problem}); making it again")
        discard(folder)
        remove_abandoned(folder.parent)
        need, python = choice.need, choice.interpreter
        self.say(
            f"making {self.spec.title} with Python {python.version} ({python.path}): up to {human_size(need.download)} "
            f"to download, {human_size(need.installed)} on disk in {self.cache.root}"
        )
        try:
            self._install(folder, choice)
            self._prove(folder)
            made = write_marker(folder, self.spec, python.version, python.path)
            made = replace(made, fetched=need.download)
        except Exception:
            with contextlib.suppress(EnvDoctorError):
                discard(folder)
            raise
        except BaseException:  # Ctrl-C
            with contextlib.suppress(EnvDoctorError):
                abandon(folder)
            raise
        self.say(f"{self.spec.title} is ready: {human_size(made.size)} in {folder}")
        return made

    def _prove(self, folder: Path) -> None:
        self.say(f"trying to import {', '.join(self.spec.imports)}")
        proof = prove(python_of(folder), self.spec.imports, self.executor, isolated(), scratch=folder)
        if proof.failure:
            raise self._problem(EnvironmentProblem(f"it was installed, but {proof.failure}."))

    def _install(self, folder: Path, choice: _Suitable) -> None:
        settings = load_settings(prefix=prefix_of(own_python(self.request)))
        uv = Uv(executor=self.executor, cache=self.cache, variables=uv_environment(settings))
        make_bare(choice.interpreter.base, folder, self.executor)
        sync = ("pip", "sync", "--require-hashes", "--only-binary", ":all:", "--python", str(python_of(folder)))
        sync = (*sync, *uv_arguments(settings), *(("--offline",) if self.request.offline else ()))
        self._check_need(uv, choice.need, sync)
        self._sync(uv, folder, sync)
        if damaged := damaged_distributions(folder):
            # Files in uv's cache and in environments are the same files: what damaged one damaged the other.
            self.say(f"uv's cache is damaged ({', '.join(damaged)}); fetching that again")
            self._run(uv, folder, "cache", "clean", *damaged)
            self._sync(uv, folder, (*sync, "--reinstall"))
        if damaged := damaged_distributions(folder):
            file = next(iter(damaged.values()))
            raise self._problem(EnvironmentProblem(f"{file} is not as its RECORD says; is the disk sound?"))

    def _run(self, uv: Uv, folder: Path, *arguments: str) -> None:
        """Run uv, and tell what it does meanwhile."""
        log = folder.with_name(f".{folder.name}.log")
        log.unlink(missing_ok=True)
        try:
            with following(log, self.say):
                result = uv.run(*arguments, log=log)
        finally:
            log.unlink(missing_ok=True)
        if not result.ok:
            raise self._problem(explain(result))

    def _sync(self, uv: Uv, folder: Path, sync: tuple[str, ...]) -> None:
        """Install exactly the pins."""
        try:
            self._run(uv, folder, *sync, str(self.spec.lock))
        except EnvironmentProblem:
            # Asked for the best of all indexes, uv takes one that refuses access for one that has nothing.
            result = uv.run(*sync, "--dry-run", str(self.spec.lock), env={"UV_INDEX_STRATEGY": "first-index"})
            if not result.ok and isinstance(refused := explain(result), NetworkProblem):
                raise self._problem(refused) from None
            raise

    def _check_need(self, uv: Uv, need: PlatformNeed, sync: tuple[str, ...]) -> None:
        """Whether it may be fetched, and there is room for it."""
        free, allowed = self.cache.free(), self.request.options.max_download
        too_much = allowed is not None and need.download > allowed
        fits = free is None or free >= need.installed + _MARGIN
        if fits and not too_much:
            return
        if uv.run(*sync, "--offline", "--dry-run", str(self.spec.lock)).ok:
            return  # all of it is in uv's cache and will only be linked
        if too_much:
            raise self._problem(
                EnvironmentProblem(
                    f"up to {human_size(need.download)} would be fetched for it, and --max-download leaves "
                    f"{human_size(allowed or 0)}."
                )
            )
        raise self._problem(
            EnvironmentProblem(
                f"it takes {human_size(need.installed)}, and the disk of {self.cache.root} has {human_size(free or 0)} "
                f"left; free some space, or set {VARIABLE} to a folder on another disk."
            )
        )

    def _problem(self, error: EnvDoctorError) -> EnvDoctorError:
        return type(error)(f"{self.spec.title} could not be set up: {error}")


def own_python(request: Request) -> Path:
    """The user's own interpreter, or the folder of its environment."""
    return Path(sys.executable) if request.python is None else request.python.absolute()


def prefix_of(python: Path) -> Path | None:
    """The environment that an interpreter belongs to, for pip's site-wide configuration; None if that can't be told."""
    if python == Path(sys.executable):
        return Path(sys.prefix)
    return next((one for one in (python, *python.parents[:2]) if (one / "pyvenv.cfg").is_file()), None)
