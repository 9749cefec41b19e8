"""Verdicts and the table of them."""

from __future__ import annotations

import pytest

from envdoctor.core.availability import MEANINGS, Cell, CellVerdict, Matrix, Pin


def test_every_verdict_has_a_meaning():
    assert set(MEANINGS) == set(CellVerdict)


def test_only_what_can_be_installed_is_good():
    good = {verdict.value for verdict in CellVerdict if verdict.is_good}
    assert good == {"PROVEN", "SOUND", "SOUND-IF", "RESOLVES"}


def test_a_cell_is_found_by_its_row_and_column():
    cell = Cell(requirement="app==1", version="1", target="macos-arm64-cp311", verdict=CellVerdict.SOUND)
    matrix = Matrix(
        package="app", requirements=("app",), versions=("1",), targets=("macos-arm64-cp311",), cells=(cell,)
    )
    assert matrix.cell("1", "macos-arm64-cp311") is cell
    with pytest.raises(KeyError):
        matrix.cell("2", "macos-arm64-cp311")


def test_a_pin_is_written_as_a_requirement():
    assert str(Pin(name="app", version="1.0", filename="app-1.0-py3-none-any.whl")) == "app==1.0"
