import ast

import pytest

from envdoctor.wheels.rehearsal_ends import NEXT, RAISE, End, add_end, bind, takes
from envdoctor.wheels.rehearsal_values import UNKNOWN


def test_two_ways_to_end_have_in_common_what_is_the_same():
    ends = {}
    add_end(ends, NEXT, End({"a": 1, "b": 2}))
    add_end(ends, NEXT, End({"a": 1, "b": 3, "c": 4}))
    assert ends[NEXT].names == {"a": 1, "b": UNKNOWN, "c": UNKNOWN}
    add_end(ends, RAISE, End({}, "OSError"))
    add_end(ends, RAISE, End({}, "ImportError"))
    assert ends[RAISE].value == ""


@pytest.mark.parametrize(
    ("target", "value", "names"),
    [
        ("a", 1, {"a": 1}),
        ("a, (b, c)", (1, (2, 3)), {"a": 1, "b": 2, "c": 3}),
        ("a, b", (1, 2, 3), {"a": UNKNOWN, "b": UNKNOWN}),
        ("a, *b", (1, 2), {"a": 1, "b": UNKNOWN}),
        ("a[0]", 1, {"a": UNKNOWN}),
        ("a.b", 1, {}),
    ],
)
def test_what_a_target_binds(target, value, names):
    found = {}
    bind(ast.parse(f"{target} = x").body[0].targets[0], value, found)
    assert found == names


@pytest.mark.parametrize(
    ("handler", "raised", "expected"),
    [
        ("except OSError", "OSError", True),
        ("except (KeyError, IOError)", "OSError", True),
        ("except ImportError", "OSError", False),
        ("except ImportError", "ModuleNotFoundError", True),
        ("except ModuleNotFoundError", "ImportError", None),
        ("except Exception", "Mine", True),
        ("except", "OSError", True),
        ("except Mine", "OSError", None),
        ("except OSError", "Mine", None),
    ],
)
def test_which_handler_takes_what(handler, raised, expected):
    assert takes(ast.parse(f"try: pass\n{handler}: pass").body[0].handlers[0], raised) is expected
