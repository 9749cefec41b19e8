"""Finds the distributions in one folder of the search path, in the order that `importlib.metadata` prefers."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from envdoctor.facts.packages import Distribution, Layout
from envdoctor.facts.packages.metadata import (
    Metadata,
    parse_direct_url,
    parse_egg_requires,
    parse_folder_name,
    parse_metadata,
)
from envdoctor.support.bugs import describe_bug
from envdoctor.support.files import open_regular, read_head, read_up_to
from envdoctor.support.requirement import is_project_name, is_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from envdoctor.facts.python.search_path import SearchFolder

BAD_METADATA = "has a METADATA file that "
#: Bytes of a METADATA file that are read at first; the header of nearly all is shorter.
_HEADER = 16 << 10
_MOST_HEADER = 4 << 20
_SHOWN = 60
_UNVERSIONED = "0"
#: What pip and uv write into INSTALLER; with one of these, even in the system's folder it is not the system's.
_USERS_INSTALLERS = frozenset({"pip", "uv", "poetry", "pdm", "conda"})


def list_folder(folder: SearchFolder, names: Sequence[str]) -> Iterator[Distribution]:
    """The distributions in a folder, dist-info before egg-info.

    Args:
        folder: one of the search path.
        names: what is in it, sorted.
    """
    if folder.path.endswith(".egg"):
        yield from _read(folder, os.path.basename(folder.path), _read_egg)
        return
    for name in names:
        if name.endswith(".dist-info") and name[0] != "~":
            yield from _read(folder, name, _read_dist_info)
    for name in names:
        if name.endswith(".egg-info") and name[0] != "~":
            yield from _read(folder, name, _read_egg_info)
        elif name.endswith(".egg-link"):
            yield from _read(folder, name, _read_egg_link)


def _read(
    folder: SearchFolder, name: str, reader: Callable[[SearchFolder, str], Distribution | None]
) -> Iterator[Distribution]:
    """What a reader makes of one distribution; what it fails on is that distribution's problem and no other's."""
    try:
        found = reader(folder, name)
    except Exception as error:  # noqa: BLE001  (whatever others wrote into a file: all other distributions are read)
        found = _broken(folder, name, f"could not be looked at: {describe_bug(error)}")
    if found is not None:
        yield found


def is_system_folder(path: str) -> bool:
    """True for the folders that the operating system's package manager installs Python packages in.

    Debian, Fedora, Arch and Alpine use /usr/lib*; what a user installs for all goes to /usr/local there.
    """
    return path.startswith(("/usr/lib", "/lib/", "/System/"))


def _read_dist_info(folder: SearchFolder, name: str) -> Distribution:
    path = f"{folder.path}/{name}"
    try:
        inside = os.listdir(path)
        header = _read_header(f"{path}/METADATA")
    except FileNotFoundError:
        return _broken(folder, name, "has no METADATA file")
    except OSError as error:
        return _broken(folder, name, f"can't be read: {error.strerror or error}")
    metadata = parse_metadata(header)
    installer = _small(f"{path}/INSTALLER").decode("utf-8", "replace").strip() if "INSTALLER" in inside else ""
    editable, source = parse_direct_url(_small(f"{path}/direct_url.json")) if "direct_url.json" in inside else ("", "")
    if problem := _problem_of(metadata):
        broken = _broken(folder, name, f"{BAD_METADATA}{problem}")
        return replace(broken, installer=installer, source=source or editable)
    return Distribution(
        name=metadata.name,
        version=metadata.version,
        metadata=path,
        root=folder.path,
        origin=folder.origin.value,
        requires=metadata.requires,
        requires_python=metadata.requires_python,
        installer=installer,
        editable=editable,
        project_missing=bool(editable) and not os.path.isdir(editable),
        source=source,
        has_record="RECORD" in inside,
        system=is_system_folder(folder.path) and installer not in _USERS_INSTALLERS,
    )


def _read_egg_info(folder: SearchFolder, name: str) -> Distribution:
    path = f"{folder.path}/{name}"
    is_folder = os.path.isdir(path)
    return _from_egg(folder, path, f"{path}/PKG-INFO" if is_folder else path, path if is_folder else "")


def _read_egg(folder: SearchFolder, name: str) -> Distribution:
    del name  # the folder's
    info = f"{folder.path}/EGG-INFO"
    return _from_egg(folder, folder.path, f"{info}/PKG-INFO", info, Layout.EGG)


def _from_egg(
    folder: SearchFolder, path: str, header: str, inside: str, layout: Layout = Layout.EGG_INFO
) -> Distribution:
    try:
        metadata = parse_metadata(_read_header(header))
    except OSError:
        metadata = Metadata()  # an egg in an archive, or a project half built: its name says enough
    name, version = parse_folder_name(os.path.basename(path))
    said = Metadata(name=metadata.name or name, version=metadata.version or version)
    if problem := _problem_of(said, _UNVERSIONED):
        return _broken(folder, os.path.basename(path), problem)
    requires = metadata.requires or (parse_egg_requires(_small(f"{inside}/requires.txt")) if inside else ())
    return Distribution(
        name=said.name,
        version=said.version,
        metadata=path,
        root=folder.path,
        origin=folder.origin.value,
        layout=layout,
        requires=requires,
        requires_python=metadata.requires_python,
        installer="",
        editable=folder.path if folder.origin.value == "pth" and layout is Layout.EGG_INFO else "",
        has_record=False,
        system=is_system_folder(folder.path),
    )


def _read_egg_link(folder: SearchFolder, name: str) -> Distribution | None:
    path = f"{folder.path}/{name}"
    lines = _small(path).decode("utf-8", "replace").splitlines()
    project = lines[0].strip() if lines else ""
    if os.path.isdir(project):
        return None  # easy-install.pth names the project too, and its egg-info is found there
    if problem := _problem_of(Metadata(name=name.removesuffix(".egg-link")), _UNVERSIONED):
        return _broken(folder, name, problem)
    return Distribution(
        name=name.removesuffix(".egg-link"),
        version="",
        metadata=path,
        root=folder.path,
        origin=folder.origin.value,
        layout=Layout.EGG_LINK,
        installer="",
        editable=project,
        project_missing=True,
        has_record=False,
    )


def _broken(folder: SearchFolder, name: str, problem: str) -> Distribution:
    project, version = parse_folder_name(name)
    return Distribution(
        name=project,
        version=version,
        metadata=f"{folder.path}/{name}",
        root=folder.path,
        origin=folder.origin.value,
        installer="",
        has_record=False,
        system=is_system_folder(folder.path),
        problem=problem,
    )


def _problem_of(metadata: Metadata, default: str = "") -> str:
    """Why a distribution can't be known by its name and version; empty if it can.

    Args:
        metadata: what it says of itself.
        default: the version where it gives none.
    """
    version = metadata.version or default
    if not metadata.name or not version:
        return "does not give name and version"
    if not is_project_name(metadata.name):
        return f"gives '{metadata.name[:_SHOWN]}' for its name, which is no project's name"
    return "" if is_version(version) else f"gives '{version[:_SHOWN]}' for its version, which is not a version"


def _read_header(path: str) -> bytes:
    """The head of a file up to the first empty line, and maybe more."""
    with open_regular(path) as stream:
        head = read_up_to(stream, _HEADER)
        if len(head) == _HEADER and b"\n\n" not in head and b"\r\n\r\n" not in head:
            head += read_up_to(stream, _MOST_HEADER)
        return head


def _small(path: str) -> bytes:
    """A small file that may be absent; empty if it can't be read."""
    try:
        return read_head(path, _MOST_HEADER)
    except OSError:
        return b""
