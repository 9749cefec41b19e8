"""Sixty columns, no colours, ASCII alone: everything can be read there; what a stream is, test_terminal.py asks."""

from __future__ import annotations

import pytest

import sample_reports as samples
from envdoctor_reports import terminal

#: What is never broken: commands, paths, and what is in one word.
_UNBROKEN = ("/", "pip install", "--")


@pytest.mark.parametrize("make", samples.ALL)
@pytest.mark.parametrize("verbose", [False, True])
def test_sixty_columns_of_ascii(make, verbose):
    text = terminal.render(make(), width=60, color=False, symbols=False, verbose=verbose)
    assert text.isascii()
    assert "\x1b" not in text
    wide = [line for line in text.splitlines() if len(line) > 60 and not any(mark in line for mark in _UNBROKEN)]
    assert wide == []
