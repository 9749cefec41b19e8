"""Compiles small extension modules with the C compiler that is there."""

import shutil
import subprocess
from pathlib import Path

from built import built
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
    text = MODULE % (head, name, name, body)
    source.write_text(text)

    def make(place):
        argv = [compiler, "-shared", "-fPIC", f"-I{include}", *flags, "-o", str(place / "module"), str(source)]
        subprocess.run(argv, check=True, capture_output=True, timeout=120)

    shutil.copyfile(built((text, flags), make) / "module", target)
    return target.read_bytes()
