"""A native file of a wheel, told in texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envdoctor.binaries.library import NeedKind
from envdoctor.core.inspection import NativeView

if TYPE_CHECKING:
    from envdoctor.binaries.library import Need
    from envdoctor.binaries.python_abi import PythonAbi
    from envdoctor.wheels.contents import NativeFile


def native_view(native: NativeFile) -> NativeView:
    """What a file says of itself, or why it could not be read."""
    library = native.library
    if library is None:
        return NativeView(path=native.path, problem=native.problem or native.not_loadable)
    return NativeView(
        path=native.path,
        format=library.format.value,
        architectures=library.architectures,
        name=library.own_name or "",
        needed=tuple(map(_need, library.needed)),
        search=(*library.rpath, *library.runpath),
        minimum_os=_dotted(library.minimum_os),
        glibc=_dotted(library.glibc),
        glibcxx=_dotted(library.glibcxx),
        alignment=library.segment_alignment,
        python=_python(native.python),
    )


def _need(need: Need) -> str:
    return need.name if need.kind is NeedKind.REQUIRED else f"{need.name} ({need.kind.value})"


def _dotted(version: tuple[int, ...] | None) -> str:
    return ".".join(map(str, version)) if version else ""


def _python(abi: PythonAbi | None) -> str:
    """``cp311``, ``cp313t``, ``abi3``; ``any`` for a module whose name says nothing."""
    if abi is None:
        return ""
    if abi.stable:
        return "abi3"
    version = f"{abi.version[0]}{abi.version[1]}" if abi.version else ""
    return f"{abi.implementation}{version}{'t' if abi.free_threaded else ''}" or "any"
