"""Whether the projects of editable installs are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.packages.installers import installer_for
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("PKG012")
def check(facts: Facts) -> Iterator[Finding]:
    """The project of an editable install is gone.

    `pip install -e` leaves the code where it is and notes the folder. Once the folder is moved or deleted, the
    distribution counts as installed and can't be imported. Install it from where it is now, or remove it.
    """
    for one in facts.packages.distributions:
        if one.project_missing:
            installer = installer_for(facts.python, facts.packages, one)
            noted = one.metadata if one.metadata.endswith(".egg-link") else f"{one.metadata}/direct_url.json"
            yield Finding(
                severity=Severity.ERROR,
                subject=one.name,
                message=f"{one.title} is installed as editable from {one.editable}, which does not exist.",
                evidence=(Evidence(source=noted, excerpt=one.editable),),
                fix=Fix(
                    text="Install it again from where its code is now, or remove it.",
                    commands=() if installer is None else installer.remove(one),
                ),
            )
