"""Names under which an index has something else than a person means, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from envdoctor.core.data import load_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.version import Version


def elsewhere(name: str, versions: Iterable[Version]) -> str:
    """Where the real thing is, in a sentence; empty if the name is not known as a trap, or the index has the real one.

    Args:
        name: of the package, in whatever spelling.
        versions: that the index has.
    """
    from packaging.specifiers import SpecifierSet
    from packaging.utils import canonicalize_name

    packages: list[dict[str, Any]] = load_table("elsewhere")["packages"]
    known = next((one for one in packages if one["name"] == canonicalize_name(name)), None)
    if known is None:
        return ""
    real = SpecifierSet(known["real"]) if "real" in known else None
    is_there = real is not None and any(real.contains(version, prereleases=True) for version in versions)
    return "" if is_there else str(known["note"])
