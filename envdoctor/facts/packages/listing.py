"""Finds the distributions in one folder of the search path, in the order that `importlib.metadata` prefers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envdoctor.facts.packages import Distribution, Layout
from envdoctor.facts.packages.metadata import (
    Metadata,
    parse_direct_url,
    parse_egg_requires,
    parse_folder_name,
    parse_metadata,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from envdoctor.facts.python.search_path import SearchFolder

#: Bytes of a METADATA file that are read at first; the header of nearly all is shorter.
_HEADER = 16 << 10
_MOST_HEADER = 4 << 20
#: What pip and uv write into INSTALLER; with one of these, even in the system's folder it is not the system's.
_USERS_INSTALLERS = frozenset({"pip", "uv", "poetry", "pdm", "conda"})


def list_folder(folder: SearchFolder, names: Sequence[str]) -> Iterator[Distribution]:
    """The distributions in a folder, dist-info before egg-info.

    Args:
        folder: one of the search path.
        names: what is in it, sorted.
    """
    if folder.path.endswith(".egg"):
        yield _read_egg(folder)
        return
    for name in names:
        if name.endswith(".dist-info") and name[0] != "~":
            yield _read_dist_info(folder, name)
    for name in names:
        if name.endswith(".egg-info") and name[0] != "~":
            yield _read_egg_info(folder, name)
        elif name.endswith(".egg-link"):
            yield from _read_egg_link(folder, name)


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
    if not metadata.name or not metadata.version:
        return _broken(folder, name, "has a METADATA file that does not give name and version")
    installer = _read(f"{path}/INSTALLER").decode("utf-8", "replace").strip() if "INSTALLER" in inside else ""
    editable = parse_direct_url(_read(f"{path}/direct_url.json")) if "direct_url.json" in inside else ""
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
        has_record="RECORD" in inside,
        system=is_system_folder(folder.path) and installer not in _USERS_INSTALLERS,
    )


def _read_egg_info(folder: SearchFolder, name: str) -> Distribution:
    path = f"{folder.path}/{name}"
    is_folder = os.path.isdir(path)
    return _from_egg(folder, path, f"{path}/PKG-INFO" if is_folder else path, path if is_folder else "")


def _read_egg(folder: SearchFolder) -> Distribution:
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
    requires = metadata.requires or (parse_egg_requires(_read(f"{inside}/requires.txt")) if inside else ())
    return Distribution(
        name=metadata.name or name,
        version=metadata.version or version,
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


def _read_egg_link(folder: SearchFolder, name: str) -> Iterable[Distribution]:
    path = f"{folder.path}/{name}"
    lines = _read(path).decode("utf-8", "replace").splitlines()
    project = lines[0].strip() if lines else ""
    if os.path.isdir(project):
        return ()  # easy-install.pth names the project too, and its egg-info is found there
    return (
        Distribution(
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
        ),
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


def _read_header(path: str) -> bytes:
    """The head of a file up to the first empty line, and maybe more."""
    with open(path, "rb") as stream:
        head = stream.read(_HEADER)
        if len(head) == _HEADER and b"\n\n" not in head and b"\r\n\r\n" not in head:
            head += stream.read(_MOST_HEADER)
        return head


def _read(path: str) -> bytes:
    """A small file that may be absent; empty if it can't be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read(_MOST_HEADER)
    except OSError:
        return b""
