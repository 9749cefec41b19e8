"""Sound inputs of every format: made by the tests' helpers, by gcc and tarfile, and recorded ones of public data."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import shutil
import struct
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mutations import Seed

import keras_files
from index_wheels import wheel
from native_files import elf_bytes, macho_bytes, pe_bytes, universal_bytes, with_symbols

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile

_TESTS = Path(__file__).resolve().parents[1]
_SHARED = Path(os.environ.get("ENVDOCTOR_SHARED") or _TESTS.parents[1] / "shared")
VARIABLES = _TESTS / "data/saved_model/variables"
WEIGHTS = _TESTS / "data/keras/h5/fixed.h5"
_SOURCE = """
#include <math.h>
#include <stdio.h>
#include <pthread.h>
__thread int own;
static int number = 3;
int *pointer = &number;
int old(int x) { return x; }
int new(int x) { return x + 1; }
__asm__(".symver old,both@FUZZ_1.0");
__asm__(".symver new,both@@FUZZ_2.0");
double work(double x) { own++; printf("%f", x); return sin(x) + *pointer; }
"""
_VERSIONS = "FUZZ_1.0 { global: work; local: old; new; };\nFUZZ_2.0 { global: pointer; } FUZZ_1.0;\n"
_TABLES = (".gnu.version_r", ".gnu.version_d", ".dynamic", ".hash", ".gnu.hash", ".dynstr")
_CONTENTS = (".dynsym", ".gnu.version", ".rela.dyn", ".rela.plt")
#: How many of a library's zones are what the reader looks at, and not contents that only the loader does: the header,
#: the program headers, both tables of versions and .dynamic. `libraries` keeps that order.
READ_ZONES = 5


def libraries() -> list[Seed]:
    """Shared libraries that gcc links, with version tables, both hash tables, a RUNPATH and thread-local data."""
    compiler = shutil.which("gcc")
    if compiler is None:
        return []
    kinds = (
        ("-Wl,--hash-style=both", "-Wl,-rpath,$ORIGIN/../x.libs"),
        ("-Wl,--hash-style=gnu", "-Wl,-z,now", "-Wl,-z,noseparate-code"),
        ("-Wl,--hash-style=sysv", "-Wl,--disable-new-dtags,-rpath,/opt/a:$ORIGIN", "-Wl,-z,norelro"),
    )
    return [_linked(compiler, options) for options in kinds]


def _linked(compiler: str, options: tuple[str, ...]) -> Seed:
    from elftools.elf.elffile import ELFFile

    with tempfile.TemporaryDirectory() as folder:
        versions, made = Path(folder, "versions"), Path(folder, "libfuzz.so.1")
        versions.write_text(_VERSIONS)
        command = [compiler, "-shared", "-fPIC", "-O1", "-x", "c", "-", "-x", "none", "-o", str(made), *options]
        command += [f"-Wl,--version-script={versions},-soname,libfuzz.so.1,--no-as-needed", "-lm"]
        subprocess.run(command, input=_SOURCE, text=True, check=True, timeout=60)
        data = made.read_bytes()
        with made.open("rb") as stream:
            zones = [_zone(ELFFile(stream), name) for name in (*_TABLES, *_CONTENTS)]
    count = struct.unpack_from("<H", data, 56)[0]
    return Seed(data, ((0, 64), (64, 64 + count * 56), *zones))


def _zone(file: ELFFile, name: str) -> tuple[int, int]:
    """Where a section is; the ELF header again where there is no such section."""
    section = file.get_section_by_name(name)
    if section is None:
        return 0, 64
    return section["sh_offset"], section["sh_offset"] + section["sh_size"]


def elves() -> list[Seed]:
    """ELF files of other classes and byte orders, by hand."""
    versions = {"libc.so.6": ("GLIBC_2.17", "GLIBC_2.2.5")}
    given = {"soname": "libx.so.1", "runpath": "$ORIGIN/a", "versions": versions, "defines": ("libx.so.1", "X_1.0")}
    kinds = ((183, True, True), (3, False, True), (40, False, True), (22, True, False))
    return [
        Seed(elf_bytes(("libc.so.6", "libm.so.6"), machine=machine, wide=wide, little=little, **given))
        for machine, wide, little in kinds
    ]


def machos() -> list[Seed]:
    """Thin and universal Mach-O files."""
    thin = macho_bytes(("@rpath/liba.dylib", "/usr/lib/libSystem.B.dylib"), rpaths=("@loader_path/a",), size=2048)
    intel = macho_bytes(("@rpath/libb.dylib",), architecture="x86_64", install_name="libx.dylib", size=1024)
    symbols = with_symbols(macho_bytes, (("_PyList_New", 0xFE), ("_cblas_dgemm", 0xFE), ("_malloc", 1)))
    both = universal_bytes(arm64=thin, x86_64=intel)
    zones = ((0, 64), (0x4000, 0x4200), (0x8000, 0x8200))
    return [Seed(thin, ((0, 300),)), Seed(intel, ((0, 300),)), Seed(symbols), Seed(both, zones)]


def dlls() -> list[Seed]:
    """PE files of both widths, with delayed imports and an ARM64X mark."""
    needed = ("KERNEL32.dll", "python311.dll", "msvcp140.dll")
    made = (
        pe_bytes(needed, delayed=("late.dll",)),
        pe_bytes(needed, machine=0x14C),
        pe_bytes(needed, machine=0xAA64, hybrid=True),
    )
    return [Seed(data, ((0, 0x400), (0x600, len(data)))) for data in made]


def wheels() -> list[Seed]:
    """Small wheels with native files of every format."""
    files = {
        "pkg/__init__.py": b"from pkg import _a\n",
        "pkg/_a.cpython-311-x86_64-linux-gnu.so": elf_bytes(("libc.so.6",), versions={"libc.so.6": ("GLIBC_2.17",)}),
        "pkg/b.pyd": pe_bytes(),
        "pkg/c.dylib": macho_bytes(),
    }
    tags = ("cp311-cp311-manylinux_2_17_x86_64", "py3-none-any")
    made = [wheel("pkg", "1.0", tag, files=files, requires=("numpy>=1; extra == 'x'",))[1] for tag in tags]
    return [Seed(data, ((data.index(b"PK\1\2"), len(data)),)) for data in made]


def records() -> list[Seed]:
    """RECORD files, one with quoted paths."""
    rows = "".join(f"pkg/m{number}.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n" for number in range(8))
    tail = "pkg-1.0.dist-info/METADATA,,\npkg-1.0.dist-info/WHEEL,,\npkg-1.0.dist-info/RECORD,,\n"
    return [Seed((rows + tail).encode()), Seed((rows + '"pkg/a,b.py",,\n' + tail).encode())]


def metadata() -> list[Seed]:
    """METADATA files."""
    return [
        Seed(
            b"Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\nSummary: a\n  folded line\nRequires-Python: >=3.9,<4\n"
            b"Provides-Extra: gpu\nRequires-Dist: numpy<3,>=1.23; python_version >= '3.9'\n"
            b'Requires-Dist: torch[cuda]==2.1; extra == "gpu"\nRequires-Dist: x @ file:///tmp/x.whl\n\nName: no\n'
        )
    ]


def tflites() -> list[Seed]:
    """A model by hand, and the smallest public ones."""
    try:
        from tflite_bytes import pack, small

        made = [Seed(pack(small()))]
    except BaseException:  # noqa: BLE001 - pytest's skip, where ai-edge-litert has no wheel
        made = []
    public = sorted((_SHARED / "data").rglob("*.tflite"), key=lambda path: path.stat().st_size)
    return made + [Seed(path.read_bytes()) for path in public[:6] if path.stat().st_size < 1 << 20]


def keras_configurations() -> list[Seed]:
    """config.json as Keras wrote it."""
    import json

    files = sorted((_TESTS / "data/keras").glob("*.json"))
    return [Seed(json.dumps(json.loads(file.read_text())["config"]).encode()) for file in files]


def keras_archives() -> list[Seed]:
    """Whole .keras files."""
    with tempfile.TemporaryDirectory() as folder:
        return [Seed(keras_files.write_keras(Path(folder, "m.keras"), name).read_bytes()) for name in ("conv", "lstm")]


def hdf5() -> list[Seed]:
    """An .h5 file that Keras 2 wrote."""
    data = (_TESTS / "data/keras/nested_keras2.h5").read_bytes()
    start = data.find(b'{"class_name"')
    return [Seed(data, ((0, 2048), (start, start + 2000)))]


def saved_models() -> list[Seed]:
    """saved_model.pb by hand."""
    inputs = {"serving_default": {"x": keras_files.tensor_info((None, 4)), "y": keras_files.tensor_info(None, 3)}}
    operators = ("Placeholder", "MatMul", "StatefulPartitionedCall")
    return [Seed(keras_files.saved_model(inputs, operators, in_functions=("While", "Conv2D")))]


def bundles() -> list[Seed]:
    """Archives of two models, as MediaPipe makes them."""
    import zipfile

    models = tflites()[:2]
    if not models:
        return []
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number, model in enumerate(models):
            archive.writestr(f"model{number}.tflite", model.data)
        archive.writestr("labels.txt", "cat\ndog\n")
    data = out.getvalue()
    return [Seed(data, ((data.index(b"PK\1\2"), len(data)),)), Seed(data)]


def logs() -> list[Seed]:
    """Logs of the Edge TPU compiler; by hand where the public ones are not there."""
    public = sorted((_SHARED / "data/edgetpu/logs").glob("*.txt"))[:40]
    hand = (
        b"Edge TPU Compiler version 16.0.384591198\nStarted a compilation timeout timer of 180 seconds.\n\n"
        b"Model compiled successfully in 512 ms.\n\nInput model: a.tflite\nInput size: 4.02MiB\n"
        b"Output model: a_edgetpu.tflite\nOutput size: 4.11MiB\nNumber of Edge TPU subgraphs: 1\n"
        b"Total number of operations: 3\n\nOperator                       Count      Status\n\n"
        b"CONV_2D                        2          Mapped to Edge TPU\n"
        b"SOFTMAX                        1          Operation not supported\n"
    )
    return [Seed(hand), *(Seed(path.read_bytes()) for path in public)]


def html_pages() -> list[Seed]:
    """A project's page in HTML."""
    links = "".join(
        f'<a href="../../files/pkg-{v}-py3-none-any.whl#sha256={"ab" * 32}" data-requires-python="&gt;=3.{v}" '
        f'data-core-metadata="sha256={"cd" * 32}" data-yanked="">pkg-{v}-py3-none-any.whl</a><br/>\n'
        for v in range(5)
    )
    return [
        Seed(
            f'<!DOCTYPE html>\n<html><head><meta name="pypi:repository-version" content="1.1">\n{links}</html>'.encode()
        )
    ]


def json_pages() -> list[Seed]:
    """A project's page in JSON, and the older document with upload times."""
    import json

    files = [
        {
            "filename": f"pkg-{v}-py3-none-any.whl",
            "url": f"https://files.test/pkg-{v}-py3-none-any.whl",
            "hashes": {"sha256": "ab" * 32},
            "requires-python": ">=3.9",
            "size": 1000 + v,
            "upload-time": "2024-01-02T03:04:05.678Z",
            "yanked": False,
            "core-metadata": {"sha256": "cd" * 32},
        }
        for v in range(3)
    ]
    page = {"meta": {"api-version": "1.1"}, "name": "pkg", "versions": ["1", "2"], "files": files}
    old = {"releases": {"1": [{"filename": "pkg-1.zip", "upload_time_iso_8601": "2024-01-02T03:04:05.678901Z"}]}}
    return [Seed(json.dumps(page).encode()), Seed(json.dumps(old).encode())]


def tarball() -> bytes:
    """A tar archive with folders, files, links and a long name."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in (("usr/bin/tool", b"#!/bin/sh\n"), ("usr/share/" + "n" * 150, b"x" * 3000)):
            entry = tarfile.TarInfo(f"./{name}")
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, io.BytesIO(content))
        link = tarfile.TarInfo("./usr/bin/link")
        link.type, link.linkname = tarfile.SYMTYPE, "tool"
        archive.addfile(link)
    return out.getvalue()


def tarballs() -> list[Seed]:
    """The same, plain and compressed in two ways."""
    plain = tarball()
    return [Seed(plain), Seed(gzip.compress(plain)), Seed(lzma.compress(plain))]


def debs() -> list[Seed]:
    """Debian packages."""
    control = io.BytesIO()
    with tarfile.open(fileobj=control, mode="w") as archive:
        content = b"Package: edgetpu-compiler\nVersion: 16.0\nArchitecture: amd64\nDescription: c\n more\n"
        entry = tarfile.TarInfo("./control")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    packs = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}
    return [Seed(_ar(suffix, pack(control.getvalue()), pack(tarball()))) for suffix, pack in packs.items()]


def _ar(suffix: str, control: bytes, data: bytes) -> bytes:
    out = b"!<arch>\n"
    for name, content in (("debian-binary", b"2.0\n"), (f"control.tar{suffix}", control), (f"data.tar{suffix}", data)):
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode() + content
        out += b"\n" * (len(content) % 2)
    return out


def loader_caches() -> list[Seed]:
    """ld.so.cache, alone and behind the old format."""
    names = (("libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6"), ("libm.so.6", "/lib/x86_64-linux-gnu/libm.so.6"))
    start, strings, rows = 48 + 24 * len(names), b"", b""
    for soname, path in names:
        key = start + len(strings)
        strings += f"{soname}\0{path}\0".encode()
        rows += struct.pack("<iIIIQ", 0x0303, key, key + len(soname) + 1, 0, 0)
    new = struct.pack("<20sII5I", b"glibc-ld.so.cache1.1", len(names), len(strings), 0, 0, 0, 0, 0) + rows + strings
    old = b"ld.so-1.7.0\0" + struct.pack("<I", 1) + bytes(12)
    return [Seed(new), Seed(old + bytes(-len(old) % 8) + new)]
