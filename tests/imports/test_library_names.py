"""Names of libraries in texts, held against looking for each of them by itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envdoctor.imports.library_names import NamesInTexts, is_file_asked_for

LETTERS = st.text("ab_. /'\"\nlibso", max_size=30)


def looked_for(text, file):
    """The plain way: the file's name or its stem before a quote, or the bare stem between two."""
    stem = file.partition(".")[0]
    bare = stem.removeprefix("lib")
    ends = any(f"{name}{quote}" in text for name in (file, stem) for quote in "'\"")
    return ends or any(f"{one}{bare}{other}" in text for one in "'\"" for other in "'\"")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("CDLL('libabc.so')", True),
        ('join(here, "lib", f"{name}/libabc.so")', True),
        ("name = 'libabc' + suffix", True),
        ("load('abc')", True),
        ("load('abcd')", False),
        ("load('libabc.so.1')", False),
        ("# libabc.so", False),
        ("'", False),
        ("", False),
    ],
)
def test_a_library_is_named(text, told):
    assert NamesInTexts([text]).name("libabc.so") is told


def test_a_module_is_named_by_its_whole_name():
    assert NamesInTexts(["'x.cpython-311-x86_64-linux-gnu.so'"]).name("x.cpython-311-x86_64-linux-gnu.so")
    assert not NamesInTexts(["'x'"]).name("x.cpython-311-x86_64-linux-gnu.so")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("here.glob('_C*.so')", True),
        ("glob(here + '/_C*.so*')", True),
        ("glob('kernels/_C_*.so')", True),
        ("here.glob('_D*.so')", False),
        ("here.glob('*.so')", False),
        ("here.glob('_C*.py')", False),
    ],
)
def test_a_pattern_names_all_that_it_matches_unless_it_matches_every_library(text, told):
    assert NamesInTexts([text]).name("_C_cuda.abi3.so") is told


@pytest.mark.slow
@settings(max_examples=300)
@given(st.lists(LETTERS, max_size=3), st.sampled_from(["liba.so.2", "lib.so.1", "b.dylib", "libab.so.1"]))
def test_it_is_what_looking_finds(texts, file):
    assert NamesInTexts(texts).name(file) == any(looked_for(text, file) for text in texts)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("libodbc.so.2", True),
        ("/opt/lib/libodbc.so.2", True),
        ("portaudio", False),
        ("lib/libportaudio.dylib", False),
        ("bin\\libportaudio-2.dll", False),
    ],
)
def test_what_a_loader_is_asked_for_and_what_find_library_is(name, told):
    assert is_file_asked_for(name) is told
