"""Whether extension modules were built against numpy 1 and numpy 2 is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.natives import NumpyBuild, NumpyUse
from envdoctor.facts.packages.installers import installer_for
from envdoctor.facts.requirements import contradict
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts
    from envdoctor.facts.packages import Distribution

_OLD = "<2"


@probe("PKG009")
def check(facts: Facts) -> Iterator[Finding]:
    """A distribution was built against numpy 1, and numpy 2 is installed.

    numpy 2 changed the binary interface: what was compiled against numpy 1 fails under it, on import or only on first
    use (`_ARRAY_API not found`, `numpy.core.multiarray failed to import`, a crash). tflite-runtime 2.14 is such a one,
    and so are builds of many projects from before mid-2024, Debian's packages among them. Modules built with pybind11
    before 2.12 load, and may read wrong numbers without any error. What was built against numpy 2 works with both.
    """
    numpy = facts.packages.find("numpy")
    if numpy is None:
        raise DoesNotApply("numpy is not installed")
    for use in facts.natives.numpy_uses:
        if use.build is NumpyBuild.NUMPY_2:
            continue
        fails = use.build is NumpyBuild.NUMPY_1
        yield Finding(
            severity=Severity.ERROR if fails else Severity.WARNING,
            subject=use.distribution.name,
            message=f"{use.distribution.title} was compiled against numpy 1 and fails under {numpy.title}."
            if fails
            else f"{use.distribution.title} was compiled with pybind11 older than 2.12 and may compute wrongly under "
            f"{numpy.title}.",
            evidence=(_words(use), Evidence(source=numpy.metadata, excerpt=numpy.title)),
            fix=_fix(facts, use.distribution),
        )


def _words(use: NumpyUse) -> Evidence:
    return Evidence(source=use.path, excerpt=f"names {', '.join(use.words)}, and not numpy._core")


def _fix(facts: Facts, distribution: Distribution) -> Fix | None:
    installer = installer_for(facts.python, facts.packages)
    if installer is None:
        return None
    others = [text for by, text in facts.requirements.wanted.get("numpy", ()) if by != distribution]
    if contradict([*others, _OLD]):
        commands = installer.install(distribution.name, upgrade=True)
        return Fix(
            text=f"Others need numpy 2: install a newer {distribution.name}, or keep it in another environment.",
            commands=() if distribution.system else commands,
        )
    return Fix(
        text="Install numpy 1.26, which all that require numpy admit.", commands=installer.install("numpy", "<2")
    )
