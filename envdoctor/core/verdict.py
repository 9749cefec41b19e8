"""How far a route is open: apart from routes, of which most commands tell nothing."""

from __future__ import annotations

import enum


class Verdict(enum.IntEnum):
    """Whether a route can be taken. Ordered: the smaller, the better."""

    READY = 0
    UNKNOWN = 1
    FIXABLE = 2
    BLOCKED = 3
