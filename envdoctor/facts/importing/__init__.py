"""What importing the installed packages comes to, and what their commands enter: from their texts, nothing is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Severity
from envdoctor.core.frozen import frozen
from envdoctor.core.request import LEFT_OUT

if TYPE_CHECKING:
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution
    from envdoctor.imports.surface import Entrance
    from envdoctor.imports.verdict import Failure


@frozen
class Asking:
    """The place in a text that asks for what is not there.

    Attributes:
        module: whose text it is.
        path: the file.
        line: from 1; 0 where the line was not found.
        excerpt: that line.
    """

    module: str
    path: str = ""
    line: int = 0
    excerpt: str = ""


@frozen
class FailedImport:
    """An import that certainly fails, told of the module where that begins.

    Attributes:
        distribution: the one that asks for what is not there.
        module: that is imported.
        failures: why, the first cause first.
        asking: the place of the first.
        owner: the distribution that has the module which is asked for a name or a part in vain; None where none has.
        entrances: what its users can't import for it, each with its distribution; the gravest first.
        told_by: the code of the probe that tells the cause; "" for none.
        spared: distributions that require these, and can be imported all the same: nobody asked for the packages
            themselves, it seems.
        variables: those of this process without which it does not fail.
    """

    distribution: Distribution
    module: str
    failures: tuple[Failure, ...]
    asking: Asking
    owner: Distribution | None = None
    entrances: tuple[tuple[Distribution, Entrance], ...] = ()
    told_by: str = ""
    spared: tuple[Distribution, ...] = ()
    variables: tuple[str, ...] = ()

    @property
    def severity(self) -> Severity:
        """How much it matters to those who use the distributions."""
        return Severity.INFO if self.spared else max(each.severity for _, each in self.entrances)

    @property
    def uses(self) -> tuple[str, ...]:
        """What fails, each as the subject of a sentence; the package's own import first, commands last."""
        ordered = sorted(self.entrances, key=lambda use: (bool(use[1].command), use[1].module != self.module))
        return tuple(dict.fromkeys(each.use for _, each in ordered))


@frozen
class BrokenCommand:
    """A command that certainly does not start, although all that it imports can be imported.

    Attributes:
        distribution: whose.
        name: what is typed.
        severity: how much that matters.
        path: the file that proves it.
        reason: what is wrong, as the end of a sentence.
        excerpt: the words in the file.
        is_moved: whether the Python that it starts with is gone.
        lacks: whether it calls what the module in `path` does not have.
    """

    distribution: Distribution
    name: str
    severity: Severity
    path: str
    reason: str
    excerpt: str
    is_moved: bool = False
    lacks: bool = False


@frozen
class Importing:
    """All of it.

    Attributes:
        failed: imports.
        broken: commands.
        unfinished: (distribution, module) of what was not followed to its end, for its size or for want of time.
        looked_at: the number of modules whose import was followed.
        variables: (distribution, path of a file in it, NAME=VALUE) of variables that packages set when imported.
        left_out: True if the user asked not to look.
        goes_on: True if the next look may tell more: the effort was up, and what was worked out is kept. What was left
            for its size alone is left by the next look, too.
    """

    failed: tuple[FailedImport, ...] = ()
    broken: tuple[BrokenCommand, ...] = ()
    unfinished: tuple[tuple[Distribution, str], ...] = ()
    looked_at: int = 0
    variables: tuple[tuple[Distribution, str, str], ...] = ()
    left_out: bool = False
    goes_on: bool = False


def ask(facts: Facts, request: Request, executor: Executor) -> Importing:  # noqa: ARG001 - files tell all
    """Follow the imports of all distributions in use.

    Raises:
        FactUnavailable: the environment can't be read.
    """
    if LEFT_OUT in request.topics:
        return Importing(left_out=True)
    from envdoctor.facts.importing.survey import survey

    return survey(facts, request)
