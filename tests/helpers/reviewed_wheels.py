"""Wheels of known content as the rules about their making see them."""

from __future__ import annotations

import base64
import hashlib

from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels.archive import WheelArchive
from envdoctor.wheels.contents import read_contents
from envdoctor.wheels.review import review
from wheel_files import archive_bytes

PURE = "py3-none-any"
LINUX = "cp312-cp312-manylinux_2_17_x86_64"
MACOS = "cp312-cp312-macosx_11_0_arm64"
WINDOWS = "cp312-cp312-win_amd64"
METADATA = (
    "Metadata-Version: 2.4\nName: pkg\nVersion: 1.0\nLicense-Expression: MIT\nLicense-File: LICENSE\n"
    "Description-Content-Type: text/markdown\nSummary: x\n"
)
DESCRIPTION = "\n# pkg\n"
INFO = "pkg-1.0.dist-info"


def digest(content):
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def build(files=None, tag=PURE, *, metadata=METADATA, wheel=None, record=None, named=None, scripts=""):
    """A wheel; `record` changes its RECORD's text, `named` is the tag in its file name if WHEEL's is another."""
    pure = str(tag == PURE).lower()
    lines = [f"Tag: {tag}"] if wheel is None else []
    head = wheel or f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: {pure}\n"
    members = {"pkg/__init__.py": b"def main(): ...\n"} if files is None else dict(files)
    members[f"{INFO}/METADATA"] = (metadata if "\n\n" in metadata else metadata + DESCRIPTION).encode()
    members[f"{INFO}/WHEEL"] = (head + "\n".join(lines) + "\n").encode()
    members[f"{INFO}/licenses/LICENSE"] = b"MIT\n"
    if scripts:
        members[f"{INFO}/entry_points.txt"] = f"[console_scripts]\n{scripts}\n".encode()
    rows = "".join(f"{path},{digest(content)},{len(content)}\n" for path, content in members.items())
    text = f"{rows}{INFO}/RECORD,,\n"
    members[f"{INFO}/RECORD"] = (record(text) if record else text).encode()
    return f"pkg-1.0-{named or tag}.whl", members


def look(built, *, modes=None, is_whole=True):
    filename, members = built
    source = MemoryBytes(archive_bytes(members, modes=modes))
    contents = read_contents(source)
    return review(WheelArchive(source, contents.members), contents, filename, is_whole=is_whole)


def names(built, **options):
    return [fault.name for fault in look(built, **options).faults]


def with_file(name, content=b"x = 1\n"):
    return build({"pkg/__init__.py": b"", name: content})
