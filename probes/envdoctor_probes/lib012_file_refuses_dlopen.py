"""Whether installed files say of themselves that they may not be loaded by a running program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("LIB012")
def check(facts: Facts) -> Iterator[Finding]:
    """An installed file was linked so that glibc refuses to load it into a running program.

    A file with the flag DF_1_NOOPEN (`-z nodlopen`) is only mapped together with a program that names it. Python loads
    extension modules, and what they need, later: "shared object cannot be dlopen()ed". Take another release of the
    distribution, or link it again without that flag.
    """
    if facts.host.libc != "glibc":
        raise DoesNotApply("the C library here is not glibc")
    reached = facts.loading.reached
    for one in facts.natives.files:
        if one.library is not None and one.library.refuses_dlopen and not one.library.is_program:
            yield Finding(
                severity=Severity.ERROR if one.path in reached else Severity.INFO,
                subject=one.distribution.name,
                message=f"{one.path.rpartition('/')[2]} of {one.distribution.title} can't be loaded by a running "
                "program: it was linked with -z nodlopen.",
                evidence=(Evidence(source=one.path, excerpt="DT_FLAGS_1 has DF_1_NOOPEN"),),
                fix=Fix(text=f"Install another release of {one.distribution.name}, or link it without -z nodlopen."),
            )
