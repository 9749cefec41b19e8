"""What every use case begins with."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor import __version__
from envdoctor.core.errors import EnvDoctorError
from envdoctor.core.finding import FAMILIES
from envdoctor.core.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from envdoctor.core.compiler import Compiler
    from envdoctor.core.events import Listener
    from envdoctor.core.request import Request
    from envdoctor.environments.provide import ProvidedEnvironment
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts

#: Families whose common probes only ask of one topic; tests/test_catalogue.py holds the probes against it.
FAMILIES_OF_TOPIC = {
    "emulation": frozenset({"EMU", "TCH"}),
    "model": frozenset({"MDL"}),
    "compiled-file": frozenset({"MDL"}),
}


def subject(facts: Facts) -> dict[str, str]:
    """What was looked at, by name."""
    python = facts.python
    chosen = {"chosen": python.chosen, "passed over": "; ".join(python.passed_over)}
    return {
        "python": str(python.executable),
        "version": python.version,
        "environment": str(python.prefix),
        **{name: words for name, words in chosen.items() if words},
    }


def new_report(command: str) -> Report:
    """An empty report of a command, made now."""
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return Report(command=command, version=__version__, created=created)


def topics(compiler: Compiler | None) -> frozenset[str]:
    """The topics of probes that matter for a compiler's goals: `machine`, and its own."""
    return frozenset({"machine"}) | (frozenset() if compiler is None else compiler.topics)


def environment_provider(
    request: Request, facts: Facts, executor: Executor, emit: Listener
) -> Callable[[str], ProvidedEnvironment]:
    """A function that finds or makes an environment by name, once: a failure is remembered like a success.

    It raises EnvironmentProblem and NetworkProblem; see `envdoctor.environments.provide.provide`.
    """
    from envdoctor.core.events import EnvironmentProgress
    from envdoctor.environments.provide import provide
    from envdoctor.environments.spec import environment_spec
    from envdoctor.facts.environments import own_environment

    known: dict[str, ProvidedEnvironment | EnvDoctorError] = {}

    left = request.options.max_download

    def get(name: str) -> ProvidedEnvironment:
        nonlocal left

        def say(text: str) -> None:
            emit(EnvironmentProgress(name=name, text=text))

        if name not in known:
            allowed = replace(request, options=replace(request.options, max_download=left))
            try:
                known[name] = made = provide(environment_spec(name), allowed, own_environment(facts), executor, say)
                left = None if left is None else left - made.fetched
            except EnvDoctorError as error:
                known[name] = error
        found = known[name]
        if isinstance(found, EnvDoctorError):
            raise found
        return found

    return get


def families(asked: frozenset[str]) -> frozenset[str]:
    """The families of probes that can have something to ask for these topics."""
    wanted = frozenset().union(*(codes for topic, codes in FAMILIES_OF_TOPIC.items() if topic in asked))
    return frozenset(FAMILIES).difference(*FAMILIES_OF_TOPIC.values()) | wanted
