# ruff: noqa: ANN401 - of any class
"""`@frozen`: a frozen dataclass with slots whose methods are not compiled before an object is made.

`dataclasses.dataclass` writes and compiles six functions a class, 0.6 ms, and a check defines two hundred classes of
which it makes few objects. Here all classes share functions over the names of their fields, and `__init__`, which must
be quick, is compiled when the first object is made. All else is what `dataclass` does, whose fields these are.
"""

from __future__ import annotations

import dataclasses
import reprlib
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from typing_extensions import dataclass_transform

    T = TypeVar("T")
    Getter = Callable[[object], object]
else:

    def dataclass_transform(**_: object) -> object:
        """What tells a type checker what the decorator does: Python 3.10 does not have it."""
        return lambda decorator: decorator


_MISSING = object()
_set = object.__setattr__


@overload
def frozen(cls: type[T]) -> type[T]: ...
@overload
def frozen(*, kw_only: bool = True, eq: bool = True) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(dataclasses.field,))
def frozen(cls: Any = None, *, kw_only: bool = True, eq: bool = True) -> Any:
    """Make a class what `dataclass(frozen=True, slots=True, kw_only=kw_only, eq=eq)` does."""
    return _make(cls, kw_only, eq) if cls else lambda kind: _make(kind, kw_only, eq)


def _make(cls: Any, kw_only: bool, eq: bool) -> Any:  # noqa: FBT001  (as they are passed on)
    inherits = any(hasattr(base, "__dataclass_params__") for base in cls.__mro__[1:])
    maker: Any = dataclasses.dataclass(
        init=False, repr=False, eq=False, frozen=inherits, slots=True, kw_only=kw_only, match_args=not kw_only
    )
    made = maker(cls)
    params = made.__dataclass_params__
    params.init = params.repr = params.frozen = True
    params.eq = eq
    own = cls.__dict__
    _add(
        made, own, {"__init__": _first_init(made), "__repr__": _repr, "__getstate__": _state, "__setstate__": _restore}
    )
    if not inherits:
        made.__setattr__, made.__delattr__ = _refuse_to_set, _refuse_to_delete
    if eq:
        _add_comparison(made, own)
    return made


def _add(made: Any, own: Any, functions: dict[str, object]) -> None:
    for name, function in functions.items():
        if name not in own:
            setattr(made, name, function)


def _add_comparison(made: Any, own: Any) -> None:
    """Objects of one class are equal if their fields are; `hash` follows that."""
    fields = dataclasses.fields(made)
    get = _getter(field.name for field in fields if field.compare)

    def is_equal(self: object, other: object) -> bool:
        return get(self) == get(other) if self.__class__ is other.__class__ else NotImplemented

    if own.get("__hash__") is None:
        hashed = _getter(field.name for field in fields if (field.compare if field.hash is None else field.hash))
        made.__hash__ = lambda self: hash(hashed(self))
    _add(made, own, {"__eq__": is_equal})


def _getter(names: Iterable[str]) -> Getter:
    """A function that gives the values of these fields."""
    found = tuple(names)
    return attrgetter(*found) if found else lambda _: ()


def _first_init(made: Any) -> Callable[..., None]:
    """What makes the first object of a class, and leaves to the class what makes the others."""

    def init(self: object, *values: object, **named: object) -> None:
        if made.__init__ is init:
            made.__init__ = _compile_init(made)
        made.__init__(self, *values, **named)

    return init


def _compile_init(made: Any) -> object:
    """`__init__` of a class, as `dataclass` writes it."""
    space: dict[str, object] = {"_set": _set, "_missing": _MISSING}
    usual: list[str] = ["self"]
    named: list[str] = []
    body: list[str] = []
    for field in dataclasses.fields(made):
        name, default = field.name, ""
        value = f"d_{name}"
        if field.default is not dataclasses.MISSING:
            space[value], default = field.default, f"={value}"
        elif field.default_factory is not dataclasses.MISSING:
            space[value], default = field.default_factory, "=_missing"
            value = f"{value}()"
        if field.init:
            (named if field.kw_only else usual).append(f"{name}{default}")
            value = f"{value} if {name} is _missing else {name}" if default == "=_missing" else name
        body.append(f"_set(self, {name!r}, {value})")
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    taken = ", ".join([*usual, *(["*", *named] if named else [])])
    exec(f"def __init__({taken}):\n " + "\n ".join(body or ["pass"]), space)  # noqa: S102  (names of fields alone)
    init: Any = space["__init__"]
    init.__qualname__ = f"{made.__qualname__}.__init__"
    return init


@reprlib.recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _state(self: Any) -> list[object]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: Any, state: list[object]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        _set(self, field.name, value)


def _refuse_to_set(_: object, name: str, __: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
