"""What is known about a machine, an environment and a model: one attribute a group, collected once, on demand.

One module here is one group: a frozen dataclass, `collect(request, executor)` and pure `parse_*` functions. The name of
the module is the name of the attribute, so a new group is a new module and nothing else. A group that is worked out of
other groups has `derive(facts)` in place of `collect`; one that needs both has `ask(facts, request, executor)`.
A compiler's own groups lie in its folder, see `Facts.of`.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from envdoctor.core.errors import EnvDoctorError, FactUnavailable, UsageProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from envdoctor.core.request import Request
    from envdoctor.executors import Executor
    from envdoctor.facts.bytecode import Bytecode
    from envdoctor.facts.compiled import Compiled
    from envdoctor.facts.containers import Containers
    from envdoctor.facts.emulation import Emulation
    from envdoctor.facts.environments import Environments
    from envdoctor.facts.generated import Generated
    from envdoctor.facts.hollow import HollowPackages
    from envdoctor.facts.host import Host
    from envdoctor.facts.importing import Importing
    from envdoctor.facts.loading import Loading
    from envdoctor.facts.locked import Locked
    from envdoctor.facts.model import ModelFacts
    from envdoctor.facts.natives import Natives
    from envdoctor.facts.packages import Packages
    from envdoctor.facts.pip_list import PipList
    from envdoctor.facts.plugins import Plugins
    from envdoctor.facts.proven import Proven
    from envdoctor.facts.python import Python
    from envdoctor.facts.records import Records
    from envdoctor.facts.requirements import Requirements
    from envdoctor.facts.runtimes import Runtimes
    from envdoctor.facts.startup import Startup
    from envdoctor.facts.strays import Strays
    from envdoctor.facts.watched import Watched
    from envdoctor.facts.witness import Witness

T = TypeVar("T")
#: Groups that tell of the model, as its goal's compiler reads it.
_OF_A_MODEL = frozenset({"model"})


class Facts:
    """All fact groups of one request.

    `Facts(request, executor)` collects a group when it is first read and remembers a failure too;
    `Facts(host=Host(...))` holds what a test gives it, and nothing else is known. Safe to read from several threads.

    Attributes:
        waiting: the threads (`threading.get_ident`) that wait for a group which another thread collects.
    """

    def __init__(self, request: Request | None = None, executor: Executor | None = None, **known: object) -> None:
        self._request = request
        self._executor = executor
        self._known: dict[str, object | FactUnavailable] = dict(known)
        self._locks: dict[str, threading.Lock] = {}
        self.waiting: set[int] = set()
        self._lock = threading.Lock()

    if TYPE_CHECKING:  # what `__getattr__` answers with; tests/facts/test_facts.py holds the modules against it
        compiled: Compiled
        containers: Containers
        emulation: Emulation
        environments: Environments
        bytecode: Bytecode
        generated: Generated
        hollow: HollowPackages
        host: Host
        importing: Importing
        loading: Loading
        locked: Locked
        model: ModelFacts
        pip_list: PipList
        plugins: Plugins
        proven: Proven
        python: Python
        packages: Packages
        records: Records
        requirements: Requirements
        runtimes: Runtimes
        startup: Startup
        strays: Strays
        natives: Natives
        watched: Watched
        witness: Witness

    else:

        def __getattr__(self, group: str) -> object:
            """The group of that name, collected now if it was not yet.

            Raises:
                FactUnavailable: it could not be collected, now or earlier.
                UsageProblem: the request names something that is not there.
            """
            if group.startswith("_"):
                raise AttributeError(group)
            return self._read(group, None)

    def _read(self, group: str, module: ModuleType | None) -> Any:  # noqa: ANN401  (as the group's module makes it)
        if group not in self._known:
            with self._lock:
                lock = self._locks.setdefault(group, threading.Lock())
            with self._waiting(lock):
                if group not in self._known:
                    self._known[group] = self._collect(group, module)
        value = self._known[group]
        if isinstance(value, FactUnavailable):
            raise FactUnavailable(value.group, value.reason)
        return value

    @contextlib.contextmanager
    def _waiting(self, lock: threading.Lock) -> Iterator[None]:
        """Holds the lock of a group; while another thread collects it, this one is among `waiting`."""
        if not lock.acquire(blocking=False):
            self.waiting.add(threading.get_ident())
            try:
                lock.acquire()
            finally:
                self.waiting.discard(threading.get_ident())
        try:
            yield
        finally:
            lock.release()

    def of(self, kind: type[T]) -> T:
        """The fact group of a compiler, by its class: the name in small letters is that of a group here.

        Its module has `collect`, `derive` or `ask` as those here do.

        Raises:
            FactUnavailable: it could not be collected, now or earlier.
            UsageProblem: the request names something that is not there.
            EnvDoctorError: another group has that name.
        """
        value = self._read(kind.__name__.lower(), sys.modules[kind.__module__])
        if not isinstance(value, kind):
            raise EnvDoctorError(f"there is another fact group '{kind.__name__.lower()}'; rename {kind.__module__}'s")
        return value

    def renewed(self, request: Request) -> Facts:
        """The facts of another request on the same machine: what was collected is taken over, but of the model."""
        known = {group: value for group, value in self._known.items() if group not in _OF_A_MODEL}
        return Facts(request, self._executor, **known)

    def _collect(self, group: str, module: ModuleType | None) -> object | FactUnavailable:
        if self._request is None or self._executor is None:
            return FactUnavailable(group, "not given")
        module = module or importlib.import_module(f"envdoctor.facts.{group}")
        try:
            value = self._make(module)
        except UsageProblem:
            raise  # what was asked for can't be done at all; no probe's affair
        except FactUnavailable as error:
            return error
        except (EnvDoctorError, OSError) as error:
            return FactUnavailable(group, str(error))
        return value

    def _make(self, module: ModuleType) -> object:
        """A group by whichever of its three functions its module has."""
        if hasattr(module, "derive"):
            return module.derive(self)
        if hasattr(module, "ask"):
            return module.ask(self, self._request, self._executor)
        return module.collect(self._request, self._executor)
