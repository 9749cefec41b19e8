"""Compiles small extension modules with the C compiler that is there."""

import subprocess
from pathlib import Path

from needs import C_COMPILER, PYTHON_HEADERS, find, needs

MODULE = """
#define PY_SSIZE_T_CLEAN
#include <Python.h>
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
    include = Path(find(PYTHON_HEADERS)).parent
    source, target = folder / f"{name}.c", folder / f"{name}.so"
    source.write_text(MODULE % (head, name, name, body))
    argv = [compiler, "-shared", "-fPIC", f"-I{include}", *flags, "-o", str(target), str(source)]
    subprocess.run(argv, check=True, capture_output=True, timeout=120)
    return target.read_bytes()
