"""Whether there is enough memory for a conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.host import known
from envdoctor.probing import probe
from envdoctor.support.text import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

#: Importing TensorFlow 2.21 takes 558 MB and converting a small model 589 MB; torch and litert-torch 637 MB.
_NEEDED = 1 << 30
_COMFORTABLE = 2 << 30


@probe("HST008")
def check(facts: Facts) -> Iterator[Finding]:
    """There is little memory for a conversion.

    TensorFlow takes about 0.6 GB before it has read a model, and a conversion several times the model's size more.
    Where memory runs out, Linux kills the process without a word of its own (signal 9). Raise the limit of the
    container, add swap, or convert on a larger machine; quantizing a small .tflite file takes about 100 MB.
    """
    host = facts.host
    memory = known(host.memory, "the size of the memory")
    limited = host.memory_limit is not None and host.memory_limit < memory
    usable = host.memory_limit if limited and host.memory_limit is not None else memory
    if usable < _COMFORTABLE:
        where = "This container or control group" if limited else "This machine"
        yield Finding(
            severity=Severity.WARNING if usable < _NEEDED else Severity.INFO,
            subject=size(usable),
            message=f"{where} has {size(usable)} of memory; a conversion with TensorFlow takes 0.6 GB and more.",
            evidence=(
                Evidence(source=host.source("memory_limit" if limited else "memory"), excerpt=f"{usable} bytes"),
            ),
            fix=Fix(text="Raise the limit, add swap, or convert on a machine with more memory."),
        )
