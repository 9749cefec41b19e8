"""Texts that are safe to show, wrapped, measured and quoted."""

from __future__ import annotations

import shlex
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envdoctor.support.text import (
    cells,
    duration,
    encodable,
    frequency,
    one_line,
    plural,
    quote_command,
    short_name,
    size,
    visible,
    wrap,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\r\nb\rc", "a\nb\\x0dc"),
        ("a\tb", "a   b"),
        ("\x00\x07\x7f\x9b", "\\x00\\x07\\x7f\\x9b"),
        ("abc\u202egnp.exe", "abc\\u202egnp.exe"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("b\udcff.py", "b\\udcff.py"),
        ("Grüße, 日本語, ✓", "Grüße, 日本語, ✓"),
    ],
)
def test_control_characters_are_shown_not_sent(text, expected):
    assert visible(text) == expected


@pytest.mark.slow
@given(st.text())
def test_nothing_that_is_shown_has_an_effect(text):
    shown = visible(text)
    assert all(character == "\n" or character.isprintable() or ord(character) > 0x9F for character in shown)
    shown.encode("utf-8")
    assert visible(shown) == shown
    assert "\n" not in one_line(text)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8", "no-such-encoding"])
def test_what_an_encoding_lacks_is_an_escape(encoding):
    shown = encodable("✓ ok: 日", encoding)
    assert "ok: " in shown
    assert shown == "✓ ok: 日" if encoding == "utf-8" else shown == "\\u2713 ok: \\u65e5"


def test_columns_are_not_characters():
    assert cells("abc") == 3
    assert cells("日本") == 4
    assert cells("e\u0301") == 1


def test_lines_break_between_words_alone():
    assert wrap("one two three", 7) == ["one two", "three"]
    assert wrap("see /a/very/long/path now", 8) == ["see", "/a/very/long/path", "now"]
    assert wrap("first\n\nsecond", 80) == ["first", "", "second"]
    assert wrap("", 10) == [""]
    assert wrap("日本 日本", 8) == ["日本", "日本"]


@given(st.text(string.ascii_letters + " \n"), st.integers(1, 30))
def test_wrapping_keeps_every_word(text, width):
    lines = wrap(text, width)
    assert " ".join(lines).split() == text.split()
    assert all(len(line) <= width or " " not in line for line in lines)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (905 << 20, "905.0 MiB"), (3 << 30, "3.0 GiB")],
)
def test_sizes(count, expected):
    assert size(count) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0.00 s"),
        (0.0000247, "0.025 ms"),
        (0.04, "40 ms"),
        (0.6, "0.60 s"),
        (16.24, "16.2 s"),
        (99.96, "100.0 s"),
        (100, "1 min 40 s"),
        (3599.9, "60 min 0 s"),
    ],
)
def test_durations(seconds, expected):
    assert duration(seconds) == expected


def test_plurals():
    assert [plural(count, "error") for count in (0, 1, 2)] == ["0 errors", "1 error", "2 errors"]


@pytest.mark.slow
@given(st.lists(st.text(string.printable.strip() + " ", max_size=12), min_size=1, max_size=5))
def test_a_shell_reads_a_quoted_command_as_it_was(argv):
    words = [word for word in argv if not word.startswith("~/")] or ["true"]
    assert shlex.split(quote_command(tuple(words), windows=False)) == words


def test_a_redacted_home_stays_open_to_the_shell():
    assert quote_command(("~/a b/python", "-m", "pip"), windows=False) == "~/'a b/python' -m pip"
    assert quote_command(("~/",), windows=False) == "~/"


def test_commands_for_windows():
    argv = (r"C:\Users\a b\python.exe", "-m", "pip", "install", "numpy<2", 'say "hi"')
    assert quote_command(argv, windows=True) == (
        r'"C:\Users\a b\python.exe" -m pip install "numpy<2" "say \"hi\""'
    )  # fmt: skip


@pytest.mark.parametrize(("hertz", "expected"), [(50, "50 Hz"), (32768, "32.77 kHz"), (5e8, "500 MHz"), (1e9, "1 GHz")])
def test_frequencies(hertz, expected):
    assert frequency(hertz) == expected


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("dense/MatMul;;dense/BiasAdd", "dense/MatMul"),
        (";;conv;;", "conv"),
        ("t", "t"),
        ("a" * 40 + "/layer/" + "b" * 30 + ";", ".../layer/" + "b" * 30),
        ("c" * 90, "..." + "c" * 60),
    ],
)
def test_tensors_have_short_names(name, short):
    assert short_name(name) == short
