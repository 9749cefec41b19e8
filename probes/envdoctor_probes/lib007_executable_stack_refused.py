"""Whether installed files ask for an executable stack on a system that refuses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.facts.host import known, version_of
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

_SINCE = (2, 41)


@probe("LIB007")
def check(facts: Facts) -> Iterator[Finding]:
    """An installed file asks for an executable stack, which the C library refuses.

    Since glibc 2.41 a library that is loaded later can't make the stack executable any more: "cannot enable executable
    stack as shared object requires". Old builds ask for it by mistake, since one assembler file did not say otherwise.
    Take a newer release of the distribution.
    """
    host = facts.host
    if host.libc != "glibc":
        raise DoesNotApply("the C library here is not glibc")
    if version_of(known(host.libc_version, "the version of the C library")) < _SINCE:
        raise DoesNotApply(f"glibc {host.libc_version} does not refuse that")
    reached = facts.loading.reached
    for one in facts.natives.files:
        if one.library is None or not one.library.executable_stack or one.library.is_program:
            continue
        loaded = one.path in reached
        yield Finding(
            severity=Severity.ERROR if loaded else Severity.INFO,
            subject=one.distribution.name,
            message=f"{one.path.rpartition('/')[2]} of {one.distribution.title} asks for an executable stack, "
            f"which glibc {host.libc_version} refuses.",
            evidence=(
                Evidence(source=one.path, excerpt="PT_GNU_STACK is executable"),
                Evidence(source=host.source("libc_version"), excerpt=f"glibc {host.libc_version}"),
            ),
            fix=Fix(text=f"Install a newer release of {one.distribution.name}."),
        )
