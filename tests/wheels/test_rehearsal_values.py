import pytest

from envdoctor.wheels.rehearsal_values import (
    FOUND,
    FUNCTIONS,
    UNKNOWN,
    Imported,
    added,
    merged,
    method_result,
    truth_of,
)


def test_what_counts_as_true():
    values = (None, "", (), False, "x", FOUND, Imported("os"), UNKNOWN)
    assert [truth_of(value) for value in values] == [False, False, False, False, True, True, True, None]


def test_one_of_two_values():
    assert merged("a", "a") == "a"
    assert merged(1, True) is merged("a", None) is merged(UNKNOWN, "a") is UNKNOWN


@pytest.mark.parametrize(
    ("subject", "name", "arguments", "result"),
    [
        ("a b", "split", (), ("a", "b")),
        ("lib{}", "format", ("x",), "libx"),
        ("-", "join", (("a", "b"),), "a-b"),
        ("lib{}", "format", (UNKNOWN,), UNKNOWN),
        ("-", "join", ((UNKNOWN,),), UNKNOWN),
        ("x", "format_map", ({},), UNKNOWN),
        ("{1}", "format", ("x",), UNKNOWN),
        ("x", "replace", ("x", "x" * 5000), UNKNOWN),
        (UNKNOWN, "split", (), UNKNOWN),
    ],
)
def test_methods_of_strings(subject, name, arguments, result):
    assert method_result(subject, name, arguments) == result


def test_sums():
    assert (added("a", "b"), added((1,), (2,))) == ("ab", (1, 2))
    assert added("a", (1,)) is added("x" * 4000, "x" * 4000) is added(1, 2) is UNKNOWN


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("os.path.join", ("a", "b"), "a/b"),
        ("os.path.join", ("a", UNKNOWN), UNKNOWN),
        ("os.getenv", ("HOME",), None),
        ("os.environ.get", ("API", "qt"), "qt"),
        ("len", (("a",),), 1),
        ("len", (UNKNOWN,), UNKNOWN),
        ("tuple", (), ()),
        ("list", (UNKNOWN,), UNKNOWN),
        ("any", ((None, FOUND),), True),
        ("any", ((None, UNKNOWN),), UNKNOWN),
        ("all", ((FOUND, None, UNKNOWN),), False),
        ("all", ((FOUND,),), True),
        ("any", (UNKNOWN,), UNKNOWN),
    ],
)
def test_functions_of_python(name, arguments, result):
    assert FUNCTIONS[name](arguments) == result
