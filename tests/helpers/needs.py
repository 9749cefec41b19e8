"""What some tests need beyond Python, make and git, and the Debian packages that bring it: the only such table.

A test, a fixture or a helper says `needs("ssh")`; where that is absent the test is skipped, and the last lines of the
run say what was skipped for want of what. `python3 tests/helpers/needs.py` prints the packages that are missing here,
for continuous integration.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path

C_COMPILER, PYTHON_HEADERS = "a C compiler", "Python.h"
MUSL_LOADER = f"/lib/ld-musl-{platform.machine()}.so.1"

#: A program on the PATH, a file, or a thing that `find` knows, and the Debian packages that bring it.
PACKAGES = {
    C_COMPILER: "gcc libc6-dev",
    PYTHON_HEADERS: "python3-dev",
    "apt-ftparchive": "apt-utils",
    "apt-get": "apt",
    "bash": "bash",
    "busybox": "busybox-static",
    "chromium": "chromium",
    "cpio": "cpio",
    "dpkg-deb": "dpkg",
    "fish": "fish",
    "groff": "groff",
    "man": "man-db",
    "mandoc": "mandoc",
    MUSL_LOADER: "musl",
    "mount": "mount",
    "npm": "npm",
    "podman": "podman",
    "ps": "procps",
    "qemu-aarch64-static": "qemu-user-static",
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-x86_64-static": "qemu-user-static",
    "scp": "openssh-client",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "sshd": "openssh-server",
    "tar": "tar",
    "unshare": "util-linux",
    "x86_64-linux-gnu-gcc": "gcc-x86-64-linux-gnu",
    "zsh": "zsh",
    "zstd": "zstd",
}
# A container inside continuous integration's own hardly ever runs; on x86_64 gcc itself is the compiler for x86_64;
# Debian's npm brings four hundred packages, and the tests that use it run where it is there anyway; mandoc reads what
# man does.
_IDLE_IN_CI = {"podman", "busybox", "x86_64-linux-gnu-gcc", "npm", "man", "groff"}
_INSTALL = re.compile(r"\(Debian: apt-get install (.+)\)$")
_DETAILS = re.compile(r" \(|: ")


def needs(*things):
    """Skip the test unless all of these are here; returns where the first is, if it is a file."""
    import pytest

    reason = _reason(things)
    if reason:
        pytest.skip(reason)
    return find(things[0])


def needing(*things):
    """The same as a mark, for a test or a module."""
    import pytest

    reason = _reason(things)
    return pytest.mark.skipif(bool(reason), reason=reason)


def find(thing):
    """Where something is: the path of a program, compiler, header or loader; None if it is not here."""
    if thing == C_COMPILER:
        return _compiler()
    if thing == PYTHON_HEADERS:
        header = Path(sysconfig.get_path("include"), PYTHON_HEADERS)
        return str(header) if header.is_file() else None
    # A plain user's PATH lacks the folders of sshd and ldconfig, which any user may run.
    return shutil.which(thing, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))


def told(reasons):
    """The lines that end a run: how many tests were skipped and why, and the command that brings what is wanting.

    Args:
        reasons: why each skipped test was.
    """
    counts = Counter(_DETAILS.split(reason.removeprefix("Skipped: "), maxsplit=1)[0] for reason in reasons)
    lines = [f"{count:5} {reason}" for reason, count in counts.most_common()]
    packages = {package for match in map(_INSTALL.search, reasons) if match for package in match[1].split()}
    command = f"To run more of them, on Debian or Ubuntu: sudo apt-get install {' '.join(sorted(packages))}"
    return [*lines, command] if packages else lines


def _reason(things):
    absent = [thing for thing in things if find(thing) is None]
    return f"needs {', '.join(absent)} (Debian: apt-get install {' '.join(_packages(absent))})" if absent else ""


def _packages(things):
    return sorted({package for thing in things for package in PACKAGES[thing].split()})


@cache
def _compiler():
    """A C compiler that makes a program: Debian's gcc alone lacks the C library's headers."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    source = b'#include <stdio.h>\nint main(void) { return puts(""); }\n'
    with tempfile.TemporaryDirectory() as folder:
        argv = [compiler, "-x", "c", "-", "-o", Path(folder, "program"), "-lm"]
        made = subprocess.run(argv, input=source, capture_output=True, check=False, timeout=60)
    return compiler if made.returncode == 0 else None


if __name__ == "__main__":
    absent = [thing for thing in PACKAGES if thing not in _IDLE_IN_CI and find(thing) is None]
    sys.stdout.write(" ".join(_packages(absent)))
