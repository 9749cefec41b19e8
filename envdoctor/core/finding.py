"""What was found, how bad it is, what proves it and what mends it."""

from __future__ import annotations

import enum
from dataclasses import field

from envdoctor.core.frozen import frozen

#: The first three letters of a code name its family; the order here is the order on the screen.
FAMILIES: dict[str, str] = {
    "HST": "Host",
    "PYT": "Python",
    "PKG": "Installed packages",
    "LIB": "Native libraries",
    "IDX": "Package index",
    "NET": "Network",
    "MDL": "Model",
    "TCH": "Toolchains",
    "EMU": "Emulation",
    "RUN": "Build stages",
}

#: Characters of all texts of a finding.
_LONGEST = 100_000


class Severity(enum.IntEnum):
    """How much a finding matters. Comparable: INFO < WARNING < ERROR."""

    INFO = 10
    WARNING = 20
    ERROR = 30


class Outcome(enum.Enum):
    """How a probe ended. Only PASSED means that the question was asked and the answer was good.

    A DOES_NOT_APPLY is no gap: the question makes no sense on this machine, or for what was asked. IGNORED found only
    what the user's configuration ignores.
    """

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    CRASHED = "crashed"
    TIMED_OUT = "timed-out"
    DOES_NOT_APPLY = "does-not-apply"
    IGNORED = "ignored"


@frozen
class Evidence:
    """One piece of proof.

    Attributes:
        source: the very command, path or URL that was looked at.
        excerpt: the words or values found there that prove the statement.
    """

    source: str
    excerpt: str


@frozen
class Fix:
    """A way to mend it.

    Attributes:
        text: one sentence that says what to do.
        commands: the exact commands, each an argv tuple; nothing is run through a shell.
        safe: True if running the commands can't lose anything of the user's (reinstalling a distribution's files, say).
        link: a page that explains more, or None.
    """

    text: str
    commands: tuple[tuple[str, ...], ...] = ()
    safe: bool = False
    link: str | None = None


@frozen
class Finding:
    """One proven statement about a machine, an environment, a model or a stage.

    Attributes:
        code: three letters (a key of FAMILIES) and three digits, never reused; a probe leaves it empty and the probe
            runner fills it in.
        name: the kebab-case name of the problem (`glibc-too-old`), filled in like the code.
        severity: INFO for what is merely worth knowing, ERROR for what breaks the job.
        subject: what it is about: a distribution, a file, an operator.
        message: what is wrong, in one sentence.
        evidence: the proof; a finding without any is not shown as an error.
        fix: how to mend it, if a way is known.
    """

    severity: Severity
    subject: str
    message: str
    evidence: tuple[Evidence, ...] = ()
    fix: Fix | None = None
    code: str = ""
    name: str = ""


@frozen
class ProbeResult:
    """What came of one probe.

    Attributes:
        findings: what it found; of one that crashed, what it had found before.
        reason: why it was not PASSED or FAILED: the probe it waits for, the fact that is missing, the crash, or why the
            question makes no sense here.
        seconds: how long it took, the collecting of facts included.
    """

    code: str
    name: str
    title: str
    outcome: Outcome
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    seconds: float = field(default=0.0, compare=False)

    @property
    def family(self) -> str:
        """The three letters that say which group the probe belongs to."""
        return self.code[:3]


def require_sound(found: Finding) -> None:
    """Look further into a plug-in's finding: it is redacted and shown, and its commands may be run.

    Raises:
        TypeError: a part of a part is not of its type.
        OverflowError: it is longer than a report takes.
    """
    texts = [found.subject, found.message]
    for proof in found.evidence:
        if not isinstance(proof, Evidence):
            raise TypeError(f"its evidence holds {type(proof).__name__}, no Evidence")
        texts += [proof.source, proof.excerpt]
    if found.fix is not None:
        if not isinstance(found.fix, Fix):
            raise TypeError(f"the fix of its finding is {type(found.fix).__name__}, no Fix")
        if not all(isinstance(command, tuple) for command in found.fix.commands):
            raise TypeError("a command of its fix is no tuple of words")
        texts += [found.fix.text, *(word for command in found.fix.commands for word in command)]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a text of its finding is not a string")
    if sum(map(len, texts)) > _LONGEST:
        raise OverflowError(f"its finding has more than {_LONGEST} characters")
