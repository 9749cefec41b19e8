"""Whether ExecuTorch is here, or can be had here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.facts.environments import missing_environment
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.finding import Finding
    from envdoctor.facts import Facts


@probe("TCH020", topic="executorch")
def check(facts: Facts) -> Iterator[Finding]:
    """ExecuTorch is not installed and can't be installed here.

    Only ExecuTorch makes .pte files. It runs in your own environment if that has it with its Vela and tosa-tools, or in
    one that a build makes by itself, which takes a Python and a platform that its wheels exist for.

    Where a build can make that environment, it is merely noted that it is not there yet.
    """
    yield from missing_environment(facts, "executorch", "ExecuTorch")
