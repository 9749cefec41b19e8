"""What Python's operators and methods make of values that are known, or partly known."""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING, Any

from envdoctor.imports.values import (
    SOMETHING,
    UNKNOWN,
    Ending,
    External,
    Made,
    Mark,
    OwnPath,
    Perhaps,
    is_constant,
    is_short,
)
from envdoctor.imports.versions import compared_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.Mult: operator.mul,
    ast.Pow: operator.pow,
}
_CONVERSIONS: dict[str, Callable[[Any], str]] = {"s": str, "r": repr, "a": ascii}
_LONGEST_FORM = 4  # of how a value is to be formatted: a long one may ask for any width
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.Invert: operator.invert}
_ORDER: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_METHODS = frozenset({
    "split", "rsplit", "format", "lower", "upper", "strip", "lstrip", "rstrip", "startswith", "endswith", "replace",
    "join", "partition", "rpartition", "removeprefix", "removesuffix", "count", "find", "index", "splitlines",
    "isdigit", "title",
})  # fmt: skip


def binary(op: ast.operator, left: Any, right: Any) -> Any:  # noqa: ANN401 - any value of Python
    """The result of an operator."""
    if is_constant(left) and is_constant(right):
        work = None if isinstance(op, ast.Mod) and isinstance(left, (str, bytes)) else _BINARY.get(type(op))
        if work:
            return tried(work, left, right) if _is_small(op, left, right) else UNKNOWN
    if isinstance(op, ast.Mod) and isinstance(left, str):
        return _filled_in(left, lambda values: operator.mod(left, values), right)
    if isinstance(op, ast.Add) and isinstance(left, tuple) and isinstance(right, tuple):
        return (*left, *right)
    if isinstance(right, (str, Ending)) and isinstance(op, ast.Add):
        return tail([left, right])
    if isinstance(right, (str, Ending)) and isinstance(op, ast.Div):  # pathlib
        return tail(["/", right])
    return UNKNOWN


_WIDTH, _NESTED, _WIDEST = re.compile(r"\d{4,}"), re.compile(r"\{[^}]*\{"), 999
_PLACE = re.compile("(\0\\d+\0)")


def _is_wide(form: str, values: Any) -> bool:  # noqa: ANN401
    """Whether a form may ask for a text much longer than itself."""
    large = any(isinstance(each, int) and abs(each) > _WIDEST for each in (values if isinstance(values, tuple) else ()))
    return bool(_WIDTH.search(form)) or (large and ("*" in form or bool(_NESTED.search(form))))


def _filled_in(form: str, work: Callable[[Any], str], values: Any) -> Any:  # noqa: ANN401
    """What is made of values, of which some are texts with only their ends known."""
    if _is_wide(form, values):
        return UNKNOWN
    open_: list[Ending] = []

    def place(value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, tuple):
            return tuple(map(place, value))
        if not isinstance(value, Ending):
            return value
        open_.append(value)
        return f"\0{len(open_) - 1}\0"

    placed = place(values)
    text = tried(work, placed) if is_constant(placed) else UNKNOWN
    if not isinstance(text, str):
        return UNKNOWN
    return joined([open_[int(part[1:-1])] if part[:1] == "\0" else part for part in _PLACE.split(text) if part])


def tail(parts: Sequence[Any]) -> Any:  # noqa: ANN401 - any value of Python
    """A text of which the last parts are known."""
    text = ""
    if parts and isinstance(parts[0], OwnPath) and all(isinstance(part, str) for part in parts[1:]):
        return OwnPath(parts[0].text + "".join(parts[1:]))
    for part in reversed(parts):
        if not isinstance(part, str):
            text = part.text + text if isinstance(part, Ending) else text
            break
        text = part + text
    return Ending(text) if text and is_short(text) else UNKNOWN


def joined(parts: Sequence[Any]) -> Any:  # noqa: ANN401 - any value of Python
    """Strings one after the other."""
    text = "".join(parts) if all(isinstance(part, str) for part in parts) else None
    return tail(parts) if text is None or not is_short(text) else text


def formatted(value: Any, conversion: str, form: Any) -> Any:  # noqa: ANN401 - any value of Python
    """A value as a part of a text; UNKNOWN where all of it is not known."""
    if isinstance(value, Ending) and form == "" and conversion in {"", "s"}:
        return value
    if not isinstance(form, str) or not is_constant(value) or not is_short(value):
        return UNKNOWN
    convert = _CONVERSIONS.get(conversion)
    converted = convert(value) if convert else value
    return tried(format, converted, form) if len(form) < _LONGEST_FORM else UNKNOWN


def unary(op: ast.unaryop, value: Any) -> Any:  # noqa: ANN401 - any value of Python
    """The result of `-` and `~`."""
    work = _UNARY.get(type(op))
    return tried(work, value) if work and is_constant(value) else UNKNOWN


def _is_small(op: ast.operator, left: Any, right: Any) -> bool:  # noqa: ANN401
    """Whether what comes of an operation is not large by far."""
    if isinstance(op, (ast.Mult, ast.Pow)):
        return all(isinstance(each, int) and abs(each) < 1 << 6 for each in (left, right)) or (
            isinstance(op, ast.Mult) and all(isinstance(each, (int, float)) for each in (left, right))
        )
    return True


def tried(work: Callable[..., Any], *arguments: Any) -> Any:  # noqa: ANN401
    """What Python itself makes of small constants; an operation that fails tells nothing."""
    if not all(is_short(each) for each in arguments):
        return UNKNOWN
    try:
        result = work(*arguments)
    except Exception:  # noqa: BLE001 - whatever the text gets wrong
        return UNKNOWN
    result = tuple(result) if isinstance(result, list) else result
    return result if is_constant(result) and is_short(result) else UNKNOWN


def compared(op: ast.cmpop, left: Any, right: Any) -> bool | None:  # noqa: ANN401
    """Whether a comparison holds; None where that is not known."""
    if isinstance(op, (ast.Is, ast.IsNot)):
        found = _identical(left, right)
        return None if found is None else found is isinstance(op, ast.Is)
    if isinstance(op, (ast.Eq, ast.NotEq)) and not (isinstance(left, Made) and isinstance(right, Made)):
        found = _equal(left, right)
        return None if found is None else found is isinstance(op, ast.Eq)
    if isinstance(left, Made) or isinstance(right, Made):
        return compared_versions(op, left, right)
    work = _ORDER.get(type(op))
    if work is None:
        return None
    if isinstance(left, tuple) and isinstance(right, tuple):
        return _ordered(work, left, right)
    answer = tried(work, left, right) if is_constant(left) and is_constant(right) else UNKNOWN
    return None if answer is UNKNOWN else bool(answer)


def _ordered(work: Callable[[Any, Any], bool], left: tuple[Any, ...], right: tuple[Any, ...]) -> bool | None:
    """The order of tuples is that of the first items that differ."""
    for first, second in zip(left, right, strict=False):
        equal = _equal(first, second)
        if equal is None:
            return None
        if not equal:
            answer = tried(work, first, second)
            return None if answer is UNKNOWN else bool(answer)
    return work(len(left), len(right))


def _identical(left: Any, right: Any) -> bool | None:  # noqa: ANN401
    single = (None, True, False, Ellipsis)
    for one, other in ((left, right), (right, left)):
        if any(one is each for each in single):
            if other is UNKNOWN or isinstance(other, (Perhaps, External)):
                return None
            if other is SOMETHING:
                return False if one in {None, False} else None
            return other is one
    return None


def _equal(left: Any, right: Any) -> bool | None:  # noqa: ANN401
    if is_constant(left) and is_constant(right):
        return bool(left == right)
    if isinstance(left, tuple) and isinstance(right, tuple):
        answers = [_equal(*pair) for pair in zip(left, right, strict=False)]
        if False in answers or len(left) != len(right):
            return False
        return None if None in answers else True
    none = (left is None or right is None) and not any(_is_open(each) for each in (left, right))
    return False if none else None


def _is_open(value: Any) -> bool:  # noqa: ANN401
    """Whether a value may be anything, or compare as it likes."""
    return isinstance(value, (Mark, Perhaps, External)) or not (
        is_constant(value) or isinstance(value, (tuple, Ending))
    )


def contained(item: Any, container: Any) -> bool | None:  # noqa: ANN401
    """Whether a text or items hold something; None where that is not known."""
    if isinstance(container, str):
        return item in container if isinstance(item, str) else None
    if not isinstance(container, tuple):
        return None
    answers = [_equal(item, each) for each in container]
    return True if True in answers else None if None in answers else False


def item(items: Any, index: Any) -> Any:  # noqa: ANN401
    """An item, or a slice, of a text or a tuple."""
    if not isinstance(items, (str, tuple)) or not isinstance(index, (int, slice)):
        return UNKNOWN
    try:
        return items[index]
    except IndexError:
        return UNKNOWN


def _ends_with(ending: str, wanted: Any) -> Any:  # noqa: ANN401
    """Whether a text of which the end is known ends in another; UNKNOWN where that is longer than what is known."""
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    if any(not isinstance(each, str) for each in wanted):
        return UNKNOWN
    if ending.endswith(wanted):
        return True
    return UNKNOWN if any(len(each) > len(ending) and each.endswith(ending) for each in wanted) else False


def method(subject: Any, name: str, arguments: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """What a method of a text returns."""
    if name == "format" and isinstance(subject, str):
        made = _filled_in(subject, lambda values: subject.format(*values), arguments)
        return tail([UNKNOWN, subject.rpartition("}")[2]]) if made is UNKNOWN else made
    if name == "join" and isinstance(subject, str) and len(arguments) == 1:
        return _filled_in("", subject.join, arguments[0])
    if isinstance(subject, Ending) and name == "endswith" and len(arguments) == 1:
        return _ends_with(subject.text, arguments[0])
    if not isinstance(subject, str) or name not in _METHODS or not is_constant(arguments):
        return UNKNOWN
    return tried(getattr(subject, name), *arguments) if is_short(subject) else UNKNOWN
