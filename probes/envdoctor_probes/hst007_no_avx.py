"""Whether the processor has the instructions that TensorFlow's wheels are compiled to use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.host import known
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("HST007")
def check(facts: Facts) -> Iterator[Finding]:
    """The processor has no AVX.

    TensorFlow's wheels for x86_64 have used AVX since 1.6 and end with an illegal instruction (SIGILL) or a fatal
    message where it is missing: on Celeron, Pentium and Atom processors, in virtual machines with a generic processor
    model, and under emulators. Give the virtual machine its host's processor (`-cpu host`), or use a route without
    TensorFlow: LiteRT and its quantizer start from a .tflite file.
    """
    host = facts.host
    if host.machine != "x86_64":
        raise DoesNotApply("this is no x86_64 processor")
    features = known(host.cpu_features, "the features of the processor")
    if "avx" not in features:
        installed = [
            one for name, one in facts.packages.active().items() if name.startswith(("tensorflow", "tf-nightly"))
        ]
        yield Finding(
            severity=Severity.ERROR if installed else Severity.WARNING,
            subject=host.cpu or host.machine,
            message="The processor does not offer AVX, which TensorFlow's wheels need.",
            evidence=(
                Evidence(
                    source=host.source("cpu_features"), excerpt=f"{len(features)} features, avx is not among them"
                ),
                *(Evidence(source=one.metadata, excerpt=one.title) for one in installed[:1]),
            ),
            fix=Fix(
                text="Use a machine with AVX, in a virtual machine its host's processor model. Without TensorFlow: run "
                "models by ai-edge-litert, and build from a .tflite file, which the LiteRT quantizer does "
                "(`envdoctor build MODEL.tflite --to tflite-int8`).",
            ),
        )
