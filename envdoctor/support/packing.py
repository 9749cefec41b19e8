"""Values from JSON and MessagePack, from several threads.

msgspec (0.22 and before) crashes where two threads make it look at the same dataclass or enum for the first time.
"""

from __future__ import annotations

import threading
from typing import TypeVar

from envdoctor.core.errors import Unreadable

T = TypeVar("T")

_ONE_AT_A_TIME = threading.Lock()


def pack(value: object) -> bytes:
    """A dataclass as MessagePack.

    Raises:
        Unreadable: a text in it is no Unicode, such as a file name with surrogates.
    """
    import msgspec

    with _ONE_AT_A_TIME:
        try:
            return msgspec.msgpack.encode(value)
        except UnicodeEncodeError as error:
            raise Unreadable(f"a text can't be written: {error}") from error


def unpack(data: bytes, kind: type[T]) -> T:
    """What `pack` made.

    Raises:
        Unreadable: damaged, or written by a program that knew the value in another shape.
    """
    import msgspec

    with _ONE_AT_A_TIME:
        try:
            return msgspec.msgpack.decode(data, type=kind)
        except msgspec.MsgspecError as error:
            raise Unreadable(f"not a {kind}: {error}") from error


def unpack_json(data: bytes, kind: type[T]) -> T:
    """A value from JSON.

    Raises:
        Unreadable: no JSON, or JSON of something else.
    """
    import msgspec

    with _ONE_AT_A_TIME:
        try:
            return msgspec.json.decode(data, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Unreadable(f"not the JSON that it claims to be: {error}") from None


def convert(value: object, kind: type[T]) -> T:
    """A value of a type from what JSON gives: dictionaries, lists, texts, numbers.

    Raises:
        Unreadable: it is none; says where.
    """
    import msgspec

    with _ONE_AT_A_TIME:
        try:
            return msgspec.convert(value, kind)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Unreadable(str(error)) from None
