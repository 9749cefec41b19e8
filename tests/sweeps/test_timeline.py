"""Since when something is broken, told from rows as sweeps leave them."""

import pytest

from envdoctor.core.sweep import Ending, Judgment, State, SweepRow
from envdoctor.sweeps.timeline import answers, entries, version_order

STATES = {"ok": State.FINE, "bad": State.BROKEN, "no": State.ABSENT, "?": State.UNKNOWN, "if": State.CONDITIONAL}


def row(version, word, day=1, *, item="", released=""):
    found = Judgment(
        subject="pkg", version=version, target="mac", verdict=word.upper(), state=STATES[word], released=released
    )
    item = item or f"pkg-{version}.whl"
    measured = f"2026-01-{day:02}T00:00:00.000000+00:00"
    return SweepRow(kind="index", key=item, item=item, ending=Ending.JUDGED, found=found, measured=measured)


def answer(*rows):
    (told,) = answers(entries(rows))
    return told


def test_broken_since_the_first_of_all_newer_ones():
    told = answer(row("1.9", "ok"), row("1.10", "bad", 2, released="2025-12-01T00:00:00"), row("2.0", "bad", 3))
    assert (told.first_broken, told.last_fine, told.broken) == ("1.10", "1.9", ("1.10", "2.0"))
    assert "since 1.10 (released 2025-12-01, first seen 2026-01-02)" in told.text
    assert "last fine version is 1.9" in told.text


def test_what_is_mended_again_is_not_broken_and_the_broken_ones_are_named():
    told = answer(row("1.0", "ok"), row("1.1", "bad"), row("1.2", "ok"))
    assert (told.state, told.first_broken, told.broken) == (State.FINE, "", ("1.1",))
    assert "Broken: 1.1." in told.text


def test_a_version_that_is_not_made_there_or_not_known_is_no_fine_one():
    told = answer(row("1.0", "?"), row("1.1", "bad"), row("1.2", "no"))
    assert (told.state, told.first_broken, told.last_fine) == (State.BROKEN, "1.1", "")
    assert answer(row("1.0", "ok"), row("1.1", "?")).state is State.UNKNOWN
    assert answer(row("1.0", "no")).state is State.ABSENT


def test_the_last_sweep_counts_and_since_is_the_first_that_said_so():
    (entry,) = entries([row("1.0", "ok", 1), row("1.0", "bad", 2), row("1.0", "bad", 3)])
    assert (entry.found.state, entry.since[:10], entry.measured[:10], entry.before) == (
        *(State.BROKEN, "2026-01-02", "2026-01-03", "OK"),
    )


def test_of_several_files_of_a_version_the_worst_counts_and_others_targets_say_nothing():
    words = {"linux.whl": "no", "one.whl": "ok", "two.whl": "bad"}
    rows = [row("1.0", word, item=f"a/{name}") for name, word in words.items()]
    assert entries(rows)[0].found.state is State.BROKEN
    assert entries(rows[:2])[0].found.state is State.FINE
    moved = [row("1.0", "bad", 1, item="a/one.whl"), row("1.0", "ok", 2, item="b/one.whl")]
    assert entries(moved)[0].found.state is State.FINE


def test_a_model_has_no_version():
    told = answer(row("", "ok", 1, item="m.tflite"), row("", "bad", 2, item="m.tflite"))
    assert told.text == "pkg is broken on mac (first seen 2026-01-02, OK before)."


@pytest.mark.parametrize(("older", "newer"), [("1.9", "1.10"), ("1.0rc1", "1.0"), ("nonsense", "0.1")])
def test_versions_are_ordered_as_installers_do(older, newer):
    assert version_order(older) < version_order(newer)
