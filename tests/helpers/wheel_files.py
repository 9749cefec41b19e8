"""Wheels of known content, local or behind a source that counts, and what was read of them."""

from __future__ import annotations

import io
import random
import zipfile

from envdoctor.core.target import Interpreter, Libc, Platform, System, Target
from envdoctor.support.bytes import MemoryBytes
from envdoctor.wheels.archive import WheelArchive
from envdoctor.wheels.contents import read_contents
from index_wheels import wheel

LINUX = Target(
    platform=Platform(system=System.LINUX, arch="x86_64", version=(2, 28), libc=Libc.GLIBC),
    interpreter=Interpreter(version=(3, 11)),
)
MACOS = Target(
    platform=Platform(system=System.MACOS, arch="arm64", version=(13, 0)), interpreter=Interpreter(version=(3, 11))
)
WINDOWS = Target(platform=Platform(system=System.WINDOWS, arch="amd64"), interpreter=Interpreter(version=(3, 11)))
LINUX_TAG, MACOS_TAG, WINDOWS_TAG = (
    f"cp311-cp311-{platform}" for platform in ("manylinux_2_28_x86_64", "macosx_12_0_arm64", "win_amd64")
)


def archive_bytes(members, *, method=zipfile.ZIP_DEFLATED, modes=None):
    """A zip file; `modes` gives Unix permissions by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            entry.external_attr = (modes or {}).get(name, 0o644) << 16
            archive.writestr(entry, content, method)
    return buffer.getvalue()


def open_archive(members, **options):
    """A `WheelArchive` on such a zip file."""
    return WheelArchive(MemoryBytes(archive_bytes(members, **options)))


def contents_of(files, tag=LINUX_TAG, name="pkg", version="1.0", scripts=None):
    """What is in a wheel of these files."""
    return read_contents(MemoryBytes(wheel_of(files, tag, name, version, scripts)))


def wheel_of(files, tag=LINUX_TAG, name="pkg", version="1.0", scripts=None):
    """The bytes of a wheel of these files; `scripts` are console scripts, name to target."""
    files = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    if scripts:
        lines = ["[console_scripts]", *(f"{script} = {target}" for script, target in scripts.items())]
        files[f"{name}-{version}.dist-info/entry_points.txt"] = "\n".join(lines).encode()
    return wheel(name, version, tag, files=files)[1]


_code = {}  # by seed: what a shorter text begins with, a longer one begins with too


def code_like(size, seed=1):
    """Bytes that compress as machine code does: some repetition nearby, some noise, some zeros."""
    made = _code.get(seed, b"")
    if len(made) < size:
        made = _code[seed] = _more_code(max(size, 2 * len(made)), seed)
    return made[:size]


def _more_code(size, seed):
    generator = random.Random(seed)
    parts, total = [], 0
    words = []
    while total < size:
        if len(parts) % 3000 == 0:
            words = [generator.randbytes(generator.randrange(2, 9)) for _ in range(300)]
        part = bytes(8) if generator.random() < 0.05 else generator.choice(words) + generator.randbytes(2)
        parts.append(part)
        total += len(part)
    return b"".join(parts)
