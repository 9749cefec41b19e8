"""Which Python an extension module was built for, by its file name (PEP 3149) and by the Python library it needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envdoctor.core.frozen import frozen
from envdoctor.core.target import Libc, System
from envdoctor.support.text import read_number

if TYPE_CHECKING:
    from envdoctor.binaries.library import NativeLibrary
    from envdoctor.core.target import Platform, Target

_MODULE = re.compile(r"(?P<stem>[^/.]+)(?:\.(?P<tag>[^/]+))?\.(?P<suffix>so|pyd)")
_CPYTHON = re.compile(r"(?:cpython-|cp)(?P<major>\d)(?P<minor>\d+)(?P<flags>[a-z]*)(?:-.*)?")
_PYPY = re.compile(r"(?:pypy)(?P<major>\d)(?P<minor>\d+)-.*")
_DLL = re.compile(r"python(?P<major>\d)(?P<minor>\d*)(?P<flags>t?)\.dll", re.IGNORECASE)
_PROCESSOR = re.compile(r"(?:.*-)?(x86_64|aarch64|s390x|riscv64)-linux-.*")  # spelled as in a platform's tag
_MUSL_IS_NAMED = (3, 11)  # "Detect musl libc as a separate SOABI": What's New In Python 3.11
_WINDOWS = {"amd64": "win_amd64", "arm64": "win_arm64", "x86": "win32", "win32": "win32"}
_SHARED = re.compile(r"libpython(?P<major>\d)\.(?P<minor>\d+)(?P<flags>t?)\.(?:so|dylib).*")


@frozen
class PythonAbi:
    """What a module says of the Python it is for.

    Attributes:
        implementation: "cp", "pp", or "" where it does not say.
        version: major and minor; None for the stable ABI, or where it does not say.
        stable: the stable ABI (abi3), which later versions load as well.
        free_threaded: for a Python without the global interpreter lock.
    """

    implementation: str = ""
    version: tuple[int, int] | None = None
    stable: bool = False
    free_threaded: bool = False


def module_abi(file_name: str, library: NativeLibrary | None = None) -> PythonAbi | None:
    """What Python a file is for if it is named as an extension module; None for any other name.

    A name without a tag (`_x.so`, `_x.pyd`) fits every Python by name; then the library of Python that it needs, which
    all modules name on Windows, says which.
    """
    match = _MODULE.fullmatch(file_name)
    if match is None:
        return None
    tag = match["tag"]
    if tag in {"abi3", "abi3t"}:
        return PythonAbi(implementation="cp", stable=True, free_threaded=tag == "abi3t")
    for pattern, implementation in ((_CPYTHON, "cp"), (_PYPY, "pp")):
        found = pattern.fullmatch(tag or "")
        if found:
            flags = found["flags"] if implementation == "cp" else ""
            version = int(found["major"]), read_number(found["minor"])
            return PythonAbi(implementation=implementation, version=version, free_threaded="t" in flags)
    if tag:
        return None
    return _from_needs(library)


def init_name(path: str) -> str:
    """The name that an extension module's file has for Python, and its `PyInit_` function.

    A package that is an extension module itself, as `pydantic/__init__.so`, has its folder's.
    """
    folder, _, name = path.replace("\\", "/").rpartition("/")
    stem = name.partition(".")[0]
    return folder.rpartition("/")[2] if stem == "__init__" else stem


def is_module_name(file_name: str) -> bool:
    """Whether a file is named as an extension module, and not `libNAME.so`, as libraries are."""
    is_library = file_name.startswith("lib") and file_name.endswith(".so") and file_name.count(".") == 1
    return not is_library and module_abi(file_name) is not None


def _from_needs(library: NativeLibrary | None) -> PythonAbi:
    for need in library.needed if library else ():
        match = _DLL.fullmatch(need.name) or _SHARED.fullmatch(need.name.rpartition("/")[2])
        if match:
            free_threaded = bool(match["flags"])
            if not match["minor"]:
                return PythonAbi(implementation="cp", stable=True, free_threaded=free_threaded)
            version = int(match["major"]), read_number(match["minor"])
            return PythonAbi(implementation="cp", version=version, free_threaded=free_threaded)
    return PythonAbi()


def fits(abi: PythonAbi, implementation: str, version: tuple[int, int], *, free_threaded: bool = False) -> bool:
    """Whether a Python imports a module of that ABI under its file name (importlib.machinery.EXTENSION_SUFFIXES)."""
    if not abi.implementation:
        return True
    if abi.stable:
        return implementation == "cp" and (abi.free_threaded or not free_threaded)
    return (abi.implementation, abi.version, abi.free_threaded) == (implementation, version, free_threaded)


def is_looked_for(file_name: str, target: Target) -> bool:
    """Whether a Python of the target takes a file of that name for an extension module (EXTENSION_SUFFIXES)."""
    abi, python = module_abi(file_name), target.interpreter
    on_windows = target.platform.system is System.WINDOWS
    if abi is None or file_name.endswith(".pyd") is not on_windows:
        return False
    tag = file_name.partition(".")[2].rpartition(".")[0]
    if not tag:
        return True
    if not fits(abi, python.implementation, python.version, free_threaded=python.free_threaded):
        return False
    return not on_windows if abi.stable else _is_of(tag.partition("-")[2], target.platform, python.version)


def _is_of(tag: str, platform: Platform, python: tuple[int, int]) -> bool:
    """Whether the platform in a module's file name is that of a target, as far as its spelling is sure."""
    if not tag:
        return True
    if platform.system is System.WINDOWS:
        return tag.endswith(_WINDOWS.get(platform.arch, ""))
    if platform.system is System.MACOS:
        return tag.endswith("darwin")
    processor = _PROCESSOR.fullmatch(tag)
    if processor and processor[1] != platform.arch:
        return False
    is_musl = "musl" in tag
    if platform.libc is Libc.MUSL:
        return "linux" in tag and (is_musl or python < _MUSL_IS_NAMED)
    return "linux" in tag and not is_musl
