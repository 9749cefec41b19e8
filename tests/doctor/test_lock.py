"""Which cells give a lock its pins."""

import pytest

from envdoctor.core.availability import Cell, CellVerdict, Pin
from envdoctor.doctor.lock import sound_set

OWN, OTHER = (Pin(name="a", version="2"),), (Pin(name="a", version="1"),)


@pytest.mark.parametrize(
    ("verdict", "way_out", "pins"),
    [
        (CellVerdict.SOUND, (), OWN),
        (CellVerdict.SOUND_IF, (), OWN),
        (CellVerdict.BROKEN, OTHER, OTHER),
        (CellVerdict.BROKEN, (), None),
        (CellVerdict.UNKNOWN, (), None),
        (CellVerdict.RESOLVES, (), None),
    ],
)
def test_a_set_is_locked_only_if_it_was_looked_into(verdict, way_out, pins):
    cell = Cell(requirement="a", version="", target="t", verdict=verdict, pins=OWN, way_out=way_out)
    assert sound_set(cell) == pins
