"""Expressions in a rehearsal."""

import ast

import pytest

from envdoctor.wheels.rehearsal_expressions import Expressions
from envdoctor.wheels.rehearsal_values import FOUND, UNKNOWN, Imported, Raised
from rehearsed import GivenWorld

NAMES = {"os": Imported("os"), "sys": Imported("sys"), "util": Imported("ctypes.util"), "ctypes": Imported("ctypes")}
NAMES |= {"none": None, "lib": FOUND, "ffi": UNKNOWN, "word": "a b", "pair": ("x", "y")}


def value(text, names=None):
    world = GivenWorld(has=("there", "libthere.so"), lacks=("gone",))
    return Expressions(world).value(ast.parse(text, mode="eval").body, dict(NAMES) if names is None else names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("unknown", UNKNOWN),
        ("os.path", Imported("os.path")),
        ("('a', none)", ("a", None)),
        ("['a']", ("a",)),
        ("[]", UNKNOWN),
        ("(*pair, 'z')", UNKNOWN),
        ("none or 'a'", "a"),
        ("none and 'a'", None),
        ("ffi or 'a'", UNKNOWN),
        ("'a' if none else 'b'", "b"),
        ("'a' if ffi else 'a'", "a"),
        ("'a' if sys.platform == 'win32' else 'b'", "b"),
        ("'lib' + 'x'", "libx"),
        ("2 * 3", UNKNOWN),
        ("not none", True),
        ("not ffi", UNKNOWN),
        ("lib is None", False),
        ("none is None", True),
        ("'a' == 'b'", False),
        ("ffi is None", UNKNOWN),
        ("lib == 'x'", UNKNOWN),
        ("'x' in pair", True),
        ("'z' not in pair", True),
        ("'z' in ffi", UNKNOWN),
        ("'gone' in sys.modules", False),
        ("'gone' not in sys.modules", True),
        ("'json' in sys.modules", UNKNOWN),
        ("pair[1]", "y"),
        ("pair[5]", UNKNOWN),
        ("pair[1:]", ("y",)),
        ("pair[:1]", UNKNOWN),
        ("(new := 'a')", "a"),
        ("f'lib{word}'", "liba b"),
        ("f'lib{ffi}'", UNKNOWN),
        ("word.split()", ("a", "b")),
        ("len(pair)", 2),
        ("util.find_library('there')", FOUND),
        ("util.find_library('gone')", None),
        ("util.find_library(ffi)", UNKNOWN),
        ("ctypes.CDLL('libthere.so')", FOUND),
        ("ctypes.CDLL(none)", UNKNOWN),
        ("ffi.dlopen('libthere.so')", FOUND),
        ("os.environ.get('X', 'y').lower()", "y"),
        ("os.path.exists('/usr/lib/libgone.so.1')", False),
        ("os.path.exists('/proc/device-tree')", UNKNOWN),
        ("{'a': 1}", UNKNOWN),
    ],
)
def test_values(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    "text", ["ctypes.CDLL('libgone.so')", "ffi.dlopen('libgone.so')", "{'a': ctypes.CDLL('gone')}"]
)
def test_a_library_that_is_not_there_raises(text):
    with pytest.raises(Raised, match="OSError"):
        value(text)


def test_a_name_that_the_code_made_itself_is_no_loader():
    assert value("CDLL('libgone.so')", {"CDLL": UNKNOWN}) is UNKNOWN


@pytest.mark.parametrize("text", ["pair.append('z')", "fill(pair)"])
def test_a_list_that_may_have_been_changed_is_not_known_any_more(text):
    names = dict(NAMES)
    value(text, names)
    assert names["pair"] is UNKNOWN
