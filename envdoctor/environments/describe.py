"""Describes the Python that runs it: `describe()` in this process, as JSON on standard output when run as a script.

Runs on Python 3.8 and newer with nothing but the standard library, under `-I -S`: without the site module's start-up no
.pth file, no sitecustomize and no package of the environment is executed. What `site` would have done is worked out.
"""

from __future__ import annotations

import os
import platform
import site
import sys
from pathlib import Path

#: Modules that a Python lacks which was built, or is left, without the library behind them.
OPTIONAL = ("_bz2", "_ctypes", "_curses", "_lzma", "_sqlite3", "_ssl", "_tkinter", "zlib")


def adopt_virtual_environment() -> None:
    """Make `sys.prefix` that of the virtual environment the interpreter belongs to, as `site` does before Python 3.14.

    Must run before `sysconfig` is imported, which remembers the prefix.
    """
    settings = virtual_environment(sys.executable)
    if settings:
        sys.prefix = sys.exec_prefix = settings["prefix"]


def virtual_environment(executable: str) -> dict[str, str]:
    """The settings in the interpreter's pyvenv.cfg, and `prefix`, the folder; empty if it has none (PEP 405)."""
    folder = Path(executable).absolute().parent
    for place in (folder, folder.parent):
        try:
            path = place / "pyvenv.cfg"
            if not path.is_file():  # a FIFO would be waited for
                continue
            with path.open("rb") as stream:
                lines = stream.read(1 << 16).decode("utf-8", "replace").splitlines()
        except OSError:
            continue
        pairs = [line.partition("=") for line in lines]
        settings = {key.strip().lower(): value.strip() for key, _, value in pairs}
        settings["prefix"] = str(folder.parent)
        return settings
    return {}


def base_executable(settings: dict[str, str]) -> str:
    """The interpreter of the installation that a virtual environment was made with; without one, this interpreter.

    `sys._base_executable` tells it since Python 3.11 only, and `home` of pyvenv.cfg (PEP 405) may lie in an environment
    again.
    """
    names = [Path(sys.executable).name, "python{}.{}".format(*sys.version_info[:2]), "python3", "python"]
    found = sys.executable
    for _ in range(8):
        if not settings:
            break
        home = Path(settings.get("home", ""))
        beside = next((home / name for name in names if (home / name).is_file()), None)
        if beside is None:
            break
        found = str(beside)
        settings = virtual_environment(found)
    return found


def describe() -> dict[str, object]:
    """Everything about this interpreter that judging its environment needs, in values that JSON knows."""
    import sysconfig
    from importlib.machinery import EXTENSION_SUFFIXES

    settings = virtual_environment(sys.executable)
    marker = Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    return {
        "executable": sys.executable,
        "base_executable": base_executable(settings),
        "version": platform.python_version(),
        "implementation": sys.implementation.name,
        "extension_suffixes": EXTENSION_SUFFIXES,
        "bits": 64 if sys.maxsize > 2**32 else 32,
        "debug": hasattr(sys, "gettotalrefcount"),
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "platform": sysconfig.get_platform(),
        "host_type": str(sysconfig.get_config_var("HOST_GNU_TYPE") or ""),
        "multiarch": getattr(sys.implementation, "_multiarch", ""),
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "virtual": bool(settings),
        "conda": Path(sys.prefix, "conda-meta").is_dir(),
        "externally_managed": str(marker) if not settings and marker.is_file() else "",
        "site_folders": site_folders(settings),
        "left_out": left_out(),
        "markers": markers(),
    }


def left_out() -> dict[str, str]:
    """Of CPython's own optional modules those that can't be imported, each with the words for it."""
    from importlib import import_module

    found = {}
    for name in OPTIONAL if sys.implementation.name == "cpython" and os.name == "posix" else ():
        try:
            import_module(name)
        except ImportError as error:
            found[name] = str(error)
    return found


def site_folders(settings: dict[str, str]) -> list[list[str]]:
    """Folders of installed packages as (origin, path), in the order of `sys.path`; not all of them need exist.

    Follows `site.main`: PYTHONPATH, a virtual environment's own folders, the user's, those of the base installation.
    """
    found = [["pythonpath", path] for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sees_base = settings.get("include-system-site-packages", "true").lower() == "true"
    if settings:
        found += [["site", path] for path in site.getsitepackages([sys.prefix])]
    if sees_base and not os.environ.get("PYTHONNOUSERSITE"):
        found.append(["user", site.getusersitepackages()])
    if sees_base:
        origin = "base" if settings else "site"
        found += [[origin, path] for path in site.getsitepackages([sys.base_prefix, sys.base_exec_prefix])]
    return found


def markers() -> dict[str, str]:
    """The environment that requirement markers are evaluated in (PEP 508, "Environment markers")."""
    implementation = sys.implementation.version
    numbers = f"{implementation.major}.{implementation.minor}.{implementation.micro}"
    level = "" if implementation.releaselevel == "final" else f"{implementation.releaselevel[0]}{implementation.serial}"
    return {
        "implementation_name": sys.implementation.name,
        "implementation_version": numbers + level,
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


if __name__ == "__main__":
    import json

    adopt_virtual_environment()
    sys.stdout.write(json.dumps(describe()) + "\n")
