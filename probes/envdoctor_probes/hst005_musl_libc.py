"""Whether the C library is musl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts


@probe("HST005")
def check(facts: Facts) -> Iterator[Finding]:
    """The C library is musl, for which the toolchains have no wheels.

    Alpine and images made from it use musl. TensorFlow, LiteRT and Vela publish wheels for glibc (manylinux) alone, and
    neither a compatibility layer nor a build from source gets them to run in reasonable time. Take an image that is
    based on Debian or Ubuntu: `python:3.11-slim` is hardly larger.
    """
    host = facts.host
    if host.system != "linux":
        raise DoesNotApply("this is not Linux")
    if host.libc == "musl":
        version = f"musl {host.libc_version}" if host.libc_version else "musl"
        yield Finding(
            severity=Severity.ERROR,
            subject=host.name,
            message=f"This system's C library is {version}; the toolchains have wheels for glibc only.",
            evidence=(Evidence(source=host.source("libc_version"), excerpt=version),),
            fix=Fix(text="Work on a system or in a container with glibc, such as the image python:3.11-slim."),
        )
