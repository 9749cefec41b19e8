"""What other distributions add to envdoctor itself, and what of it is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen

if TYPE_CHECKING:
    from envdoctor.core.plugins import EntryPoint, PluginProblem
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor


@frozen
class Plugins:
    """The plug-ins of this envdoctor, as the registry found them."""

    entries: tuple[EntryPoint, ...] = ()
    problems: tuple[PluginProblem, ...] = ()


def collect(request: Request, executor: Executor) -> Plugins:
    """As the request says: facts lie below the registry."""
    del executor
    return Plugins(entries=request.plugins.entries, problems=request.plugins.problems)
