"""Names and values of measurements in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from envdoctor.support.text import duration, frequency, size

if TYPE_CHECKING:
    from collections.abc import Iterator


def rows(values: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Measured values as rows of label and value; the last word of a name says the unit."""
    for key, value in values.items():
        words, _, unit = key.replace("-", "_").rpartition("_")
        known = _UNITS.get(unit) if words else None
        if known is not None and isinstance(value, (int, float)) and not isinstance(value, bool):
            yield label(words), known(value)
        elif isinstance(value, (list, tuple)) and len(value) == 1 and isinstance(value[0], Mapping):
            yield from rows(value[0])
        else:
            yield label(key), in_words(value)


#: The last word of a measurement's name says its unit.
_UNITS = {"bytes": size, "seconds": duration, "share": "{:.1%}".format, "hz": frequency}


def label(key: str) -> str:
    """A name in words: `max_abs_difference` is `Max abs difference`, `output logits_1` stays `Output logits_1`."""
    if " " in key:
        return key[:1].upper() + key[1:]
    text = " ".join(_SPELLINGS.get(word, word) for word in re.split(r"[_\s-]+", key.strip()))
    return text[:1].upper() + text[1:]


_SPELLINGS = {
    word.lower(): word for word in ("CPU", "DRAM", "MAC", "MACs", "NPU", "SHA256", "SRAM", "TensorFlow", "TPU")
}


def in_words(value: object) -> str:
    """A measured value for a person; a list of things with several values stands on a line each."""
    if value is None or isinstance(value, bool):
        return {None: "not known", True: "yes", False: "no"}[value]
    if isinstance(value, (int, float)):
        return f"{value:,}" if isinstance(value, int) else f"{value:.5g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {in_words(one)}" for name, one in value.items()) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        separator = "\n" if any(isinstance(one, Mapping) for one in value) else ", "
        return separator.join(in_words(one) for one in value) or "none"
    return str(value)
