"""Whether the Visual C++ runtime is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Finding, Fix, Severity
from envdoctor.facts.loading import is_visual_cpp
from envdoctor.facts.loading.proof import proof_of
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("LIB006")
def check(facts: Facts) -> Iterator[Finding]:
    """The Microsoft Visual C++ runtime is missing.

    Python brings vcruntime140.dll; modules in C++, TensorFlow's for one, also need msvcp140.dll, which neither Windows
    nor Python brings: "DLL load failed while importing ...: The specified module could not be found". Install the
    Visual C++ Redistributable of Microsoft for the architecture of Python.
    """
    needs = [(distribution, one) for distribution, one in facts.loading.missing if is_visual_cpp(one)]
    if not needs and facts.host.system != "windows":
        raise DoesNotApply("this is not Windows")
    if not needs:
        return
    worst, missing = max(needs, key=lambda each: each[1].severity)
    names = ", ".join(dict.fromkeys(one.name for _, one in needs))
    yield Finding(
        severity=missing.severity,
        subject=", ".join(dict.fromkeys(distribution.name for distribution, _ in needs)),
        message=f"{names} of the Visual C++ runtime {'is' if ', ' not in names else 'are'} not there.",
        evidence=proof_of(missing, worst),
        fix=Fix(
            text="Install the Microsoft Visual C++ Redistributable for this architecture.",
            commands=(("winget", "install", "--exact", "--id", f"Microsoft.VCRedist.2015+.{_kind(facts)}"),),
            safe=missing.severity > Severity.INFO,
        ),
    )


def _kind(facts: Facts) -> str:
    return {"x86_64": "x64", "x86": "x86", "arm64": "arm64"}.get(facts.python.machine, "x64")
