"""An application that refuses to start where its packages can't work, and says why and what to do.

    python app.py

It asks only what is cheap: whether what is installed is complete and of the versions that it asks for.
"""

import shlex
import sys

import envdoctor

#: Is Python of a version that works; are requirements met; were files of a package deleted?
ASKED = ["PYT001", "PKG001", "PKG005"]


def refuse_to_start(report: envdoctor.Report) -> None:
    """End the process with a message that a user can act on."""
    lines = ["This application can't work here:"]
    for finding in report.problems:
        lines.append(f"- {finding.message} ({finding.code})")
        if finding.fix is not None:
            lines.append(f"  {finding.fix.text}")
            lines += [f"  $ {shlex.join(command)}" for command in finding.fix.commands]
    lines += [f"- {probe.title}: not known, {probe.reason} ({probe.code})" for probe in report.blind_spots]
    sys.exit("\n".join(lines))


def main() -> None:
    report = envdoctor.check(only=ASKED, python=sys.executable, timeout=10, fast=True)
    if not report.is_fine:
        refuse_to_start(report)
    print("started")


if __name__ == "__main__":
    main()
