"""Whether there is room for environments and downloads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.core.errors import FactUnavailable
from envdoctor.core.finding import Evidence, Finding, Fix, Severity
from envdoctor.probing import probe
from envdoctor.support.machines import rooms
from envdoctor.support.text import size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envdoctor.facts import Facts

#: What builds write though all environments are there: downloads, compiled modules, locks.
_ALWAYS = 100 * 10**6
#: What unpacking a wheel of TensorFlow's size takes in the folder for temporary files.
_FOR_TEMPORARY_FILES = 1 << 30


@probe("HST009")
def check(facts: Facts) -> Iterator[Finding]:
    """There is little room on a disk that installers write to.

    The largest environment takes 2 GB with its download. Installers that run out of room stop half way and leave a
    damaged environment. Only what is still to be made counts: the largest of the environments that envdoctor's cache
    does not hold yet, by their marker files; `envdoctor env list` looks into them. Free some space (`envdoctor env
    clean` removes the environments that no build uses any more), or set ENVDOCTOR_CACHE, and TMPDIR for temporary
    files, to a folder on another disk.
    """
    host = facts.host
    if not host.disks:
        raise FactUnavailable("host", "the room on the disks could not be found out")
    for disk in (one for one in host.disks if not one.is_plenty):
        to_be_made = [room for name, room in rooms().items() if name not in disk.made]
        needed = _FOR_TEMPORARY_FILES if disk.variable == "TMPDIR" else max(to_be_made, default=_ALWAYS)
        if disk.free < needed:
            yield Finding(
                severity=Severity.WARNING,
                subject=disk.folder,
                message=f"{size(disk.free)} are free for {disk.purpose}; up to {size(needed)} are needed.",
                evidence=(Evidence(source=disk.folder, excerpt=f"{disk.free} of {disk.total} bytes free"),),
                fix=Fix(
                    text=f"Free some space, or set {disk.variable} to a folder elsewhere.",
                    commands=(("envdoctor", "env", "clean"),) if disk.idle else (),
                    safe=True,
                ),
            )
