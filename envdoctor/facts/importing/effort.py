"""How much is done at most to follow imports: counted, not timed, so that a slow machine comes to the same answers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

#: Steps for all imports of an environment, and of them for large packages beyond their part; some 50 µs each where
#: this was measured.
MOST_STEPS, FURTHER_STEPS = 200_000, 10_000
#: Seconds of computing after which no more is asked, on a machine that is many times slower: its answers are late.
MOST_SECONDS = 90.0
#: To make a syntax tree of so many characters takes as long as a step of the interpreter.
_CHARACTERS_A_STEP = 300


@dataclass(slots=True)
class Effort:
    """What may be spent, and what was; it belongs to the thread that makes it.

    Attributes:
        most: steps.
        spent: steps.
        end: by `time.thread_time`.
    """

    most: int = field(default_factory=lambda: MOST_STEPS)
    spent: int = 0
    end: float = field(default_factory=lambda: time.thread_time() + MOST_SECONDS)

    @property
    def is_up(self) -> bool:
        """Whether all is spent."""
        return self.spent > self.most or self.is_late

    @property
    def is_late(self) -> bool:
        """Whether this machine took so long that another comes further."""
        return time.thread_time() > self.end

    def leave(self, steps: int) -> None:
        """No more than so many steps are left, from now on."""
        self.most = min(self.most, self.spent + steps)

    def grant(self, steps: int) -> None:
        """So many steps are left at least, from now on."""
        self.most = max(self.most, self.spent + steps)

    def read(self, text: str) -> None:
        """A module's text is gone through."""
        self.spent += 1 + len(text) // _CHARACTERS_A_STEP
