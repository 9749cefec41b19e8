"""Whether rknn-toolkit2 is here, or can be had here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.core.finding import Fix, Severity
from envdoctor.facts.environments import missing_environment
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.core.finding import Finding
    from envdoctor.facts import Facts


@probe("TCH023", topic="rknn")
def check(facts: Facts) -> Iterator[Finding]:
    """rknn-toolkit2 is not installed and can't be installed here.

    Only rknn-toolkit2 makes .rknn files. Its wheels are for Python 3.10 to 3.12 on x86_64 Linux; its environment takes
    more than 5 GB, so that a build makes it with --allow-large only.

    Where a build can make that environment, it is merely noted that it is not there yet.
    """
    for found in missing_environment(facts, "rknn", "rknn-toolkit2"):
        noted = found.severity is Severity.INFO
        yield replace(found, fix=Fix(text="A build with --allow-large makes it.", safe=True)) if noted else found
