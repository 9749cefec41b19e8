"""Calling a judging function on one item, and what every pool has in common."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from envdoctor.core.errors import EnvDoctorError, NetworkProblem
from envdoctor.core.sweep import Ending
from envdoctor.support.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from envdoctor.core.sweep import Judgment, SweepItem

    #: A function of a module, so that another process finds it; takes an item's question.
    Judge = Callable[[Any], tuple[Judgment, ...]]

_LONGEST_MESSAGE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an item may take.

    Attributes:
        seconds: wall time.
        memory: bytes that its worker may hold.
    """

    seconds: float
    memory: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How the work on an item ended; the other values are those of `SweepRow`."""

    ending: Ending
    judgments: tuple[Judgment, ...] = ()
    message: str = ""
    seconds: float = 0.0
    cpu: float = 0.0
    memory: int = 0


def call(judge: Judge, item: SweepItem, clock: Callable[[], float] = time.process_time) -> Done:
    """Judges an item; whatever goes wrong is the item's own ending, but for an interrupt.

    Args:
        judge: how.
        item: what.
        clock: tells the processor time that is the worker's.
    """
    began, spent = time.monotonic(), clock()
    ending, message = Ending.JUDGED, ""
    judgments: tuple[Judgment, ...] = ()
    try:
        judgments = judge(item.question)
    except NetworkProblem as error:
        ending, message = Ending.UNANSWERED, str(error)
    except EnvDoctorError as error:
        ending, message = Ending.UNREADABLE, str(error)
    except OSError as error:
        ending, message = Ending.UNREADABLE, f"{error.filename or item.name}: {error.strerror or error}."
    except MemoryError:
        ending, message = Ending.OUT_OF_MEMORY, "The system gave no more memory for it."
    except Exception as error:  # noqa: BLE001  (no item stops the others)
        ending = Ending.CRASHED
        message = f"This is a bug of envdoctor: {type(error).__name__}: {error}. Please report it with the file."
    return Done(
        ending=ending,
        judgments=judgments,
        message=one_line(message[:_LONGEST_MESSAGE]),
        seconds=time.monotonic() - began,
        cpu=clock() - spent,
        memory=psutil.Process().memory_info().rss,
    )
