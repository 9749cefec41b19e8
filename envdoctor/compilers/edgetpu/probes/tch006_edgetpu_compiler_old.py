"""Whether the Edge TPU compiler is an old version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.facts import EdgeTpu
from envdoctor.core.errors import DoesNotApply, FactUnavailable
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

_LAST = 16


@probe("TCH006", topic="edgetpu")
def check(facts: Facts) -> Iterator[Finding]:
    """The Edge TPU compiler is an old version.

    16.0 is the last. Each version reads newer operator versions and maps more than the one before it; only 16.0 can
    search for a part of the graph that compiles. An older one is right only for a device whose runtime is older than
    14.
    """
    edgetpu = facts.of(EdgeTpu)
    if edgetpu.compiler is None:
        raise DoesNotApply("there is no edgetpu_compiler")
    if not edgetpu.version:
        raise FactUnavailable("toolchains", "neither the compiler nor its package tells its version")
    major = edgetpu.version.partition(".")[0]
    if major.isdecimal() and int(major) < _LAST:
        yield Finding(
            severity=Severity.WARNING,
            subject="edgetpu_compiler",
            message=f"edgetpu_compiler is version {edgetpu.version}; 16.0 is the last release.",
            evidence=(Evidence(source=str(edgetpu.compiler.wrapper), excerpt=edgetpu.version),),
            fix=Fix(
                text="Get version 16.0.",
                commands=(("envdoctor", "toolchain", "install", "edgetpu-compiler"),),
                safe=True,
            ),
        )
