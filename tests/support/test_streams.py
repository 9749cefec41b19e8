"""Nothing but text leaves the program, and no secret."""

from __future__ import annotations

import io
import sys

import pytest

from envdoctor.support.streams import GuardedStream, guarded_streams, safe_words, unguarded

HOSTILE = "a\x1b[2J\x9b31m\x07\rb\u202ec\U000e0041\x7f"


@pytest.fixture
def behind():
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def written(stream):
    return stream.buffer.getvalue().decode(stream.encoding)


def test_what_is_written_has_no_effect(behind):
    GuardedStream(behind).write(HOSTILE + " ghp_" + "a1" * 18 + "\n")
    assert written(behind) == "a\\x1b[2J\\x9b31m\\x07\\x0db\\u202ec\\U000e0041\\x7f ****\n"


def test_lines_and_tabs_stay_lines(behind):
    GuardedStream(behind).writelines(["a\n", "  b\n", "\n"])
    assert written(behind) == "a\n  b\n\n"


def test_no_library_goes_round_it(behind):
    guarded = GuardedStream(behind)
    assert not hasattr(guarded, "buffer")
    assert guarded.encoding == "utf-8"
    with pytest.raises(TypeError):
        guarded.write(b"x")
    assert unguarded(guarded) is behind
    assert unguarded(behind) is behind


def test_what_the_encoding_lacks_is_an_escape():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    GuardedStream(stream).write("ü \udcff")
    assert written(stream) == "\\xfc \\udcff"


def test_the_streams_are_the_same_afterwards(capsys):
    before = sys.stdout, sys.stderr
    with guarded_streams():
        sys.stdout.write(HOSTILE)
        sys.stderr.write(HOSTILE)
        with guarded_streams():
            assert not isinstance(unguarded(sys.stdout), GuardedStream)
    assert (sys.stdout, sys.stderr) == before
    captured = capsys.readouterr()
    assert "\x1b" not in captured.out + captured.err


def test_words_of_a_line():
    assert safe_words("a\nb \x1b[1m https://u:p@h.example/") == "a b \\x1b[1m https://****@h.example/"
