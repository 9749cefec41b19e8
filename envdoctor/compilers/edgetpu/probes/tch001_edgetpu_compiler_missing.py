"""Whether the Edge TPU compiler is here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.facts import EdgeTpu
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("TCH001", topic="edgetpu")
def check(facts: Facts) -> Iterator[Finding]:
    """The Edge TPU compiler is not installed.

    Only `edgetpu_compiler` makes files for an Edge TPU; no free substitute exists. Its package is for amd64, so that
    `apt install` finds it on no ARM machine; envdoctor unpacks it there just the same. Without it, a container, an
    x86_64 machine or Google's notebook can do the last stage.

    Nobody maintains it: 16.0 is of 2021, its source was never published
    (https://github.com/google-coral/pycoral/issues/106), and its apt repository can no longer be counted on.
    """
    edgetpu = facts.of(EdgeTpu)
    if edgetpu.compiler is None and not edgetpu.problem:
        yield Finding(
            severity=Severity.ERROR,
            subject="edgetpu_compiler",
            message="edgetpu_compiler is neither in envdoctor's toolchain store nor on PATH.",
            evidence=(Evidence(source="toolchain store, PATH", excerpt="no edgetpu_compiler"),),
            fix=Fix(
                text="Get it, without root.",
                commands=(("envdoctor", "toolchain", "install", "edgetpu-compiler"),),
                safe=True,
            ),
        )
