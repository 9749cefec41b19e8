"""Tar archives and Debian packages, made byte by byte."""

import bz2
import gzip
import io
import lzma
import subprocess
import tarfile

from needs import needs

SPECIAL = {"link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "device": tarfile.CHRTYPE, "pipe": tarfile.FIFOTYPE}


def tar(*members, layout=tarfile.GNU_FORMAT):
    """A tar archive of (name, content) for files, (name, None) for folders, (name, kind, target) for others."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=layout) as archive:
        for name, content, *target in members:
            info = tarfile.TarInfo(name)
            if target:
                info.type, info.linkname = SPECIAL[content], target[0]
            elif content is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            else:
                info.size, info.mode = len(content), 0o755 if content.startswith(b"#!") else 0o600
            archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return out.getvalue()


def ar(*members):
    out = b"!<arch>\n"
    for name, content in members:
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode() + content
        out += b"\n" * (len(content) % 2)
    return out


def zstd(data):
    return subprocess.run([needs("zstd"), "-q", "-c"], input=data, capture_output=True, check=True).stdout


PACKERS = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress, ".bz2": bz2.compress, ".zst": zstd}
CONTROL = b"Package: edgetpu-compiler\nVersion: 16.0\nArchitecture: amd64\nDescription: compiler\n more words\n"
TREE = (
    ("./", None),
    ("./usr/bin/tool", b"#!/bin/sh\n"),
    ("usr/share/doc", b"x" * 70_000),
    ("usr/bin/link", "link", "tool"),
)


def parts(suffix="", tree=TREE):
    pack = PACKERS[suffix]
    return {
        "debian-binary": b"2.0\n",
        f"control.tar{suffix}": pack(tar(("./control", CONTROL))),
        f"data.tar{suffix}": pack(tar(*tree)),
    }


def deb(suffix, tree=TREE):
    return ar(*parts(suffix, tree).items())
