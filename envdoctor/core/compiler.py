"""What a compiler is: a family of goals, and all that has to be known to build for them, as one value.

A compiler is a package with a constant COMPILER: a folder of envdoctor/compilers, or what another distribution names as
an entry point in the group `envdoctor.compilers`. Rows that it adds to the common tables (its goals, environments and
stage problems) are in TOML files of the same names in its folder, its probes in a package `probes` in it.

The callables take and give values of higher rooms (models, contexts of stages, actions), which the core does not know:
their types are named in words.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from envdoctor.core.frozen import frozen
from envdoctor.core.goal import Goal, goal_names, parse_goal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from envdoctor.core.file_identity import FileIdentity
    from envdoctor.core.finding import Finding
    from envdoctor.core.prediction import Disagreement, Estimate, Guidance, Prediction


@frozen
class Product:
    """A kind of file that a compiler makes.

    Attributes:
        kind: its name; that of an artifact.
        suffix: what is put behind the source's name, with the file's extension.
        gate: judges what was made: takes a StageContext and a StageOutput and gives the output with findings, or raises
            StageFailed. See `envdoctor.stages.gates`.
    """

    kind: str
    suffix: str
    gate: Callable[[Any, Any], Any]


@frozen
class ToolchainFiles:
    """How the files of a toolchain (a name in toolchains.toml) are taken in, where unpacking an archive is not all.

    Attributes:
        fill: copies what matters out of a file or folder that is no archive, into a folder.
        inspect: looks into a filled folder; gives the version, empty if it is not told there. Raises ToolchainProblem
            if it is not what it should be.
    """

    fill: Callable[[Path, Path], None]
    inspect: Callable[[Path], str]


@frozen
class Compiler:
    """One compiler.

    Attributes:
        name: what `compiler` in goals.toml names.
        title: what it is, for a person.
        products: the kinds of file it makes.
        actions: gives its actions (`envdoctor.action.Action`), with their places and environments. Asked only when a
            route is planned.
        topics: of the probes that matter for its goals: `emulation`, and its own.
        check_program: raises ToolchainProblem if a program that the user names is not it; None if none can be named.
        toolchains: how the files of its toolchains are taken in, by name.
        predict: tells where it will run each operator: takes a Model, the release (empty for the newest) and its
            arguments. Raises Unreadable if a constant that decides is not in the file. None if only the compiler knows.
        advise: what can be done about a prediction; takes the Model and the Prediction.
        compare: a prediction against a log or a file of the compiler; takes the Prediction, the Model and the path.
            Raises Unreadable if that can't be read.
        placed: tells from the file that it made which operators run where: takes the Model before, the Model after, and
            the summary of the stage. None if `predict` is better.
        estimate: tells from the file what a device that runs the model will make of it and how much memory it takes;
            takes the Model. None for a compiler of accelerators.
        hold: what is wrong with a model, by its Estimate, on a device with so little memory; takes the Estimate, the
            file and the limits in bytes by name (`arena`, `flash`).
        identify: tells what a file or folder is, by its content, if it is of a format that this compiler knows and that
            is no .tflite file; None for any other. Raises Unreadable if it is of such a format, and damaged.
    """

    name: str
    title: str
    products: tuple[Product, ...]
    actions: Callable[[], Iterable[Any]]
    topics: frozenset[str] = frozenset()
    check_program: Callable[[Path], object] | None = None
    toolchains: Mapping[str, ToolchainFiles] = field(default_factory=dict)
    predict: Callable[[Any, str, Sequence[str]], Prediction] | None = None
    advise: Callable[[Any, Any], Guidance] | None = None
    compare: Callable[[Any, Any, Path], tuple[Disagreement, ...]] | None = None
    placed: Callable[[Any, Any, Mapping[str, Any]], Prediction] | None = None
    estimate: Callable[[Any], Estimate] | None = None
    hold: Callable[[Any, Path, Mapping[str, int]], Iterable[Finding]] | None = None
    identify: Callable[[Path], FileIdentity | None] | None = None

    @property
    def goals(self) -> tuple[Goal, ...]:
        """Its goals: the rows of the tables goals.toml that name it."""
        return tuple(goal for goal in map(parse_goal, goal_names()) if goal.compiler == self.name)
