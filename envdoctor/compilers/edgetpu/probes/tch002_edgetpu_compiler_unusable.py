"""Whether what was named or found is the Edge TPU compiler."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.facts import EdgeTpu
from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("TCH002", topic="edgetpu")
def check(facts: Facts) -> Iterator[Finding]:
    """What was found is no usable Edge TPU compiler.

    The compiler is a bundle: a wrapper script, and beside it the folder edgetpu_compiler_bin with the program, its
    loader and its libraries. A wrapper that was copied alone, a half-copied folder or another program of that name
    can't be used.
    """
    edgetpu = facts.of(EdgeTpu)
    if edgetpu.compiler is None and not edgetpu.problem:
        raise DoesNotApply("there is no edgetpu_compiler")
    if edgetpu.problem:
        yield Finding(
            severity=Severity.ERROR,
            subject="edgetpu_compiler",
            message=edgetpu.problem,
            evidence=(Evidence(source="edgetpu_compiler", excerpt=edgetpu.problem),),
            fix=Fix(
                text="Get an undamaged copy, or name another compiler with --compiler.",
                commands=(("envdoctor", "toolchain", "install", "edgetpu-compiler"),),
                safe=True,
            ),
        )
