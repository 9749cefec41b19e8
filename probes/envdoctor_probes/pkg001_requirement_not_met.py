"""Whether the requirements of the installed distributions are met."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.importing.others import is_refused
from envdoctor.facts.importing.proof import evidence_of, failures_behind
from envdoctor.facts.packages.installers import installer_for
from envdoctor.facts.requirements import Unmet, contradict
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PKG001", timeout=180)  # a large environment on a busy machine
def check(facts: Facts) -> Iterator[Finding]:
    """A requirement of an installed distribution is not met.

    A distribution that is missing stops whatever imports it; one of a version that was not asked for may work, fail, or
    give other results; where an import is certain to fail for it, that is told. Installing something else with
    `--no-deps`, or two projects in one environment, are the usual ways to get there. Install what is asked for; where
    two ask for what excludes each other, give each an environment of its own. Requirements of extras count only where
    another distribution asks for the extra.
    """
    for unmet in facts.requirements.unmet:
        source = f"{unmet.by.metadata}/METADATA" if unmet.by.has_record else unmet.by.metadata
        evidence = [Evidence(source=source, excerpt=f"Requires-Dist: {unmet.text}")]
        failing = failures_behind(facts, unmet)
        other = unmet.found or unmet.stand_in
        if other is not None:
            evidence.append(Evidence(source=other.metadata, excerpt=other.title))
        uses = min((each.uses for each in failing), key=lambda uses: not uses[0].startswith("`import"), default=())
        refused = is_refused(unmet)
        fails = f": {uses[0]} fails" if uses else ", and its import refuses that" if refused else ""
        yield Finding(
            severity=Severity.ERROR if failing or refused else _severity(unmet),
            subject=unmet.by.name,
            message=f"{unmet.by.title} requires {unmet.name}{unmet.specifier}{_extra(unmet)}; {_state(unmet)}{fails}.",
            evidence=(*evidence, *(proof for each in failing[:1] for proof in evidence_of(each)[:2])),
            fix=_fix(facts, unmet),
        )
    for distribution, text, reason in facts.requirements.unjudged:
        yield Finding(
            severity=Severity.INFO,
            subject=distribution.name,
            message=f"A requirement of {distribution.title} can't be judged: '{text}' {reason}.",
            evidence=(Evidence(source=distribution.metadata, excerpt=text),),
        )


def _severity(unmet: Unmet) -> Severity:
    if unmet.by.system or unmet.stand_in is not None:
        return Severity.INFO  # the system's packages divide things their own way; a stand-in does the same work
    return Severity.ERROR if unmet.found is None else Severity.WARNING


def _extra(unmet: Unmet) -> str:
    return f" for its extra '{unmet.extra}'" if unmet.extra else ""


def _state(unmet: Unmet) -> str:
    if unmet.found is not None:
        return f"{unmet.found.title} is installed"
    return f"{unmet.stand_in.title} is in its place" if unmet.stand_in else "it is not installed"


def _fix(facts: Facts, unmet: Unmet) -> Fix | None:
    installer = installer_for(facts.python, facts.packages, unmet.by)
    if unmet.stand_in is not None:
        return None
    if installer is None:
        return Fix(text=f"Install {unmet.name} with the system's package manager, if {unmet.by.name} is used at all.")
    if unmet.found is not None and unmet.found.origin == "pythonpath":  # it hides whatever is installed
        text = f"Remove {unmet.found.root} from PYTHONPATH, which brings {unmet.found.title}, and check again."
        return Fix(text=text)
    if any(one.url for one in facts.requirements.unmet if one.name == unmet.name):
        source = "the place that the requirement names, if you trust it"
        return Fix(text=f"Install {unmet.name} from {source}: an index may have another project of that name.")
    specifiers = sorted({text for _, text in facts.requirements.wanted[unmet.name] if text})
    if contradict(specifiers):
        sides = ", ".join(f"{by.name} wants {text or 'any'}" for by, text in facts.requirements.wanted[unmet.name])
        return Fix(text=f"No version of {unmet.name} suits all ({sides}): keep them in separate environments.")
    together = ",".join(dict.fromkeys(",".join(specifiers).split(",")))
    return Fix(
        text=f"Install a version of {unmet.name} that suits all that require it.",
        commands=installer.install(unmet.name, together),
        safe=unmet.found is None,
    )
