"""Whether the Edge TPU compiler is the one for ARM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.facts import EdgeTpu
from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("TCH003", topic="edgetpu", requires={"TCH001"})
def check(facts: Facts) -> Iterator[Finding]:
    """The Edge TPU compiler is the abandoned one for ARM.

    Up to version 2.0 there was a compiler for aarch64. On today's systems it ends with "Internal compiler error.
    Aborting!" whatever the model, and no newer one was made: https://github.com/google-coral/edgetpu/issues/311.
    That is why Ultralytics' export to Edge TPU stops at once on ARM64
    (https://github.com/ultralytics/ultralytics/pull/13176): have it write the int8 .tflite, and compile that here.

    The one for x86_64 runs on ARM under QEMU. What that costs, measured with programs of our own: 0.02 s to start,
    nothing for integers, up to 14 times the time for floating point; a small model was reported to compile in 4 s on
    a Raspberry Pi 5.
    """
    compiler = facts.of(EdgeTpu).compiler
    if compiler is None:
        raise DoesNotApply("there is no edgetpu_compiler")
    if compiler.architecture not in {None, "x86_64"}:
        yield Finding(
            severity=Severity.ERROR,
            subject=str(compiler.binary),
            message=f"This is the compiler for {compiler.architecture}, which aborts on today's systems.",
            evidence=(Evidence(source=str(compiler.binary), excerpt=f"ELF for {compiler.architecture}"),),
            fix=Fix(
                text="Get the compiler for x86_64.",
                commands=(("envdoctor", "toolchain", "install", "edgetpu-compiler"),),
                safe=True,
                link="https://github.com/google-coral/edgetpu/issues/311",
            ),
        )
