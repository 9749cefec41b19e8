"""Whether libedgetpu and the interpreter are a pair that works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.compilers.edgetpu.runtime import SONAME, runtime_of
from envdoctor.compilers.edgetpu.runtime.pairs import Pairing, judge_pair
from envdoctor.core.errors import DoesNotApply, FactUnavailable
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.compilers.edgetpu.runtime.pairs import Pair
    from envdoctor.facts import Facts

_SEVERITIES = {
    Pairing.FAILS: Severity.ERROR,
    Pairing.REPORTED_BOTH_WAYS: Severity.WARNING,
    Pairing.NOT_KNOWN: Severity.INFO,
}


@probe("TCH012", topic="edgetpu")
def check(facts: Facts) -> Iterator[Finding]:
    """The Edge TPU's run-time library does not fit the interpreter.

    libedgetpu is built from the sources of one TensorFlow release. Beside an interpreter of another, opening a compiled
    model is a segmentation fault, or "Unsupported data type in custom op handler". Coral's last library, 16.0, is from
    TensorFlow 2.5 and crashes tflite-runtime from 2.12 on; feranick/libedgetpu has builds for newer ones, whose version
    names the TensorFlow: 16.0tf2.17.1.

    What is known comes from public reports; a pair that nobody reported on is merely noted.
    """
    runtime = runtime_of(facts)
    if runtime.library is None:
        raise DoesNotApply(f"there is no {SONAME}")
    if not runtime.interpreters:
        raise DoesNotApply("no interpreter that loads it is installed in this environment")
    package, version = runtime.library.package
    if not version:
        raise FactUnavailable(
            "edgetpuruntime", f"no package of the system has {runtime.library.path}, so its version is not known"
        )
    for name, installed in runtime.interpreters.items():
        pair = judge_pair(version, name, installed)
        if pair.pairing is not Pairing.WORKS:
            yield Finding(
                severity=_SEVERITIES[pair.pairing],
                subject=f"{package} and {name}",
                message=_message(pair, package),
                evidence=(
                    Evidence(source=runtime.library.path, excerpt=f"{package} {version}"),
                    Evidence(
                        source=pair.source or "public reports", excerpt=pair.words or "nobody reported on this pair"
                    ),
                ),
                fix=_fix(pair),
            )


def _message(pair: Pair, package: str) -> str:
    built = f", built from TensorFlow {pair.tensorflow}," if pair.tensorflow else ""
    which = f"{package} {pair.library}{built}"
    if pair.pairing is Pairing.FAILS:
        return f"{which} crashes or refuses a compiled model in {pair.interpreter}: {pair.words}."
    if pair.pairing is Pairing.REPORTED_BOTH_WAYS:
        return f"{which} works in {pair.interpreter} for some and crashes for others: {pair.words}."
    return f"Whether {which} works in {pair.interpreter} is not known; from another TensorFlow it may crash."


def _fix(pair: Pair) -> Fix:
    name, _, version = pair.interpreter.partition(" ")
    like = ".".join(version.split(".")[:2])
    same = f"built from TensorFlow {like}" if name != "ai-edge-litert" else "built from the newest TensorFlow there is"
    return Fix(
        text=f"Install a libedgetpu that was {same}.",
        link="https://github.com/feranick/libedgetpu/releases",
    )
