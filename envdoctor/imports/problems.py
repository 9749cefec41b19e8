"""What is wrong with a wheel on a target, as plain values."""

from __future__ import annotations

import enum

from envdoctor.core.finding import Severity  # noqa: TC001  (resolved at run time where problems are kept on disk)
from envdoctor.core.frozen import frozen


class ProblemKind(enum.Enum):
    """What is wrong; the value is the name in JSON."""

    MISSING_LIBRARY = "missing-library"
    ASSUMED_LIBRARY = "assumed-library"
    UNREADABLE = "unreadable-file"
    WRONG_ARCHITECTURE = "wrong-architecture"
    NOT_UNIVERSAL = "not-universal"
    MISSING_SYMBOL = "missing-symbol"
    WRONG_PYTHON = "wrong-python"
    NEWER_MACOS = "newer-macos"
    NEWER_GLIBC = "newer-glibc"
    NEWER_LIBSTDCXX = "newer-libstdcxx"
    PAGE_SIZE = "page-size"
    EXECUTABLE_STACK = "executable-stack"
    REFUSES_DLOPEN = "refuses-dlopen"
    NEWER_PROCESSOR = "newer-processor"
    UNSIGNED = "unsigned"


@frozen
class WheelProblem:
    """One statement about a wheel on a target.

    Attributes:
        kind: what is wrong.
        severity: ERROR where importing the wheel's packages fails for it.
        wheel: name and version.
        message: one sentence.
        files: the files of the wheel that prove it, from site-packages.
        details: further words, such as the paths that the loader tries, in order.
        condition: what would take it away on the machine itself, as the end of "sound if".
        library: the library of the system that it is about, as a file names it; empty for none.
    """

    kind: ProblemKind
    severity: Severity
    wheel: str
    message: str
    files: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    condition: str = ""
    library: str = ""
