"""Names of Python's own modules whose values a target decides."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from envdoctor.core.target import System, machine
from envdoctor.imports.values import UNKNOWN

if TYPE_CHECKING:
    from envdoctor.core.target import Target

#: Processors with pointers of 32 bits; what the kernel beside them says it runs on is another question.
_NARROW = frozenset({"i686", "x86", "armv7l", "armv6l", "s390", "ppc"})


def constant(name: str, target: Target) -> Any:  # noqa: ANN401 - any value of Python
    """The value of a name of Python's own modules on a target; UNKNOWN where it is none that is known."""
    return _constants(target).get(name, UNKNOWN)


@functools.lru_cache(maxsize=64)
def _constants(target: Target) -> dict[str, Any]:
    system, interpreter = target.platform.system, target.interpreter
    patch = UNKNOWN if interpreter.patch is None else interpreter.patch
    return {
        "sys.platform": target.markers["sys_platform"],
        "os.name": "nt" if system is System.WINDOWS else "posix",
        "os.sep": "\\" if system is System.WINDOWS else "/",
        "sys.version_info": (*interpreter.version, patch, "final", 0),
        "sys.implementation.name": "pypy" if interpreter.implementation == "pp" else "cpython",
        "typing.TYPE_CHECKING": False,
        "builtins.__debug__": UNKNOWN,
        "sys.byteorder": "big" if target.platform.arch in {"s390x", "ppc64"} else "little",
        "sys.maxsize": (1 << bits_of(target) - 1) - 1,
        "os.pardir": "..",
        "os.curdir": ".",
    }


def bits_of(target: Target) -> int:
    """The width of a pointer."""
    return 32 if target.platform.arch in _NARROW else 64


def processor_of(target: Target) -> Any:  # noqa: ANN401
    """What `platform.machine` says; where pointers have 32 bits the kernel may be of another mind."""
    return UNKNOWN if target.platform.arch in {*_NARROW, "universal2"} else machine(target.platform)
