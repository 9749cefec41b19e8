"""What the user asked for, as one value that every room can read."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen
from envdoctor.core.plugins import PluginState

if TYPE_CHECKING:
    from pathlib import Path

    from envdoctor.core.artifact import Artifact
    from envdoctor.core.compiler import Compiler
    from envdoctor.core.exported_graph import ExportedGraph
    from envdoctor.core.goal import Goal

#: The topics of requests that leave imports out, and that do them really.
LEFT_OUT, PROVE = "fast", "prove"


@frozen
class Thresholds:
    """How far the int8 model's outputs may be from the float model's, over the calibration samples.

    Attributes:
        max_difference: largest absolute difference, as a share of the float output's range.
        min_cosine: smallest cosine similarity of the flattened outputs.
        min_agreement: smallest share of samples whose largest output is the same (outputs with two or more values in
            their last axis, at least; others are not judged by it).
        max_drop: by how much the share of evaluation samples that are right may fall from the float model's.
    """

    max_difference: float = 0.35
    min_cosine: float = 0.9
    min_agreement: float = 0.8
    max_drop: float = 0.05


@frozen
class BuildOptions:
    """How to build, beyond where from and where to.

    Attributes:
        calibration: a .npy or .npz file or a folder of .npy files with representative samples; None if none was given.
        random_calibration: True if the user asked for random samples instead (accuracy is then unknown).
        evaluation: samples to judge by that don't calibrate, with class numbers as `y` to measure accuracy on, or None.
        io_type: element type of the model's inputs and outputs: `int8`, `uint8` or `float32`.
        allow_float: True if operators that stay float inside an int8 model are accepted.
        signature: the signature of a SavedModel to build; None for `serving_default`, or the only one.
        trust_code: True if code stored in the model (a Lambda layer) may be run.
        inputs: what a model takes that does not say it itself (`1x3x224x224`); empty if it was not said.
        keep_layout: True to leave the channels of a PyTorch model's inputs and outputs first.
        allow_large: True if an environment with gigabytes of CUDA may be made.
        accepted_licenses: names of licences that the user accepts with this request.
        thresholds: what the comparison with the float model must meet.
        stage_timeout: seconds for one stage.
        stage_memory: bytes of memory for one stage, or None.
        compiler: the `edgetpu_compiler` to use, if named.
        compiler_args: more arguments for the compiler of the last stage.
        require_mapped: share of operators that must run on the accelerator (0 to 1), or None.
        ssh_host: an x86_64 Linux machine that may run the compiler, as ssh takes it (`me@bigbox`), or None.
        notebook: True if a person is ready to run the compiler in a notebook.
        max_download: bytes that may be fetched for the environments of stages, all together; None for any number.
        recipe: a recipe of the LiteRT quantizer (JSON), for the goal that is made by one, or None.
        part: the model of a bundle that is meant, by its name in it; None for all.
        tasks_api: True if a bundle is to be opened in MediaPipe's Tasks API, too.
        arena, flash: bytes of working and of read-only memory that the device has for a model; None for any number.
        resume: the file that a person brings back from the notebook which an earlier build wrote, or None.
    """

    calibration: Path | None = None
    random_calibration: bool = False
    evaluation: Path | None = None
    io_type: str = "int8"
    allow_float: bool = False
    signature: str | None = None
    trust_code: bool = False
    inputs: str = ""
    keep_layout: bool = False
    allow_large: bool = False
    accepted_licenses: tuple[str, ...] = ()
    thresholds: Thresholds = field(default_factory=Thresholds)
    stage_timeout: float = 3600.0
    stage_memory: int | None = None
    compiler: Path | None = None
    compiler_args: tuple[str, ...] = ()
    require_mapped: float | None = None
    ssh_host: str | None = None
    notebook: bool = False
    max_download: int | None = None
    recipe: Path | None = None
    part: str | None = None
    tasks_api: bool = False
    arena: int | None = None
    flash: int | None = None
    resume: Path | None = None


@frozen
class Request:
    """One request.

    Attributes:
        python: the interpreter whose environment is examined; None for the active one, see `environments.active`.
        source: the model to start from, if any.
        goal: where to get to, if anywhere.
        compiler: the goal's.
        options: how to build.
        topics: which probes beyond `machine` matter (`edgetpu`, `emulation`, `model`, `witness`).
        distribution: the only one whose imports matter, by its normalized name; empty for all.
        plugins: what other distributions add, and what of it is wrong.
        cache: the folder that envdoctor keeps its environments and downloads in; None for the user's cache folder.
        offline: True if nothing may be fetched.
        graph: what the source was exported to, where that is known.
    """

    python: Path | None = None
    source: Artifact | None = None
    goal: Goal | None = None
    compiler: Compiler | None = None
    options: BuildOptions = field(default_factory=BuildOptions)
    topics: frozenset[str] = frozenset({"machine"})
    distribution: str = ""
    plugins: PluginState = field(default_factory=PluginState)
    cache: Path | None = None
    offline: bool = False
    graph: ExportedGraph | None = None

    @property
    def accelerator(self) -> str:
        """The compiler's own name of the goal's target; empty for none."""
        return "" if self.goal is None else self.goal.accelerator or ""
