"""Builds the stand-in for edgetpu_compiler that the tests use in place of the real one, which can't be fetched.

It has the real one's layout (a wrapper script beside a folder with the program, its own loader and its own libraries),
its options, texts, files and exit statuses. It compiles nothing for an Edge TPU.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from functools import lru_cache, partial
from pathlib import Path

from built import built
from envdoctor.tflite.schema import BUILTIN_OPERATORS
from needs import C_COMPILER, needs

SOURCE = Path(__file__).with_name("edgetpu_standin")
VERSION = "16.0.384591198"
OLD_VERSIONS = ("15.0.340273435", "2.0.291256449", "1.0.249710469")

_LIBRARIES = ("libc", "libm", "libdl", "libpthread", "librt", "libresolv")
_WRAPPER = """\
#!/bin/bash
d=$(dirname $(readlink -f ${BASH_SOURCE[0]}))
${d}/edgetpu_compiler_bin/ld-linux-x86-64.so.2 --library-path ${d}/edgetpu_compiler_bin \
${d}/edgetpu_compiler_bin/edgetpu_compiler "$@"
"""


def build_standin(folder: Path, version: str = VERSION) -> Path:
    """Build the stand-in below a folder, as an unpacked package would be.

    Args:
        folder: gets `usr/bin/edgetpu_compiler` and `usr/bin/edgetpu_compiler_bin/`.
        version: what it says it is; the number before the first dot chooses the layout of its texts.

    Returns:
        The wrapper script, `folder/usr/bin/edgetpu_compiler`. Skips the test where no C compiler for x86_64 is there.
    """
    compiler = _c_compiler()
    shutil.copytree(built(("standin", version), partial(_build, compiler, version)), folder, dirs_exist_ok=True)
    return folder / "usr/bin/edgetpu_compiler"


def _build(compiler: str, version: str, folder: Path) -> None:
    bundle = folder / "usr/bin/edgetpu_compiler_bin"
    bundle.mkdir(parents=True, exist_ok=True)
    names = ", ".join(f'"{name}"' for name in BUILTIN_OPERATORS)
    count = f"enum {{ BUILTIN_COUNT = {len(BUILTIN_OPERATORS)} }};"
    (bundle / "builtins.h").write_text(f"static const char *BUILTIN[] = {{{names}}};\n{count}\n")
    program = bundle / "edgetpu_compiler"
    define = f'-DVERSION="{version}"'
    argv = [compiler, "-O1", "-Wall", define, f"-I{bundle}", "-o", program, SOURCE / "standin.c", "-lm"]
    subprocess.run(argv, check=True, capture_output=True, text=True)
    (bundle / "builtins.h").unlink()
    for library in _runtime(compiler):
        shutil.copyfile(library, bundle / library.name)
    (bundle / "ld-linux-x86-64.so.2").chmod(0o755)
    wrapper = folder / "usr/bin/edgetpu_compiler"
    wrapper.write_text(_WRAPPER)
    wrapper.chmod(0o755)


@lru_cache(maxsize=1)
def _c_compiler() -> str:
    native = platform.machine() in {"x86_64", "AMD64"} and platform.system() == "Linux"
    compiler = None if native else shutil.which("x86_64-linux-gnu-gcc")
    return compiler or needs(C_COMPILER if native else "x86_64-linux-gnu-gcc")


def _runtime(compiler: str) -> list[Path]:
    """The C library's own files for x86_64, its loader included, as the compiler finds them."""
    found = []
    for name in (*_LIBRARIES, "ld-linux-x86-64"):
        pattern = re.compile(rf"{re.escape(name)}\.so\.\d+$")
        asked = [f"{name}.so.{number}" for number in (6, 2, 1, 0)]
        paths = [_ask(compiler, file) for file in asked if pattern.match(file)]
        found += [path for path in paths if path is not None][:1]
    return found


def _ask(compiler: str, file: str) -> Path | None:
    answer = subprocess.run([compiler, f"-print-file-name={file}"], check=True, capture_output=True, text=True)
    path = Path(answer.stdout.strip())
    return path if path.is_absolute() else None
