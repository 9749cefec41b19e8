"""TOML that anybody wrote."""

from __future__ import annotations

import sys
from typing import Any

from envdoctor.core.errors import Unreadable


def parse_toml(text: str) -> dict[str, Any]:
    """The document.

    Raises:
        Unreadable: it is no TOML, is nested too deeply, or has a number of thousands of digits; why.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError is one; int() refuses more than 4,300 digits by another
        raise Unreadable(str(error)) from None
