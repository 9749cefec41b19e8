"""What becomes of an installation when a file of it is lost."""

from __future__ import annotations

import enum

_NATIVE = (".so", ".pyd", ".dll", ".dylib", ".exe")
_SOURCE_TEXT = (
    ".pyi",
    ".typed",
    ".c",
    ".cc",
    ".cpp",
    ".cu",
    ".h",
    ".hpp",
    ".inc",
    ".pxd",
    ".pyx",
    ".md",
    ".rst",
    ".html",
)
#: Folders that images are commonly slimmed by, and nothing imports from.
_SPARE_FOLDERS = frozenset({"test", "tests", "doc", "docs", "example", "examples", "licenses"})


class FileKind(enum.Enum):
    """How much a file matters to what the distribution does."""

    CODE = "code"  # Python source and .pth files
    NATIVE = "native"  # libraries and extension modules
    DATA = "data"  # whatever the code may read
    SPARE = "spare"  # scripts and other files outside site-packages, documentation, tests, headers, metadata


def kind_of(path: str) -> FileKind:
    """Tell the kind from a path as RECORD writes it."""
    parts = path.replace("\\", "/").split("/")
    name = parts[-1].lower()
    outside = path.startswith("/") or parts[0] in {"..", ""} or parts[0].endswith(":")
    metadata = parts[0].endswith(".dist-info")
    if outside or metadata or name.endswith(_SOURCE_TEXT) or not _SPARE_FOLDERS.isdisjoint(parts[:-1]):
        return FileKind.SPARE
    if name.endswith(_NATIVE) or ".so." in name:
        return FileKind.NATIVE
    return FileKind.CODE if name.endswith((".py", ".pth")) else FileKind.DATA
