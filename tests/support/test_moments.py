"""Moments in words."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from envdoctor.support.moments import moment_option, moment_words


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2025, 12, 21, tzinfo=timezone.utc), "the end of 2025-12-20 (UTC)"),
        (datetime(2025, 12, 20, 12, tzinfo=timezone.utc), "2025-12-20 12:00 (UTC)"),
        (datetime(2025, 12, 20, 12, 0, 9, tzinfo=timezone.utc), "2025-12-20 12:00:09 (UTC)"),
        (datetime(2025, 12, 20, 1, tzinfo=timezone(timedelta(hours=2))), "2025-12-19 23:00 (UTC)"),
        (datetime(1, 1, 1, tzinfo=timezone.utc), "0001-01-01 00:00 (UTC)"),
    ],
)
def test_a_midnight_ends_a_day(moment, words):
    assert moment_words(moment) == words


@pytest.mark.parametrize(
    ("moment", "option"),
    [
        (datetime(2025, 12, 21, tzinfo=timezone.utc), "2025-12-20"),
        (datetime(2025, 12, 20, 12, tzinfo=timezone.utc), "2025-12-20T12:00:00+00:00"),
    ],
)
def test_an_option_means_the_same_moment(moment, option):
    assert moment_option(moment) == option
