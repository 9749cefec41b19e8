"""What the files say in which Linux describes itself: pure functions of their text."""

from __future__ import annotations

import re

from envdoctor.core.frozen import frozen


@frozen
class Processor:
    """What /proc/cpuinfo says: `family` is x86, arm or empty for any other, `features` None where it lists none."""

    family: str = ""
    vendor: str = ""
    name: str = ""
    model: str = ""
    features: frozenset[str] | None = None


def parse_os_release(text: str) -> dict[str, str]:
    """The settings in os-release(5), quotes and backslashes removed."""
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {key.strip(): re.sub(r"\\(.)", r"\1", value.strip().strip("\"'")) for key, sign, value in pairs if sign}


def parse_cpuinfo(text: str) -> Processor:
    """What /proc/cpuinfo says of the first processor, and of the board at its end."""
    fields: dict[str, str] = {}
    for line in text.splitlines():
        key, sign, value = line.partition(":")
        if sign:
            fields.setdefault(key.strip().lower(), value.strip())
    listed = fields.get("flags", fields.get("features"))
    family = "x86" if "vendor_id" in fields and "flags" in fields else "arm" if "cpu implementer" in fields else ""
    return Processor(
        family=family,
        vendor=fields.get("vendor_id", ""),
        name=fields.get("model name", fields.get("hardware", "")),
        model=fields.get("model", "") if family == "arm" else "",
        features=None if listed is None else frozenset(listed.lower().split()),
    )


def parse_meminfo(text: str) -> int | None:
    """Bytes of memory that /proc/meminfo gives as MemTotal."""
    match = re.search(r"^MemTotal:\s+(\d+) kB", text, re.MULTILINE)
    return int(match[1]) * 1024 if match else None


def parse_wsl(release: str) -> int:
    """1 or 2 for a kernel of the Windows Subsystem for Linux (4.4.0-22621-Microsoft is of the first), else 0."""
    if "microsoft" not in release.lower():
        return 0
    return 1 if re.match(r"[34]\.\d+\.\d+-\d+-Microsoft$", release) else 2


def parse_cgroups(text: str) -> list[str]:
    """Files that may hold a memory limit for the process of this /proc/self/cgroup, innermost first (cgroups(7))."""
    files = []
    for line in text.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            bases, name = ["sys/fs/cgroup", "sys/fs/cgroup/unified"], "memory.max"
        elif "memory" in controllers.split(","):
            bases, name = ["sys/fs/cgroup/memory"], "memory.limit_in_bytes"
        else:
            continue
        parts = [part for part in path.split("/") if part not in {"", ".."}]
        for depth in range(len(parts), -1, -1):
            files += ["/".join((base, *parts[:depth], name)) for base in bases]
    return files


def parse_musl(text: str) -> str | None:
    """The version in what musl's loader prints when it is run by itself."""
    match = re.search(r"^Version (\d+\.\d+(?:\.\d+)?)", text, re.MULTILINE)
    return match[1] if match else None
