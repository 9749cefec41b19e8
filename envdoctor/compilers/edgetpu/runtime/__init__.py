"""What runs a compiled model on an Edge TPU: the library libedgetpu, the interpreter beside it, and the device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envdoctor.core.errors import DoesNotApply, FactUnavailable, Unreadable

if TYPE_CHECKING:
    from envdoctor.binaries.resolve import Considered
    from envdoctor.compilers.edgetpu.runtime.devices import Devices
    from envdoctor.core.request import Request
    from envdoctor.executors import Executor
    from envdoctor.facts import Facts
    from envdoctor.facts.loading.versions import MissingVersion

#: What `load_delegate` is given on Linux, as Coral's documentation and PyCoral have it.
SONAME = "libedgetpu.so.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """libedgetpu.so.1, as the loader of the examined Python finds it.

    Attributes:
        path: the file.
        problem: why the file itself can't be mapped; empty if it can.
        missing: the names of the libraries that it needs, itself or through others, and that are not found.
        versions: symbol versions that a library it needs does not define.
        undefined: symbols that it needs and that nothing mapped with it defines, the first few.
        no_delegate: functions that `load_delegate` calls and that it does not define.
        package: of the system, that it belongs to, and its version: libedgetpu1-std, 16.0; empty where none tells.
    """

    path: str
    problem: str = ""
    missing: tuple[str, ...] = ()
    versions: tuple[MissingVersion, ...] = ()
    undefined: tuple[str, ...] = ()
    no_delegate: tuple[str, ...] = ()
    package: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeTpuRuntime:
    """The run-time half of the Edge TPU on this machine.

    Attributes:
        library: None if the loader finds none.
        considered: the paths that the loader would try, in order.
        interpreters: the installed distributions that load the library as a delegate, name to version.
        devices: the Edge TPUs that are attached, and who may use them.
    """

    library: Library | None
    considered: tuple[Considered, ...] = ()
    interpreters: dict[str, str]
    devices: Devices


_INTERPRETERS = ("tflite-runtime", "ai-edge-litert", "tensorflow", "tensorflow-cpu", "pycoral")


def runtime_of(facts: Facts) -> EdgeTpuRuntime:
    """The group, where it can be looked at.

    Raises:
        DoesNotApply: this is not Linux.
        FactUnavailable: it could not be collected.
    """
    if facts.host.system != "linux":
        raise DoesNotApply(f"the Edge TPU's run-time library is looked for on Linux only, not on {facts.host.system}")
    return facts.of(EdgeTpuRuntime)


def ask(facts: Facts, request: Request, executor: Executor) -> EdgeTpuRuntime:  # noqa: ARG001 - files tell all
    """Look for the library as `dlopen` would, and for devices in sysfs.

    Raises:
        FactUnavailable: the loader's search is not known.
    """
    from envdoctor.compilers.edgetpu.runtime.devices import find_devices

    library, considered = _find(facts)
    active = facts.packages.active()
    installed = {name: active[name].version for name in _INTERPRETERS if name in active}
    return EdgeTpuRuntime(library=library, considered=considered, interpreters=installed, devices=find_devices())


def _find(facts: Facts) -> tuple[Library | None, tuple[Considered, ...]]:
    from envdoctor.binaries.library import Need
    from envdoctor.binaries.resolve import Finder, Image, LoadSession
    from envdoctor.binaries.tree import InstalledTree
    from envdoctor.compilers.edgetpu.runtime.pairs import package_of_file
    from envdoctor.compilers.edgetpu.runtime.symbols import no_delegate, undefined_in
    from envdoctor.facts.loading.machine import read_loader, search_of
    from envdoctor.facts.loading.versions import missing_versions
    from envdoctor.facts.natives import NativeFile
    from envdoctor.facts.packages import Distribution

    loader, tree = read_loader(facts), InstalledTree()
    search = search_of(loader, tree)
    try:
        program = tree.library(loader.program)
    except Unreadable as error:
        raise FactUnavailable("edgetpuruntime", f"{loader.program}: {error}") from None
    if program is None:
        raise FactUnavailable("edgetpuruntime", f"{loader.program} is not there")
    finder = Finder(tree, search, loader.architecture)
    found, image = finder.look(Need(name=SONAME), Image(loader.program, program))
    if not found.path:
        return None, found.considered
    if image is None:
        return Library(path=found.path, problem=found.considered[-1].problem), found.considered
    process = LoadSession(tree, search, loader.architecture)
    started = process.load(loader.program)
    result = process.load(found.path)
    asking = NativeFile(distribution=Distribution(name=SONAME), path=found.path, library=image.library)
    needs = {each.need.name: each.path for each in result.resolutions if each.path}
    library = Library(
        path=found.path,
        missing=tuple(dict.fromkeys(each.need.name for each in result.missing)),
        undefined=() if result.missing or result.unusable else undefined_in(result, started),
        no_delegate=no_delegate(found.path),
        versions=() if loader.musl else missing_versions([(asking, needs)], frozenset()),
        package=package_of_file(found.path),
    )
    return library, found.considered
