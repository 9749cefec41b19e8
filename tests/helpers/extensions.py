"""Compiles small extension modules with the C compiler that is there."""

import shutil
import subprocess
from pathlib import Path

from built import built
from needs import C_COMPILER, PYTHON_HEADERS, find, needs

HEADERS = """
#define PY_SSIZE_T_CLEAN
#include <Python.h>
"""
MODULE = """
%s
static struct PyModuleDef module = { PyModuleDef_HEAD_INIT, "%s", NULL, -1, NULL };
PyMODINIT_FUNC PyInit_%s(void) { %s return PyModule_Create(&module); }
"""


def compile_module(folder: Path, name: str, *, head: str = "", body: str = "", flags: tuple[str, ...] = ()) -> bytes:
    """The bytes of an extension module for this Python; skips the test where it can't be compiled.

    Args:
        folder: for the source and the result.
        name: of the module.
        head: C code before the module's definition.
        body: C code at the start of its initialisation.
        flags: more for the compiler.
    """
    compiler = needs(C_COMPILER, PYTHON_HEADERS)
    target = folder / f"{name}.so"
    text = MODULE % (head, name, name, body)

    def make(place):
        source = place / "module.c"
        source.write_text(text)
        argv = ["-shared", "-include", str(_headers(compiler) / "all.h"), *flags, "-o", str(place / "module")]
        _run(compiler, *argv, str(source))

    shutil.copyfile(built((text, flags), make) / "module", target)
    return target.read_bytes()


def _headers(compiler: str) -> Path:
    """A folder with Python's headers, compiled: reading them takes most of the time of a small module."""

    def make(place):
        (place / "all.h").write_text(HEADERS)
        _run(compiler, "-x", "c-header", str(place / "all.h"), "-o", str(place / "all.h.gch"))

    return built((compiler, HEADERS), make)


def _run(compiler: str, *words: str) -> None:
    include = Path(find(PYTHON_HEADERS)).parent
    subprocess.run([compiler, "-fPIC", f"-I{include}", *words], check=True, capture_output=True, timeout=120)
