"""`frozen` does what `dataclasses.dataclass` does."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import dataclass, field

import pytest

from envdoctor.core.frozen import frozen

USUAL = dataclass(frozen=True, slots=True, kw_only=True)


class _Plain:
    """Some fields of each kind."""

    name: str
    numbers: tuple[int, ...] = ()
    table: dict[str, int] = field(default_factory=dict, hash=False)
    seconds: float = field(default=0.0, compare=False)
    secret: str = field(default="", repr=False)
    rest: int = field(default=7, init=False)


def _copy() -> type:
    return type("_Plain", (), {**_Plain.__dict__, "__qualname__": "_Plain"})


OURS = frozen(_copy())
THEIRS = USUAL(_copy())


@frozen
class Kept:
    """A class that a module holds, for pickle."""

    name: str
    numbers: tuple[int, ...] = ()


@frozen(kw_only=False)
class Place:
    """A class with what follows its making."""

    row: int
    column: int = 1

    def __post_init__(self) -> None:
        if self.row < 0:
            raise ValueError("no such row")


@frozen(kw_only=False)
class Farther(Place):
    """One that inherits."""

    layer: int = 0


@pytest.mark.parametrize(
    "values",
    [
        {"name": "a"},
        {"name": "a", "numbers": (1, 2), "table": {"x": 1}, "seconds": 2.5, "secret": "s"},
    ],
)
def test_objects_are_those_of_dataclass(values: dict[str, object]) -> None:
    """Fields, defaults, words, equality and hashes are the same."""
    ours, theirs = OURS(**values), THEIRS(**values)
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert repr(ours) == repr(theirs)
    assert hash(ours) == hash(theirs)
    assert ours == OURS(**values | {"seconds": 9.0})
    assert ours != OURS(**values | {"secret": "another"})
    assert ours != theirs
    assert dataclasses.replace(ours, name="b") == OURS(**values | {"name": "b"})
    assert not hasattr(ours, "__dict__")
    assert ours.table is not OURS(name="a").table


@pytest.mark.parametrize("kind", [OURS, THEIRS])
def test_wrong_arguments_and_changes_are_refused(kind: type) -> None:
    """As `dataclass` does it, the first time and later."""
    for _ in range(2):
        with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'name'"):
            kind()
        with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
            kind(name="a", other=1)
        with pytest.raises(TypeError, match="positional argument"):
            kind("a")
    made = kind(name="a")
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'name'"):
        made.name = "b"
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'name'"):
        del made.name


def test_copies() -> None:
    """Objects go to other processes and come back."""
    kept = Kept(name="a", numbers=(1,))
    assert pickle.loads(pickle.dumps(kept)) == kept
    assert copy.deepcopy(kept) == kept


def test_positions_inheritance_and_what_follows() -> None:
    """Values by position, a class on another, and `__post_init__`."""
    assert Place(1, 2) == Place(row=1, column=2)
    assert Place(1) != Farther(1)
    assert Farther(1, 2, 3).layer == 3
    with pytest.raises(ValueError, match="no such row"):
        Farther(-1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Farther(1).layer = 2  # type: ignore[misc]
    match Place(1, 2):
        case Place(row, column):
            assert (row, column) == (1, 2)

    @dataclass(frozen=True, slots=True)
    class Usual(Place):
        extra: int = 0

    assert Usual(1, 2, 3) == Usual(1, 2, 3)


def test_identity_counts_where_that_is_asked() -> None:
    """With eq=False two objects are never equal."""

    @frozen(eq=False)
    class Node:
        name: str

    assert Node(name="a") != Node(name="a")
    assert len({Node(name="a"), Node(name="a")}) == 2


def test_what_a_class_says_itself_stays() -> None:
    """Its own words, equality and hash."""

    @frozen
    class Loud:
        name: str

        def __repr__(self) -> str:
            return self.name.upper()

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Loud)

        def __hash__(self) -> int:
            return 1

    assert repr(Loud(name="a")) == "A"
    assert Loud(name="a") == Loud(name="b")
    assert hash(Loud(name="a")) == 1


def test_nothing_is_equal_to_a_class_without_fields_but_its_own() -> None:
    """No field, no difference."""

    @frozen
    class Empty:
        pass

    assert Empty() == Empty()
    assert hash(Empty()) == hash(())
    assert repr(Empty()).endswith("Empty()")
