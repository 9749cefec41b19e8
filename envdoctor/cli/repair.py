"""`envdoctor repair`: mend a .tflite file whose float model is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from envdoctor.cli import _options, _tables
from envdoctor.stages.workers.mends.catalogue import MENDS

if TYPE_CHECKING:
    from pathlib import Path

_ON_DEMAND = ", ".join(one.name for one in MENDS if one.on_demand)
_OTHERS = ", ".join(one.name for one in MENDS if not one.on_demand)


@click.command(short_help="Mend a .tflite file without its float model.")
@click.argument("file", type=_options.FILE)
@click.option(
    "--output", "-o", "out", type=_options.FILE, metavar="OUT", help="The file to write; else FILE_mended.tflite here."
)
@click.option("--in-place", is_flag=True, help="Replace FILE itself.")
@click.option("--to", "goal", default="", metavar="GOAL", help="What is to read it: edgetpu, ethos-u55-128, tf-2.5 ...")
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help=f"Apply this mend alone; may be given several times: {_OTHERS}; and, never without being named, {_ON_DEMAND}.",
)
@click.option("--samples", type=_options.FILE, metavar="PATH", help="Representative inputs to prove the mends on, too.")
@click.option("--stage-memory", "memory", type=_options.size, metavar="SIZE", help="End it if it takes more memory.")
@_options.offline_option
@_options.python_option
@_options.verbose_option
@_options.json_option
def command(file: Path, as_json: bool, verbose: bool, **rest: Any) -> int:  # noqa: ANN401
    """Mend a .tflite FILE without the model that it was made from.

    Each mend is proven: LiteRT runs the file before and after it on the same random inputs, and on those of --samples.
    A mend that changes the outputs by more than it may is left out, and nothing is written unless the whole file proves
    right. Exit code 0 if FILE was mended or nothing needs to be, 1 if a mend was left out.
    """
    from envdoctor.cli._progress import display
    from envdoctor.doctor.repair import RepairRequest, repair

    with display() as listener:
        report = repair(RepairRequest(file=file, **rest), listener)
    _tables.show("repair", report, as_json=as_json, verbose=verbose)
    return report.summary.exit_code
