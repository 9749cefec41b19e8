"""Whether the compiler's wrapper script can find its own folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.facts import EdgeTpu
from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("TCH004", topic="edgetpu")
def check(facts: Facts) -> Iterator[Finding]:
    """The compiler's wrapper breaks on its own path.

    The wrapper script uses its folder's name without quotes: where that has a space, it says "No such file or
    directory". envdoctor starts the compiler's loader itself and does not mind; other tools do.
    """
    compiler = facts.of(EdgeTpu).compiler
    if compiler is None:
        raise DoesNotApply("there is no edgetpu_compiler")
    if compiler.loader is not None and any(letter.isspace() for letter in str(compiler.wrapper)):
        yield Finding(
            severity=Severity.INFO,
            subject=str(compiler.wrapper),
            message="The compiler's path has a space in it, on which its script breaks; envdoctor does without.",
            evidence=(Evidence(source="path", excerpt=str(compiler.wrapper)),),
            fix=Fix(text="For other tools, move it to a path without spaces."),
        )
