"""One stage: its environment, its processes, its gate, and keeping or reusing what it made."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from envdoctor.action import StageContext, StageFailed, StageOutput
from envdoctor.core.artifact import Artifact
from envdoctor.core.errors import EnvDoctorError, NetworkProblem
from envdoctor.core.finding import Evidence, Finding
from envdoctor.core.route import StagePlan, StageResult, StageStatus
from envdoctor.pipeline.key import KeyMaker
from envdoctor.pipeline.publication import is_full, unwritable
from envdoctor.pipeline.recorder import Recorder
from envdoctor.pipeline.sources import model_inputs, stored_code
from envdoctor.pipeline.workspace import GateUse, StageRecord, StoredStage, Workspace
from envdoctor.stages import problems
from envdoctor.support.hashing import hash_path, hash_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from envdoctor.action import Action
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor
    from envdoctor.pipeline.key import StageKey


class Interpreter(Protocol):
    """The Python of an environment, and what is installed in it."""

    @property
    def python(self) -> Path:
        """The interpreter."""
        ...

    @property
    def distributions(self) -> Mapping[str, str]:
        """Name and version of every distribution."""
        ...

    @property
    def identity(self) -> str | None:
        """What tells it from another with the same versions; None if its code can change unseen."""
        ...

    @property
    def variables(self) -> Mapping[str, str | None]:
        """What its processes need in their environment; see `Command.env`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StageInput:
    """What a stage starts from: an artifact, and the reference outputs of an earlier stage."""

    artifact: Artifact
    reference: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRunner:
    """Runs the stages of one build.

    Attributes:
        gate: judges what a stage made; adds to its output, or raises StageFailed.
        provide: makes or finds the environment of that name.
        fresh: True if nothing that an earlier build stored may be reused.
    """

    request: Request
    workspace: Workspace
    executor: Executor
    gate: Callable[[StageContext, Artifact, StageOutput], StageOutput]
    provide: Callable[[str], Interpreter]
    fresh: bool = False
    _made: set[str] = field(default_factory=set)
    _settled: list[StageResult] = field(default_factory=list)

    def is_settled(self, result: StageResult) -> bool:
        """True if the same stage would fail like this in any other place, too."""
        return any(result is one for one in self._settled)

    def run(self, plan: StagePlan, action: Action, given: StageInput) -> tuple[StageResult, StageInput | None]:
        """Run one stage, or reuse what an earlier run of the same made.

        Returns:
            The result, and what the next stage starts from; None if this one failed.

        Raises:
            BuildFailed: the disk is full or can't be written to; no other route would help.
        """
        start = time.monotonic()
        recorder = self._recorder(plan, given)
        try:
            environment = None if plan.environment is None else self.provide(plan.environment)
            if environment is not None:
                recorder.variables = environment.variables
                recorder.environment = dict(environment.distributions)
            key = KeyMaker(request=self.request, executor=self.executor).make(plan, action, given, environment)
            stored = self._find(key)
            status = StageStatus.DONE if stored is None else StageStatus.REUSED
            if stored is None:
                stored = self._make(plan, action, given, environment, recorder, key.text)
        except StageFailed as error:
            status = StageStatus.WAITING if error.waits else StageStatus.FAILED
            result = replace(_failed(plan, recorder, error.finding, start, status), summary=error.learnt)
            if not error.of_place:
                self._settled.append(result)
            return result, None
        except EnvDoctorError as error:
            return _failed(plan, recorder, _finding_of(plan, error), start), None
        except OSError as error:
            if is_full(error):
                raise unwritable(error, self.workspace.out) from None
            return _failed(plan, recorder, _finding_of(plan, error), start), None
        return self._result(plan, status, stored, start), StageInput(
            artifact=stored.artifact, reference=stored.reference or given.reference
        )

    def _recorder(self, plan: StagePlan, given: StageInput) -> Recorder:
        options = self.request.options
        log = self.workspace.log(f"{plan.action}-{plan.place.replace(':', '-')}-{given.artifact.sha256[:8]}")
        return Recorder(self.executor, log, options.stage_timeout, options.stage_memory)

    def _find(self, key: StageKey) -> StoredStage | None:
        """What this build made by that key, or an earlier one did that can be trusted to have made the same."""
        if key.text in self._made:
            return self.workspace.find(key.text)
        stored = None if self.fresh or not key.complete else self.workspace.find(key.text)
        return stored if stored is not None and self._would_judge_alike(stored.record.gate) else None

    def _would_judge_alike(self, gate: GateUse | None) -> bool:
        """True if a gate would run in the environment that it ran in then, or there is none to ask again."""
        if gate is None:
            return True
        try:
            now = _gate_use(gate.name, self.provide(gate.name))
        except EnvDoctorError:
            return True
        return now == gate and now.identity is not None

    def _make(  # noqa: PLR0913, PLR0917  (the parts of one step, each named once)
        self,
        plan: StagePlan,
        action: Action,
        given: StageInput,
        environment: Interpreter | None,
        recorder: Recorder,
        key: str,
    ) -> StoredStage:
        with self.workspace.work_folder() as folder, self._requests_kept(folder, recorder):
            recorder.folder = folder
            context = StageContext(
                source=given.artifact,
                request=self.request,
                place=plan.place,
                python=None if environment is None else environment.python,
                reference=given.reference,
                folder=folder,
                run=recorder.run,
                interpreter=lambda name: self._second(name, recorder),
                log=recorder.log,
                out=self.workspace.out,
                inputs=lambda: model_inputs(given.artifact) or (),
                stored_code=lambda: stored_code(given.artifact),
            )
            output = action.run(context)
            artifact = Artifact(kind=plan.produces, path=output.path, sha256=hash_path(output.path))
            output = self.gate(context, artifact, output)
            references = () if output.reference is None else (output.reference,)
            record = StageRecord(
                kind=artifact.kind,
                path=_inside(folder, output.path),
                sha256=artifact.sha256,
                others={_inside(folder, path): hash_path(path) for path in (*output.files, *references)},
                files=tuple(_inside(folder, file) for file in output.files),
                reference=None if output.reference is None else _inside(folder, output.reference),
                log=recorder.log.name,
                seconds=recorder.seconds,
                peak_memory=recorder.peak,
                commands=tuple(recorder.commands),
                environment=recorder.environment,
                gate_environment=recorder.gate_environment,
                gate=recorder.gate,
                summary=output.summary,
                findings=output.findings,
            )
            self._made.add(key)
            return self.workspace.keep(folder, key, record)

    @contextlib.contextmanager
    def _requests_kept(self, folder: Path, recorder: Recorder) -> Iterator[None]:
        """If a stage fails, keep what a person needs to run its commands again."""
        try:
            yield
        except (StageFailed, EnvDoctorError, OSError):
            with contextlib.suppress(OSError):  # the disk may be full, which is what is told then
                recorder.moved = (folder, self.workspace.keep_requests(folder, recorder.log))
            raise

    def _second(self, name: str, recorder: Recorder) -> Path:
        """The interpreter of the environment that a gate asks for."""
        recorder.gate = GateUse(name=name)
        provided = self.provide(name)
        recorder.gate = _gate_use(name, provided)
        recorder.gate_environment = dict(provided.distributions)
        return provided.python

    def _result(self, plan: StagePlan, status: StageStatus, stored: StoredStage, start: float) -> StageResult:
        record = stored.record
        spent = time.monotonic() - start
        return StageResult(
            stage=plan,
            status=status,
            artifact=stored.artifact,
            files=stored.files,
            log=self.workspace.log_path(record.log),
            seconds=record.seconds,
            peak_memory=record.peak_memory,
            overhead=max(0.0, spent - record.seconds) if status is StageStatus.DONE else spent,
            commands=record.commands,
            environment=record.environment,
            gate_environment=record.gate_environment,
            summary=record.summary,
            findings=record.findings,
        )


def _gate_use(name: str, environment: Interpreter) -> GateUse:
    identity = environment.identity
    versions = dict(sorted(environment.distributions.items()))
    return GateUse(name=name, identity=None if identity is None else hash_value([identity, versions]))


def _inside(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _failed(
    plan: StagePlan, recorder: Recorder, finding: Finding, start: float, status: StageStatus = StageStatus.FAILED
) -> StageResult:
    return StageResult(
        stage=plan,
        status=status,
        log=recorder.log if recorder.log.exists() else None,
        seconds=recorder.seconds,
        peak_memory=recorder.peak,
        overhead=max(0.0, time.monotonic() - start - recorder.seconds),
        commands=recorder.told_commands(),
        environment=recorder.environment,
        gate_environment=recorder.gate_environment,
        findings=(recorder.told_finding(finding),),
    )


def _finding_of(plan: StagePlan, error: Exception) -> Finding:
    name = "network-failed" if isinstance(error, NetworkProblem) else "stage-could-not-run"
    evidence = Evidence(source=plan.environment or plan.action, excerpt=str(error))
    return problems.finding(name, plan.action, (evidence,), words=error)
